/** cache: keeps what the plugins after it answered, counting TTLs down. Source: CoreDNS plugin/cache. */
import type { DnsMessage } from '../../../../src/model/index.ts';
import type { DnsContext, DnsRequest, Plugin } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { classify, ttlOf } from './classify.ts';
import { type CacheOptions, readCacheOptions } from './options.ts';
import { type CacheItem, CacheMemory, ttlLeft, withTtl } from './store.ts';

/** From the cache to this client. AA is always set: some old resolvers drop what has it not. */
function served(item: CacheItem, request: DnsRequest, context: DnsContext, keepTtl: boolean): DnsMessage {
  const ttl = keepTtl ? item.ttl : ttlLeft(item, context.at);
  return {
    ...item.reply,
    id: request.id,
    question: { name: request.name, type: request.type },
    authoritative: true,
    answers: withTtl(item.reply.answers, ttl),
    authorities: withTtl(item.reply.authorities, ttl),
    additionals: withTtl(item.reply.additionals, ttl),
  };
}

function isAnswerTo(reply: DnsMessage, request: DnsRequest): boolean {
  const { question } = reply;
  return reply.response && question.type === request.type && question.name.toLowerCase() === request.lowerName;
}

/** Stores a fresh reply where it may be kept, and gives it the TTL it is kept for. */
function keep(reply: DnsMessage, request: DnsRequest, context: DnsContext, options: CacheOptions, memory: CacheMemory) {
  const kept = classify(reply);
  const ttl = ttlOf(reply, kept, options);
  const capped = {
    ...reply,
    answers: withTtl(reply.answers, ttl),
    authorities: withTtl(reply.authorities, ttl),
    additionals: withTtl(reply.additionals, ttl),
  };
  if (kept === 'never' || ttl <= 0 || !isAnswerTo(reply, request)) return capped;
  const half = kept === 'success' ? 'success' : 'denial';
  if (zoneOf(request.lowerName, options[half].except) !== undefined) return capped;
  const additionals = capped.additionals.filter((record) => record.type !== 'OPT');
  memory.set(half, `${request.type} ${request.lowerName}`, {
    reply: { ...capped, additionals },
    ttl,
    storedAt: context.at,
  });
  return capped;
}

export const cache: Plugin = {
  name: 'cache',
  setup(directives, setup) {
    const options = readCacheOptions(directives, setup);
    return {
      remember: () => CacheMemory.of(options),
      handler: (next, memory) => (request, context) => {
        if (zoneOf(request.lowerName, options.zones) === undefined) return next(request, context);
        const held = memory() as CacheMemory;
        const item = held.get(`${request.type} ${request.lowerName}`, context.at);
        if (item !== undefined) return served(item, request, context, options.keepTtl);
        const reply = next(request, context);
        return typeof reply === 'string' ? reply : keep(reply, request, context, options, held);
      },
    };
  },
};
