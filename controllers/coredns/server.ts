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
import { type Address, type DnsMessage, type Moment, parseAddress, type RecordType } from '../../src/model/index.ts';
import { type Configuration, configurationOf, handlerOf, type LoadOptions, PLAIN_FAMILIES } from './chain.ts';
import { CorefileError } from './corefile/error.ts';
import { repeatedEdns, writtenReply } from './message.ts';
import { joinFamilies, type MetricFamily } from './metrics.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Memory } from './plugin.ts';
import { BESIDE } from './plugins/beside.ts';
import { joinHostPort } from './plugins/options.ts';
import { fitted } from './truncate.ts';

/** One address and port that a process listens on, and the zones that it serves there. */
export interface ListenSocket {
  /** `''`: on every address of the pod */
  readonly host: string;
  readonly port: number;
  /** `dns://:53`, `dns://127.0.0.1:5353` */
  readonly name: string;
  /** by zone, `.` for the root */
  readonly handlers: ReadonlyMap<string, Handler>;
  /** the handler of the root, where there is no other */
  readonly only: Handler | undefined;
  /** whether other classes than IN are taken: where plugin forward is, which passes them on */
  readonly servesOtherClasses: boolean;
}

/**
 * What a CoreDNS pod holds. Caches change as it answers, so it belongs to one pod; `copyServer` gives a snapshot its own.
 */
export interface DnsServer {
  readonly configuration: Configuration;
  readonly memories: readonly Memory[];
  readonly sockets: readonly ListenSocket[];
}

export type ServerStart =
  | { readonly ok: true; readonly server: DnsServer }
  | { readonly ok: false; readonly error: CorefileError };

/** How often a CNAME may lead back into the server within one query. */
const LOOKUP_DEPTH_MAX = 16;
const DNS_PORT = 53;

interface OpeningSocket {
  readonly host: string;
  readonly port: number;
  readonly handlers: Map<string, Handler>;
  servesOtherClasses: boolean;
}

function serverOf(configuration: Configuration, memories: readonly Memory[]): DnsServer {
  const opening = new Map<string, OpeningSocket>();
  for (const chain of configuration.chains) {
    const { served, hosts, links } = chain;
    const handler = handlerOf(chain, memories);
    for (const { zone, port } of served) {
      for (const host of hosts) {
        const name = socketName(host, port);
        const socket = opening.get(name) ?? { host, port, handlers: new Map(), servesOtherClasses: false };
        opening.set(name, socket);
        // A zone without plugins is served by nobody.
        if (links.some((link) => !BESIDE.has(link.name))) socket.handlers.set(zone, handler);
        if (links.some((link) => link.name === 'forward')) socket.servesOtherClasses = true;
      }
    }
  }
  const sockets = Array.from(opening, ([name, socket]): ListenSocket => {
    const { handlers } = socket;
    return { ...socket, name, only: handlers.size === 1 ? handlers.get('.') : undefined };
  });
  return { configuration, memories, sockets };
}

function socketName(host: string, port: number): string {
  return `dns://${joinHostPort(host, port)}`;
}

/** Who listens at an address: somebody who does so there alone comes before who does everywhere. */
export function socketAt({ sockets }: DnsServer, address: Address, port: number): ListenSocket | undefined {
  const own = sockets.find((socket) => socket.port === port && parseAddress(socket.host) === address);
  return own ?? sockets.find((socket) => socket.port === port && isEverywhere(socket.host));
}

