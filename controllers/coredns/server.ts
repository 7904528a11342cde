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
import type { DnsMessage, RecordType } from '../../src/model/index.ts';
import { type Configuration, configurationOf, handlerOf, type LoadOptions } from './chain.ts';
import { CorefileError } from './corefile/error.ts';
import { writtenReply } from './message.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Memory } from './plugin.ts';

/**
 * What a CoreDNS pod holds. Caches change as it answers, so it belongs to one pod; `copyServer` gives a snapshot its own.
 */
export interface DnsServer {
  readonly configuration: Configuration;
  readonly memories: readonly Memory[];
  /** by zone, `.` for the root */
  readonly handlers: ReadonlyMap<string, Handler>;
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
    const handler = chain.links.length === 0 ? () => 'REFUSED' as const : handlerOf(chain, memories);
    for (const zone of chain.zones) handlers.set(zone, handler);
  }
  return { configuration, memories, handlers };
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
function handlerFor(lowerName: string, { handlers }: DnsServer): Handler | undefined {
  if (handlers.size > 1 || !handlers.has('.')) {
    for (let at = 0, dot = 0; dot >= 0 && at < lowerName.length; at = dot + 1) {
      const handler = handlers.get(lowerName.slice(at));
      if (handler !== undefined) return handler;
      dot = lowerName.indexOf('.', at);
    }
  }
  return handlers.get('.');
}

function requestOf(
  server: DnsServer,
  id: number,
  name: string,
  type: RecordType,
  context: DnsContext,
  depth: number,
): DnsRequest {
  return {
    id,
    name,
    lowerName: name.toLowerCase(),
    type,
    lookup: (target, targetType) =>
      ask(requestOf(server, id, target, targetType, context, depth + 1), server, context, depth + 1),
  };
}

function ask(request: DnsRequest, server: DnsServer, context: DnsContext, depth: number): DnsMessage {
  if (depth > LOOKUP_DEPTH_MAX) return writtenReply(request, 'SERVFAIL');
  const handler = handlerFor(request.lowerName, server);
  const reply: DnsReply = handler === undefined ? 'REFUSED' : handler(request, context);
  return writtenReply(request, reply);
}

/** Answers one query (class IN). The reply carries the query's id and its question as it was spelled. */
export function answer(server: DnsServer, query: Pick<DnsMessage, 'id' | 'question'>, context: DnsContext): DnsMessage {
  const { name, type } = query.question;
  return ask(requestOf(server, query.id, name, type, context, 0), server, context, 0);
}
