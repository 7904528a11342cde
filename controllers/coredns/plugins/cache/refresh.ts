/**
 * Fetching anew what is cached: before it expires (prefetch), after (serve_stale), in front of the client (verify) or behind
 * its back.
 *
 * Source: CoreDNS plugin/cache/handler.go (`tryPrefetch`, `doPrefetch`, `verifyWithTimeout`), item.go (`beginRefresh`).
 */
import {
  type Connection,
  type DnsContext,
  type DnsReply,
  type DnsRequest,
  type Handler,
  isMessage,
} from '../../plugin.ts';
import type { CacheItem } from './item.ts';
import { type Passage, type Writing, type Written, write, writeOver } from './write.ts';

/** A context whose time is its own: what waits in it does not hold up the query. */
function aside(context: DnsContext): DnsContext {
  const own = {
    ...context,
    wait: (ms: number) => {
      own.at += ms;
    },
  };
  return own;
}

/** Field by field: on the way of every miss, a spread would cost as much as the search for the answer. */
function askingForAuthenticData(request: DnsRequest): DnsRequest {
  return {
    id: request.id,
    name: request.name,
    lowerName: request.lowerName,
    type: request.type,
    class: request.class,
    recursionDesired: request.recursionDesired,
    authenticData: true,
    checkingDisabled: request.checkingDisabled,
    edns: request.edns,
    serial: request.serial,
    lookup: request.lookup,
    metadata: request.metadata,
  };
}

/** Whatever the client asked for, the cache asks for authenticated data, so that one item serves both. */
function ask(next: Handler, { request, context }: Passage): DnsReply {
  return next(request.authenticData ? request : askingForAuthenticData(request), context);
}

/** Asks for the first time; a bare code passes the cache by. */
export function fetchFirst(next: Handler, passage: Passage): DnsReply {
  const reply = ask(next, passage);
  return isMessage(reply) ? write(reply, passage, { background: false, first: true }).reply : reply;
}

function fetchOver(next: Handler, passage: Passage, writing: Writing): Written | undefined {
  const reply = ask(next, passage);
  return isMessage(reply) ? writeOver(reply, passage, writing) : undefined;
}

function mayBegin({ usage }: CacheItem, { context, options }: Passage): boolean {
  if (options.staleRecheckMs > 0 && context.at < usage.retryAt) return false;
  return context.at >= usage.refreshingUntil;
}

function end({ usage }: CacheItem, { context, options }: Passage, refreshed: boolean): void {
  const waits = options.staleRecheckMs > 0 && !refreshed;
  usage.retryAt = waits ? context.at + options.staleRecheckMs : Number.NEGATIVE_INFINITY;
  usage.refreshingUntil = context.at;
}

const NO_CLIENT: Connection = { protocol: 'tcp', clientPort: 0, server: 0, serverPort: 0 };

/** Fetches behind the client's back, over TCP: there is no client whose message size would cut the reply. */
export function prefetch(next: Handler, passage: Passage, item: CacheItem, isStale: boolean): void {
  const options = isStale ? passage.options : { ...passage.options, staleRecheckMs: 0 };
  if (!mayBegin(item, { ...passage, options })) return;
  const { request, memory } = passage;
  const behind: Passage = {
    memory,
    options,
    context: aside({ ...passage.context, connection: NO_CLIENT }),
    request: askingForAuthenticData(request),
  };
  memory.counts.prefetches++;
  const writing: Writing = { background: true, first: false };
  const refreshed = isStale ? fetchOver(next, behind, writing) !== undefined : fetched(next, behind, writing);
  // What is served in the meantime is taken to be at the end of its life, and its queries to have come then.
  if (refreshed) inherit(item, behind, isStale ? item.storedAt + item.ttl * 1000 : passage.context.at);
  end(item, behind, refreshed);
}

function fetched(next: Handler, passage: Passage, writing: Writing): true {
  const reply = ask(next, passage);
  if (isMessage(reply)) write(reply, passage, writing);
  return true;
}

/** The item that took the place of another goes on counting its queries. */
function inherit({ usage }: CacheItem, { request, memory }: Passage, at: number): void {
  const heir = memory.get('denial', request) ?? memory.get('success', request);
  if (heir === undefined) return;
  heir.usage.hits = usage.hits;
  heir.usage.lastAt = at;
}

/**
 * Asks before it serves what has expired, for at most the verify timeout; a fetch that takes longer goes on behind the
 * client's back. Undefined where what has expired is to be served.
 */
export function verify(next: Handler, passage: Passage, item: CacheItem): Written | undefined {
  const { context, options } = passage;
  const limitMs = options.verifyTimeoutMs;
  const tracked = options.staleRecheckMs > 0;
  if (tracked && !mayBegin(item, passage)) return undefined;
  if (limitMs === 0) {
    const written = fetchOver(next, passage, { background: false, first: false });
    if (tracked) end(item, passage, written !== undefined);
    return written;
  }
  const began = context.at;
  const behind = { ...passage, context: aside(context) };
  const written = fetchOver(next, behind, { background: true, first: false });
  if (tracked) end(item, behind, written !== undefined);
  const tookMs = behind.context.at - began;
  context.wait(Math.min(tookMs, limitMs));
  return tookMs <= limitMs ? written : undefined;
}
