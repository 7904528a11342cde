/**
 * One CoreDNS process: a configuration, and what its caches hold.
 *
 * ```text
 *   query -> the server block with the longest zone -> its chain of plugins -> reply
 *            (none: REFUSED)                           (nobody wrote: the bare code)
 * ```
 *
 * Source: CoreDNS core/dnsserver/server.go, `ServeDNS`.
 */
import { lowerCased } from '../../src/dataplane/index.ts';
import type { DnsMessage, Moment } from '../../src/model/index.ts';
import { type Configuration, configurationOf, handlerOf, type LoadOptions } from './chain.ts';
import { CorefileError } from './corefile/error.ts';
import { repeatedEdns, writtenReply } from './message.ts';
import { joinFamilies, type MetricFamily } from './metrics.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Memory } from './plugin.ts';
import { fitted } from './truncate.ts';

/**
 * What a CoreDNS pod holds. Caches change as it answers, so it belongs to one pod; `copyServer` gives a snapshot its own.
 */
export interface DnsServer {
  readonly configuration: Configuration;
  readonly memories: readonly Memory[];
  /** by zone, `.` for the root */
  readonly handlers: ReadonlyMap<string, Handler>;
  /** the handler of the root, where there is no other */
  readonly only: Handler | undefined;
  /** whether other classes than IN are taken: where plugin forward is, which passes them on */
  readonly servesOtherClasses: boolean;
}

export type ServerStart =
  | { readonly ok: true; readonly server: DnsServer }
  | { readonly ok: false; readonly error: CorefileError };

/** How often a CNAME may lead back into the server within one query. */
const LOOKUP_DEPTH_MAX = 16;
const DNS_PORT = 53;

function serverOf(configuration: Configuration, memories: readonly Memory[]): DnsServer {
  const handlers = new Map<string, Handler>();
  for (const chain of configuration.chains) {
    // Packets for other ports do not reach the Service; blocks that listen there are read and never asked.
    if (chain.port !== DNS_PORT) continue;
    // A zone without plugins is served by nobody.
    if (chain.links.length === 0) continue;
    const handler = handlerOf(chain, memories);
    for (const zone of chain.zones) handlers.set(zone, handler);
  }
  const served = configuration.chains.filter(({ port }) => port === DNS_PORT);
  const servesOtherClasses = served.some(({ links }) => links.some(({ name }) => name === 'forward'));
  const only = handlers.size === 1 ? handlers.get('.') : undefined;
  return { configuration, memories, handlers, only, servesOtherClasses };
}

/** What a server does once, when it starts. `ask` brings a query to the server's own address. */
export function begin(server: DnsServer, context: DnsContext, ask: (query: DnsMessage) => void): void {
  const { configuration, memories } = server;
  for (const { links } of configuration.chains) {
    for (const { instance, slot } of links) instance.start?.(memories[slot]!, context, ask);
  }
}

/** The next moment at which the server does something of its own accord, such as a health check. */
export function dueAt({ configuration, memories }: DnsServer): Moment | undefined {
  let due: Moment | undefined;
  for (const { links } of configuration.chains) {
    for (const { instance, slot } of links) {
      const at = instance.dueAt?.(memories[slot]!);
      if (at !== undefined && (due === undefined || at < due)) due = at;
    }
  }
  return due;
}

/** Does what is due up to now. */
export function wake({ configuration, memories }: DnsServer, context: DnsContext): void {
  for (const { links } of configuration.chains) {
    for (const { instance, slot } of links) instance.wake?.(memories[slot]!, context);
  }
}

/** A server for a Corefile, with empty caches; or why the Corefile is refused. */
export function startServer(corefile: string, options: LoadOptions = {}): ServerStart {
  try {
    const configuration = configurationOf(corefile, options);
    const memories = configuration.memories.map((make) => make());
    return { ok: true, server: serverOf(configuration, memories) };
  } catch (error) {
    if (error instanceof CorefileError) return { ok: false, error };
    throw error;
  }
}

