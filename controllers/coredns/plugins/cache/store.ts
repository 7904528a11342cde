/** What one server's cache holds. */
import type { DnsMessage, DnsRecord, Moment } from '../../../../src/model/index.ts';
import type { Memory } from '../../plugin.ts';
import type { CacheOptions } from './options.ts';

export interface CacheItem {
  readonly reply: DnsMessage;
  /** seconds */
  readonly ttl: number;
  readonly storedAt: Moment;
}

/** Seconds left; 0 or less where the item has expired. */
export function ttlLeft({ ttl, storedAt }: CacheItem, at: Moment): number {
  return ttl - Math.floor((at - storedAt) / 1000);
}

export function withTtl(records: readonly DnsRecord[], ttl: number): readonly DnsRecord[] {
  if (records.every((record) => record.ttl === ttl || record.type === 'OPT')) return records;
  return records.map((record) => (record.type === 'OPT' ? record : { ...record, ttl }));
}

/**
 * A map with a bound. What goes when it is full is the oldest entry; CoreDNS drops any one of a 256th part of the cache
 * (plugin/pkg/cache/cache.go), which nothing can be built on.
 */
class BoundedMap {
  readonly #items: Map<string, CacheItem>;
  readonly #capacity: number;
  /** One iterator for good: a new one would step over everything dropped before. */
  #oldest: Iterator<string>;

  constructor(capacity: number, items: ReadonlyMap<string, CacheItem> = new Map()) {
    this.#capacity = capacity;
    this.#items = new Map(items);
    this.#oldest = this.#items.keys();
  }

  get(key: string): CacheItem | undefined {
    return this.#items.get(key);
  }

  set(key: string, item: CacheItem): void {
    if (!this.#items.has(key) && this.#items.size >= this.#capacity) this.#dropOldest();
    this.#items.set(key, item);
  }

  #dropOldest(): void {
    const { value, done } = this.#oldest.next();
    if (done !== true) this.#items.delete(value);
    else this.#oldest = this.#items.keys();
  }

  copy(): BoundedMap {
    return new BoundedMap(this.#capacity, this.#items);
  }
}

export class CacheMemory implements Memory {
  readonly #success: BoundedMap;
  readonly #denial: BoundedMap;

  constructor(success: BoundedMap, denial: BoundedMap) {
    this.#success = success;
    this.#denial = denial;
  }

  static of({ success, denial }: CacheOptions): CacheMemory {
    return new CacheMemory(new BoundedMap(success.capacity), new BoundedMap(denial.capacity));
  }

  /** A live item. Denials come first, except that a cached SERVFAIL yields to an answer that is still good. */
  get(key: string, at: Moment): CacheItem | undefined {
    const denial = this.#denial.get(key);
    const success = this.#success.get(key);
    const good = success !== undefined && ttlLeft(success, at) > 0 ? success : undefined;
    if (denial === undefined || ttlLeft(denial, at) <= 0) return good;
    return denial.reply.rcode === 'SERVFAIL' && good !== undefined ? good : denial;
  }

  set(half: 'success' | 'denial', key: string, item: CacheItem): void {
    (half === 'success' ? this.#success : this.#denial).set(key, item);
  }

  copy(): CacheMemory {
    return new CacheMemory(this.#success.copy(), this.#denial.copy());
  }
}
