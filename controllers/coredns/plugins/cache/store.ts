/** What one server's cache holds, and what it has counted. */
import type { Dice } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsRequest, Memory } from '../../plugin.ts';
import { type CacheItem, itemOf } from './item.ts';
import type { CacheOptions } from './options.ts';
import { CacheRows, type PlainAnswer } from './rows.ts';

export type Half = 'success' | 'denial';

/** What the cache counts for plugin prometheus. */
export interface CacheCounts {
  requests: number;
  misses: number;
  prefetches: number;
  drops: number;
  servedStale: number;
  readonly hits: Record<Half, number>;
}

function noCounts(): CacheCounts {
  return { requests: 0, misses: 0, prefetches: 0, drops: 0, servedStale: 0, hits: { success: 0, denial: 0 } };
}

/** A plain row as any other item. */
function itemOfRow(rows: CacheRows, row: number, request: DnsRequest): CacheItem {
  const ttl = rows.ttl(row);
  const answers = [{ name: request.lowerName, type: request.type, ttl, data: rows.address(row) }];
  return itemOf(replyTo(request, 'NOERROR', { answers }), ttl, rows.storedAt(row));
}

export class CacheMemory implements Memory {
  readonly counts: CacheCounts;
  readonly success: CacheRows;
  readonly denial: CacheRows;

  constructor(success: CacheRows, denial: CacheRows, counts: CacheCounts) {
    this.success = success;
    this.denial = denial;
    this.counts = counts;
  }

  static of({ success, denial }: CacheOptions): CacheMemory {
    return new CacheMemory(new CacheRows(success.capacity), new CacheRows(denial.capacity), noCounts());
  }

  get(half: Half, request: DnsRequest): CacheItem | undefined {
    const rows = this[half];
    const row = rows.find(request);
    if (row < 0) return undefined;
    return rows.isPlain(row) ? itemOfRow(rows, row, request) : rows.item(row);
  }

  set(half: Half, request: DnsRequest, item: CacheItem, dice: Dice): void {
    this[half].set(request, item, dice);
  }

  /** Returns whether it could be kept so. */
  setPlain(request: DnsRequest, answer: PlainAnswer, dice: Dice): boolean {
    return this.success.setPlain(request, answer, dice);
  }

  delete(half: Half, request: DnsRequest): void {
    this[half].delete(request);
  }

  copy(): CacheMemory {
    const counts = { ...this.counts, hits: { ...this.counts.hits } };
    return new CacheMemory(this.success.copy(), this.denial.copy(), counts);
  }
}