function isEverywhere(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

/** The addresses that it listens on that are not the pod's: the system refuses them. */
export function foreignSockets({ sockets }: DnsServer, own: readonly string[]): readonly ListenSocket[] {
  const known = own.map((address) => parseAddress(address));
  return sockets.filter(({ host }) => !isEverywhere(host) && !known.includes(parseAddress(host)));
}

/** What a server does once, when it starts. `ask` brings a query to where it listens; `''` is the process's own machine. */
export function begin(
  server: DnsServer,
  context: DnsContext,
  ask: (query: DnsMessage, host: string, port: number) => void,
): void {
  const { configuration, memories } = server;
  for (const { links, served, hosts } of configuration.chains) {
    const [host = ''] = hosts;
    const port = served[0]?.port ?? DNS_PORT;
    for (const { instance, slot } of links) {
      const toItself = (query: DnsMessage) => ask(query, host, port);
      instance.start?.(memories[slot]!, context, toItself, joinHostPort(host, port));
    }
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

/**
 * The block with the longest zone that the name lies in: found by dropping label after label. What a parent says of a zone
 * (DS) is asked of the block with the shortest, the root aside.
 */
function handlerFor(lowerName: string, type: RecordType, { handlers, only }: ListenSocket): Handler | undefined {
  if (only !== undefined) return only;
  let parent: Handler | undefined;
  for (let at = 0, dot = 0; dot >= 0 && at < lowerName.length; at = dot + 1) {
    const handler = handlers.get(lowerName.slice(at));
    if (handler !== undefined && type !== 'DS') return handler;
    if (handler !== undefined) parent = handler;
    dot = lowerName.indexOf('.', at);
  }
  return parent ?? handlers.get('.');
}

/** What the server's plugins have counted up to now, by name; blocks that count the same thing share its family. */
export function metricsOf({ configuration, memories }: DnsServer, at: Moment): readonly MetricFamily[] {
  const counted = configuration.chains.flatMap(({ links, served, hosts }) => {
    const names = hosts.map((host) => socketName(host, served[0]?.port ?? DNS_PORT));
    return links.flatMap(({ instance, slot }) => instance.metrics?.(memories[slot]!, names, at) ?? []);
  });
  return joinFamilies([...PLAIN_FAMILIES, ...counted]);
}

export type DnsQuery = Pick<DnsMessage, 'id' | 'question'> & Partial<DnsMessage>;

/** An incremental transfer is asked for with the SOA that the client has (RFC 1995, 3). */
function serialIn({ authorities = [] }: DnsQuery): number | undefined {
  const soa = authorities.length === 1 && authorities[0]?.type === 'SOA' ? authorities[0] : undefined;
  return soa === undefined ? undefined : Number(soa.data.split(' ')[2]);
}

/** The server that is asked, and where. */
interface Asked {
  readonly server: DnsServer;
  readonly socket: ListenSocket | undefined;
}

function requestOf(asked: Asked, query: DnsQuery, context: DnsContext, depth: number): DnsRequest {
  const { name, type, class: ofClass = 'IN' } = query.question;
  return {
    id: query.id,
    name,
    lowerName: lowerCased(name),
    type,
    class: ofClass,
    recursionDesired: query.recursionDesired ?? false,
    authenticData: query.authenticData ?? false,
    checkingDisabled: query.checkingDisabled ?? false,
    edns: query.edns,
    serial: serialIn(query),
    lookup: (target, targetType) => {
      if (depth === LOOKUP_DEPTH_MAX) return undefined;
      const question = { name: target, type: targetType };
      const followed = { id: query.id, question, recursionDesired: true, edns: query.edns };
      return ask(followed, asked, context, depth + 1);
    },
    metadata: undefined,
  };
}

/** Whichever server block counts, counts for the whole process. */
function countDropped(server: DnsServer, request: DnsRequest, written: DnsMessage, context: DnsContext): void {
  const links = server.configuration.chains.flatMap((chain) => chain.links);
  const counting = links.find(({ instance }) => instance.dropped !== undefined);
  if (counting !== undefined) counting.instance.dropped!(server.memories[counting.slot]!, request, written, context);
}

function ask(query: DnsQuery, asked: Asked, context: DnsContext, depth: number): DnsMessage {
  const { server, socket } = asked;
  const request = requestOf(asked, query, context, depth);
  const isTaken = socket !== undefined && (request.class === 'IN' || socket.servesOtherClasses);
  const handler = isTaken ? handlerFor(request.lowerName, request.type, socket) : undefined;
  const reply: DnsReply = handler === undefined ? 'REFUSED' : handler(request, context);
  const written = writtenReply(request, reply);
  if (handler === undefined) countDropped(server, request, written, context);
  const repeated = repeatedEdns(query.edns, server.configuration.ednsOptions);
  return repeated === undefined ? written : { ...written, edns: { ...repeated, ...written.edns } };
}

/** Where a query came in; where nothing is known of it, at port 53. */
function socketOf(server: DnsServer, connection: DnsContext['connection']): ListenSocket | undefined {
  const [first, second] = server.sockets;
  if (second === undefined) return first;
  if (connection !== undefined) return socketAt(server, connection.server, connection.serverPort);
  return server.sockets.find(({ port }) => port === DNS_PORT) ?? first;
}

/**
 * Answers one query; REFUSED for classes other than IN, unless plugin forward is there to pass them on. The reply carries the
 * query's id and its question as it was spelled, and is cut to what the client takes.
 */
export function answer(server: DnsServer, query: DnsQuery, context: DnsContext): DnsMessage {
  const socket = socketOf(server, context.connection);
  if (socket !== undefined) context.server = socket.name;
  return fitted(ask(query, { server, socket }, context, 0), context.connection?.protocol ?? 'udp');
}