/** The same server with caches of its own, holding the same. */
export function copyServer({ configuration, memories }: DnsServer): DnsServer {
  return serverOf(
    configuration,
    memories.map((memory) => memory.copy()),
  );
}

/** The block with the longest zone that the name lies in: found by dropping label after label. */
function handlerFor(lowerName: string, { handlers, only }: DnsServer): Handler | undefined {
  if (only !== undefined) return only;
  for (let at = 0, dot = 0; dot >= 0 && at < lowerName.length; at = dot + 1) {
    const handler = handlers.get(lowerName.slice(at));
    if (handler !== undefined) return handler;
    dot = lowerName.indexOf('.', at);
  }
  return handlers.get('.');
}

/** What the server's plugins have counted up to now, by name; blocks that count the same thing share its family. */
export function metricsOf({ configuration, memories }: DnsServer, at: Moment): readonly MetricFamily[] {
  const { chains } = configuration;
  return joinFamilies(
    chains.flatMap(({ links, port }) =>
      links.flatMap(({ instance, slot }) => instance.metrics?.(memories[slot]!, `dns://:${port}`, at) ?? []),
    ),
  );
}

export type DnsQuery = Pick<DnsMessage, 'id' | 'question'> & Partial<DnsMessage>;

/** An incremental transfer is asked for with the SOA that the client has (RFC 1995, 3). */
function serialIn({ authorities = [] }: DnsQuery): number | undefined {
  const soa = authorities.length === 1 && authorities[0]?.type === 'SOA' ? authorities[0] : undefined;
  return soa === undefined ? undefined : Number(soa.data.split(' ')[2]);
}

function requestOf(server: DnsServer, query: DnsQuery, context: DnsContext, depth: number): DnsRequest {
  const { name, type, class: asked = 'IN' } = query.question;
  return {
    id: query.id,
    name,
    lowerName: lowerCased(name),
    type,
    class: asked,
    recursionDesired: query.recursionDesired ?? false,
    authenticData: query.authenticData ?? false,
    checkingDisabled: query.checkingDisabled ?? false,
    edns: query.edns,
    serial: serialIn(query),
    lookup: (target, targetType) => {
      if (depth === LOOKUP_DEPTH_MAX) return undefined;
      const question = { name: target, type: targetType };
      const followed = { id: query.id, question, recursionDesired: true, edns: query.edns };
      return ask(followed, server, context, depth + 1);
    },
  };
}

/** Whichever server block counts, counts for the whole process. */
function countDropped(server: DnsServer, request: DnsRequest, written: DnsMessage, context: DnsContext): void {
  const links = server.configuration.chains.flatMap((chain) => chain.links);
  const counting = links.find(({ instance }) => instance.dropped !== undefined);
  if (counting !== undefined) counting.instance.dropped!(server.memories[counting.slot]!, request, written, context);
}

function ask(query: DnsQuery, server: DnsServer, context: DnsContext, depth: number): DnsMessage {
  const request = requestOf(server, query, context, depth);
  const isTaken = request.class === 'IN' || server.servesOtherClasses;
  const handler = isTaken ? handlerFor(request.lowerName, server) : undefined;
  const reply: DnsReply = handler === undefined ? 'REFUSED' : handler(request, context);
  const written = writtenReply(request, reply);
  if (handler === undefined) countDropped(server, request, written, context);
  const repeated = repeatedEdns(query.edns, server.configuration.ednsOptions);
  return repeated === undefined ? written : { ...written, edns: { ...repeated, ...written.edns } };
}

/**
 * Answers one query; REFUSED for classes other than IN, unless plugin forward is there to pass them on. The reply carries the
 * query's id and its question as it was spelled, and is cut to what the client takes.
 */
export function answer(server: DnsServer, query: DnsQuery, context: DnsContext): DnsMessage {
  return fitted(ask(query, server, context, 0), context.connection?.protocol ?? 'udp');
}
