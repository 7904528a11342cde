/** Which item answers a query, if any: fresh, or expired where that is allowed. Source: CoreDNS plugin/cache/handler.go, `getIfNotStale`. */
import type { Moment } from '../../../../src/model/index.ts';
import type { DnsRequest } from '../../plugin.ts';
import { type CacheItem, ttlLeft } from './item.ts';
import type { CacheOptions } from './options.ts';
import type { CacheMemory, Half } from './store.ts';

export interface Found {
  readonly item: CacheItem;
  readonly half: Half;
}

function isServable(item: CacheItem, at: Moment, { staleUpToSeconds }: CacheOptions): boolean {
  const left = ttlLeft(item, at);
  return left > 0 || -left < staleUpToSeconds;
}

/** The item itself where it answers its question, else the last one that did. */
export function answeringItem(item: CacheItem | undefined): CacheItem | undefined {
  if (item === undefined || item.answering) return item;
  return item.lastKnownGood;
}

/**
 * Denials come before answers, with two exceptions: under prefer_positive an answer, even an expired one, comes first; and a
 * cached SERVFAIL yields to an answer that may still be given.
 */
export function find(memory: CacheMemory, request: DnsRequest, at: Moment, options: CacheOptions): Found | undefined {
  const success = memory.get('success', request);
  if (options.preferPositive && options.staleUpToSeconds > 0) {
    const item = answeringItem(success);
    if (item !== undefined && isServable(item, at, options)) return { item, half: 'success' };
  }
  const good = success !== undefined && isServable(success, at, options) ? success : undefined;
  const denial = memory.get('denial', request);
  if (denial !== undefined && isServable(denial, at, options)) {
    const yields = denial.reply.rcode === 'SERVFAIL' && good !== undefined;
    return yields ? { item: good, half: 'success' } : { item: denial, half: 'denial' };
  }
  return good === undefined ? undefined : { item: good, half: 'success' };
}
