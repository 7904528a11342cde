/** What one server's cache holds. Source: CoreDNS plugin/cache/item.go, plugin/cache/freq, plugin/pkg/cache. */
import type { Dice, DnsMessage, DnsRecord, Moment } from '../../../../src/model/index.ts';
import { wantsDnssec } from '../../message.ts';
import type { DnsRequest, Memory } from '../../plugin.ts';
import { answersQuestion } from './classify.ts';
import type { CacheOptions } from './options.ts';

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

export type Half = 'success' | 'denial';

const NEVER = Number.NEGATIVE_INFINITY;

export function itemOf(reply: DnsMessage, ttl: number, storedAt: Moment): CacheItem {
  const usage = { hits: 0, lastAt: NEVER, refreshingUntil: NEVER, retryAt: NEVER };
  return { reply, ttl, storedAt, answering: answersQuestion(reply), usage };
}

/** Seconds left; 0 or less where the item has expired. */
export function ttlLeft({ ttl, storedAt }: CacheItem, at: Moment): number {
  return ttl - Math.trunc((at - storedAt) / 1000);
}

/** Every record with this TTL; OPT is between neighbours only and is left out. */
export function withTtl(records: readonly DnsRecord[], ttl: number): readonly DnsRecord[] {
  if (records.every((record) => record.ttl === ttl && record.type !== 'OPT')) return records;
  return records.filter(({ type }) => type !== 'OPT').map((record) => ({ ...record, ttl }));
}

/** Queries for other classes, with DO and with CD have items of their own. */
export function keyOf(request: DnsRequest): string {
  const plain = `${request.type} ${request.lowerName}`;
  if (request.class === 'IN' && !request.checkingDisabled && request.edns?.dnssecOk !== true) return plain;
  return `${request.class}${wantsDnssec(request) ? ' do' : ''}${request.checkingDisabled ? ' cd' : ''} ${plain}`;
}

const SHARDS = 256;
const SHARD_CAPACITY_LEAST = 4;
/** The low byte of FNV-1's offset basis and prime: the low byte of a hash depends on no other. */
const FNV_BASIS = 0x25;
const FNV_PRIME = 0xb3;

function shardOf(key: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < key.length; i++) hash = ((hash * FNV_PRIME) & 0xff) ^ (key.charCodeAt(i) & 0xff);
  return hash;
}

/**
 * A map in 256 shards, each with a bound of its own; a full shard drops any one of its items. CoreDNS hashes the packed
 * question, this hashes the key as text: which names share a shard differs, how many fit does not.
 */
class ShardedMap {
  readonly #items: Map<string, CacheItem>;
  readonly #capacity: number;
  readonly #shards: string[][];

  constructor(capacity: number, items = new Map<string, CacheItem>(), shards: readonly string[][] = []) {
    this.#capacity = Math.max(Math.floor(capacity / SHARDS), SHARD_CAPACITY_LEAST);
    this.#items = items;
    this.#shards = Array.from({ length: SHARDS }, (_, i) => [...(shards[i] ?? [])]);
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): CacheItem | undefined {
    return this.#items.get(key);
  }

  /** Returns whether another item had to go. */
  set(key: string, item: CacheItem, dice: Dice): boolean {
    const isNew = !this.#items.has(key);
    this.#items.set(key, item);
    if (!isNew) return false;
    const shard = this.#shards[shardOf(key)]!;
    if (shard.length < this.#capacity) {
      shard.push(key);
      return false;
    }
    const victim = dice.below(shard.length);
    this.#items.delete(shard[victim]!);
    shard[victim] = key;
    return true;
  }

  delete(key: string): void {
    if (!this.#items.delete(key)) return;
    const shard = this.#shards[shardOf(key)]!;
    shard.splice(shard.indexOf(key), 1);
  }

  copy(): ShardedMap {
    const items = new Map([...this.#items].map(([key, item]) => [key, { ...item, usage: { ...item.usage } }]));
    return new ShardedMap(this.#capacity * SHARDS, items, this.#shards);
  }
}

/** What the cache counts for plugin prometheus. */
export interface CacheCounts {
  requests: number;
  misses: number;
  prefetches: number;
  drops: number;
  servedStale: number;
  readonly hits: Record<Half, number>;
  readonly evictions: Record<Half, number>;
}

function noCounts(): CacheCounts {
  const none = () => ({ success: 0, denial: 0 });
  return { requests: 0, misses: 0, prefetches: 0, drops: 0, servedStale: 0, hits: none(), evictions: none() };
}

export class CacheMemory implements Memory {
  readonly counts: CacheCounts;
  readonly #halves: Readonly<Record<Half, ShardedMap>>;

  constructor(halves: Readonly<Record<Half, ShardedMap>>, counts: CacheCounts) {
    this.#halves = halves;
    this.counts = counts;
  }

  static of({ success, denial }: CacheOptions): CacheMemory {
    const halves = { success: new ShardedMap(success.capacity), denial: new ShardedMap(denial.capacity) };
    return new CacheMemory(halves, noCounts());
  }

  sizeOf(half: Half): number {
    return this.#halves[half].size;
  }

  get(half: Half, key: string): CacheItem | undefined {
    return this.#halves[half].get(key);
  }

  set(half: Half, key: string, item: CacheItem, dice: Dice): void {
    if (this.#halves[half].set(key, item, dice)) this.counts.evictions[half]++;
  }

  delete(half: Half, key: string): void {
    this.#halves[half].delete(key);
  }

  copy(): CacheMemory {
    const { hits, evictions } = this.counts;
    const counts = { ...this.counts, hits: { ...hits }, evictions: { ...evictions } };
    return new CacheMemory({ success: this.#halves.success.copy(), denial: this.#halves.denial.copy() }, counts);
  }
}
