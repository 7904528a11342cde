/** What the cache does with a reply from the plugins after it. Source: CoreDNS plugin/cache/cache.go (`WriteMsg`, `set`). */
import type { DnsMessage } from '../../../../src/model/index.ts';
import { isReplyTo, wantsDnssec } from '../../message.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { type ResponseType, responseType } from '../../response-type.ts';
import { zoneOf } from '../../zones.ts';
import { cachedType, isUsableAnswer, lifetimeOf, mayBeKept } from './classify.ts';
import { answeringItem } from './find.ts';
import { type CacheItem, itemOf, withTtl } from './item.ts';
import type { CacheOptions } from './options.ts';
import { keepPlain } from './plain.ts';
import type { CacheMemory } from './store.ts';

/** One query on its way through the cache. */
export interface Passage {
  readonly request: DnsRequest;
  readonly context: DnsContext;
  readonly options: CacheOptions;
  readonly memory: CacheMemory;
}

/** `background`: nobody waits for the reply, only the cache. `first`: nothing was cached, the only case that zones are excepted in. */
export interface Writing {
  readonly background: boolean;
  readonly first: boolean;
}

export interface Written {
  /** with the TTL that it is kept for in every record */
  readonly reply: DnsMessage;
  readonly item?: CacheItem | undefined;
}

function kept(item: CacheItem, type: ResponseType, passage: Passage, writing: Writing): CacheItem | undefined {
  const { request, context, options, memory } = passage;
  const half = type === 'NOERROR' || type === 'DELEGATION' ? 'success' : 'denial';
  if (writing.first && zoneOf(request.lowerName, options[half].except) !== undefined) return undefined;
  if (half === 'denial') {
    memory.set('denial', request, item, context.dice);
    return item;
  }
  const retains = options.preferPositive && !item.answering;
  const stored = retains ? { ...item, lastKnownGood: answeringItem(memory.get('success', request)) } : item;
  memory.set('success', request, stored, context.dice);
  // The newest answer makes an older denial untrue, but only where the answer was fetched to replace it.
  if (options.preferPositive ? item.answering : writing.background) memory.delete('denial', request);
  return stored;
}

/** Keeps a reply where it may be kept, and gives it the TTL that it is kept for. */
export function write(reply: DnsMessage, passage: Passage, writing: Writing): Written {
  const { request, context, options, memory } = passage;
  const plainTtl = writing.first ? keepPlain(reply, passage) : undefined;
  if (plainTtl !== undefined) return { reply: cappedAt(reply, plainTtl, false) };
  const type = cachedType(reply, context.at);
  const lifetime = lifetimeOf(reply, type, options);
  const ttl = Math.floor(lifetime);
  const capped = cappedAt(reply, ttl, reply.authenticData ?? false);
  let item: CacheItem | undefined;
  if (mayBeKept(reply, type) && lifetime > 0) {
    if (isReplyTo(reply, request)) item = kept(itemOf(capped, ttl, context.at), type, passage, writing);
    else memory.counts.drops++;
  }
  const toldOf = wantsDnssec(request) || request.authenticData;
  return { reply: toldOf || reply.authenticData !== true ? capped : cappedAt(reply, ttl, false), item };
}

/** The reply with this TTL in every record, without its OPT record, which is from hop to hop. */
function cappedAt(reply: DnsMessage, ttl: number, authenticData: boolean): DnsMessage {
  return {
    id: reply.id,
    response: reply.response,
    question: reply.question,
    rcode: reply.rcode,
    authoritative: reply.authoritative,
    truncated: reply.truncated,
    recursionDesired: reply.recursionDesired ?? false,
    checkingDisabled: reply.checkingDisabled ?? false,
    answers: withTtl(reply.answers, ttl),
    authorities: withTtl(reply.authorities, ttl),
    additionals: withTtl(reply.additionals, ttl),
    recursionAvailable: reply.recursionAvailable ?? false,
    authenticData,
  };
}

/**
 * The same for a reply that is to replace what has expired. Undefined where it does not: it may still have been kept. Only
 * NOERROR and NXDOMAIN replace (RFC 8767 section 4); under prefer_positive only a usable answer.
 */
export function writeOver(reply: DnsMessage, passage: Passage, writing: Writing): Written | undefined {
  const { request, context, options } = passage;
  if (reply.truncated || !isReplyTo(reply, request)) return undefined;
  if (options.preferPositive) {
    if (isUsableAnswer(reply, context.at)) return write(reply, passage, writing);
    write(reply, passage, { ...writing, background: true });
    return undefined;
  }
  const type = responseType(reply, context.at);
  if (type === 'OTHERERROR' || type === 'META') return undefined;
  if (reply.rcode !== 'NOERROR' && reply.rcode !== 'NXDOMAIN') return undefined;
  return write(reply, passage, writing);
}
