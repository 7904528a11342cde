/** A reply that is kept, and how it is used. Source: CoreDNS plugin/cache/item.go, plugin/cache/freq. */
import type { DnsMessage, DnsRecord, Moment } from '../../../../src/model/index.ts';
import { answersQuestion } from './classify.ts';

/** How an item is being used: what decides whether it is fetched anew. */
interface Usage {
  /** queries in a row with gaps below the prefetch duration */
  hits: number;
  lastAt: Moment;
  /** a refresh that began is under way until then */
  refreshingUntil: Moment;
  /** after a refresh that failed, none begins before */
  retryAt: Moment;
}

export interface CacheItem {
  readonly reply: DnsMessage;
  /** seconds */
  readonly ttl: number;
  readonly storedAt: Moment;
  readonly answering: boolean;
  /** the last item that answered, kept when one that does not takes its place */
  readonly lastKnownGood?: CacheItem | undefined;
  readonly usage: Usage;
}

const NEVER = Number.NEGATIVE_INFINITY;

export function itemOf(reply: DnsMessage, ttl: number, storedAt: Moment): CacheItem {
  const usage = { hits: 0, lastAt: NEVER, refreshingUntil: NEVER, retryAt: NEVER };
  return { reply, ttl, storedAt, answering: answersQuestion(reply), usage };
}

/** Seconds left; 0 or less where the item has expired. */
export function ttlLeft({ ttl, storedAt }: Pick<CacheItem, 'ttl' | 'storedAt'>, at: Moment): number {
  return ttl - Math.trunc((at - storedAt) / 1000);
}

/** Every record with this TTL; OPT is between neighbours only and is left out. */
export function withTtl(records: readonly DnsRecord[], ttl: number): readonly DnsRecord[] {
  let same = true;
  for (const record of records) if (record.ttl !== ttl || record.type === 'OPT') same = false;
  if (same) return records;
  return records.filter(({ type }) => type !== 'OPT').map((record) => ({ ...record, ttl }));
}
