/** cache: keeps what the plugins after it answered, counting TTLs down. Source: CoreDNS plugin/cache/handler.go. */
import type { DnsMessage, Moment } from '../../../../src/model/index.ts';
import { questionOf, wantsDnssec } from '../../message.ts';
import type { DnsReply, DnsRequest, Handler, Plugin } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { find } from './find.ts';
import { type CacheItem, ttlLeft, withTtl } from './item.ts';
import { cacheMetrics } from './metrics.ts';
import { type CacheOptions, readCacheOptions } from './options.ts';
import { servedPlain } from './plain.ts';
import { fetchFirst, prefetch, verify } from './refresh.ts';
import { CacheMemory } from './store.ts';
import type { Passage, Written } from './write.ts';

/** From the cache to this client. AA is always set: some old resolvers drop what has it not. */
function served({ reply }: CacheItem, request: DnsRequest, ttl: number): DnsMessage {
  return {
    id: request.id,
    response: true,
    question: questionOf(request),
    rcode: reply.rcode,
    authoritative: true,
    truncated: false,
    recursionDesired: request.recursionDesired,
    checkingDisabled: request.checkingDisabled,
    answers: withTtl(reply.answers, ttl),
    authorities: withTtl(reply.authorities, ttl),
    additionals: withTtl(reply.additionals, ttl),
    recursionAvailable: reply.recursionAvailable ?? false,
    authenticData: (wantsDnssec(request) || request.authenticData) && (reply.authenticData ?? false),
  };
}

/** Counts a query, and says whether the item is popular enough and near enough to its end to be fetched anew. */
function isDue(item: CacheItem, at: Moment, { prefetch: rule }: CacheOptions): boolean {
  if (rule.hits <= 0) return false;
  const { usage } = item;
  usage.hits = usage.lastAt < at - rule.durationMs ? 1 : usage.hits + 1;
  usage.lastAt = at;
  const threshold = Math.ceil((rule.percentage / 100) * item.ttl);
  return usage.hits >= rule.hits && ttlLeft(item, at) <= threshold;
}

/** What a verified reply looks like to the client: from the cache where a timeout stood between them, else as it came. */
function verified({ reply, item }: Written, { request, options, context }: Passage): DnsMessage {
  if (options.verifyTimeoutMs === 0 || item === undefined) return reply;
  return served(item, request, options.keepTtl ? item.ttl : ttlLeft(item, context.at));
}

function fromCache(item: CacheItem, passage: Passage, next: Handler): DnsMessage {
  const { request, context, options, memory } = passage;
  const left = ttlLeft(item, context.at);
  if (left > 0) {
    if (isDue(item, context.at, options)) prefetch(next, passage, item, false);
    return served(item, request, options.keepTtl ? item.ttl : left);
  }
  if (options.verifiesStale) {
    const fresh = verify(next, passage, item);
    if (fresh !== undefined) return verified(fresh, passage);
  } else {
    prefetch(next, passage, item, true);
  }
  memory.counts.servedStale++;
  const ttl = options.keepTtl ? item.ttl : 0;
  return served(item, request, options.staleTtl > 0 ? options.staleTtl : ttl);
}

/** What a plain row says, where nothing is kept beside it; null where that has expired, undefined where others must be looked at. */
function plainAnswer({ request, context, options, memory }: Passage): DnsMessage | null | undefined {
  const { success, denial } = memory;
  const row = success.find(request);
  if (denial.find(request) >= 0 || (row >= 0 && !success.isPlain(row))) return undefined;
  if (row < 0) return null;
  const ttl = success.ttl(row);
  const left = ttlLeft({ ttl, storedAt: success.storedAt(row) }, context.at);
  return left > 0 ? servedPlain(request, success.address(row), options.keepTtl ? ttl : left) : null;
}

function answered(passage: Passage, next: Handler): DnsReply {
  const { request, context, options, memory } = passage;
  memory.counts.requests++;
  const plain = plainAnswer(passage);
  const found = plain === undefined ? find(memory, request, context.at, options) : undefined;
  if (found !== undefined) {
    memory.counts.hits[found.half]++;
    return fromCache(found.item, passage, next);
  }
  if (plain !== null && plain !== undefined) {
    memory.counts.hits.success++;
    return plain;
  }
  memory.counts.misses++;
  return fetchFirst(next, passage);
}

export const cache: Plugin = {
  name: 'cache',
  setup(directives, setup) {
    const options = readCacheOptions(directives, setup);
    return {
      remember: () => CacheMemory.of(options),
      metrics: (memory, [server]) => cacheMetrics(memory as CacheMemory, options, server!),
      handler: (next, memory) => (request, context) => {
        if (zoneOf(request.lowerName, options.zones) === undefined) return next(request, context);
        return answered({ request, context, options, memory: memory() as CacheMemory }, next);
      },
    };
  },
};
