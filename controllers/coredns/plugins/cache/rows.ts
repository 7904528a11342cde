/**
 * One half of the cache: rows in 256 shards, each with a bound of its own; a full shard drops any one of its rows. Most of what
 * is kept is one address, which a row holds whole: among more names than the cache has room for, each query keeps one and drops
 * another, and objects for them would be swept for ever.
 *
 * A row: what it holds, the TTL, and the name's characters. Beside the rows stand the hashes of name and type, which a search
 * goes through. CoreDNS hashes the packed question, this hashes words: which names share a shard differs, how many fit does not.
 *
 * Source: CoreDNS plugin/pkg/cache/cache.go.
 */
import { type NameWords, wordsOfName } from '../../../../src/dataplane/index.ts';
import type { Dice, Moment } from '../../../../src/model/index.ts';
import { wantsDnssec } from '../../message.ts';
import type { DnsRequest } from '../../plugin.ts';
import type { CacheItem } from './item.ts';

const SHARDS = 256;
const SHARD_CAPACITY_LEAST = 4;
const ROWS_LEAST = 16;
const ROW_WORDS = 32;
const HEAD_WORDS = 2;
/** A longer name's item is an object. */
const PLAIN_LENGTH_MAX = (ROW_WORDS - HEAD_WORDS) * 4;

/** One address under the name asked for, and nothing else. */
export interface PlainAnswer {
  readonly address: string;
  /** seconds */
  readonly ttl: number;
  readonly storedAt: Moment;
}

/** Queries for other classes, with DO and with CD have items of their own. */
function keyOf(request: DnsRequest): string {
  const plain = `${request.type} ${request.lowerName}`;
  if (request.class === 'IN' && !request.checkingDisabled && request.edns?.dnssecOk !== true) return plain;
  return `${request.class}${wantsDnssec(request) ? ' do' : ''}${request.checkingDisabled ? ' cd' : ''} ${plain}`;
}

function seedOf(type: string): number {
  let seed = 0;
  for (let i = 0; i < type.length; i++) seed = seed * 31 + type.charCodeAt(i);
  return seed | 0;
}

/** What a row says that holds an address for this query; 0 for queries that are never answered so. */
function plainTag({ type, class: asked, checkingDisabled, edns }: DnsRequest, name: NameWords): number {
  if (asked !== 'IN' || checkingDisabled || edns?.dnssecOk === true) return 0;
  if ((type !== 'A' && type !== 'AAAA') || !name.isPlain || name.length > PLAIN_LENGTH_MAX) return 0;
  return (name.length << 1) | (type === 'A' ? 0 : 1);
}

export class CacheRows {
  readonly #shardCapacity: number;
  /** by hash: a row's number and one; 0 where there is none. Rows of the same place stand behind each other */
  #index = new Int32Array(ROWS_LEAST * 2);
  #hashes = new Int32Array(ROWS_LEAST);
  #rows = new Int32Array(ROWS_LEAST * ROW_WORDS);
  #storedAt = new Float64Array(ROWS_LEAST);
  /** an address where the row is plain */
  #items: (CacheItem | string | undefined)[] = [];
  /** of items that are objects */
  #keys: (string | undefined)[] = [];
  #free: number[] = [];
  /** the rows of each shard; none before the first is kept */
  #members = new Int32Array(0);
  #counts = new Int32Array(SHARDS);
  #size = 0;
  #hashedName: string | undefined;
  #hashedType: string | undefined;
  #hashed = 0;
  /** items that had to go because their shard was full */
  evictions = 0;

  constructor(capacity: number) {
    this.#shardCapacity = Math.max(Math.floor(capacity / SHARDS), SHARD_CAPACITY_LEAST);
  }

  get size(): number {
    return this.#size;
  }

  /** The row of what is kept for a query; -1 where nothing is. */
  find(request: DnsRequest): number {
    if (this.#size === 0) return -1;
    const name = wordsOfName(request.lowerName);
    return this.#rowOf(request, name, this.#hash(request, name));
  }

  isPlain(row: number): boolean {
    return this.#rows[row * ROW_WORDS] !== 0;
  }

  /** of a plain row */
  address(row: number): string {
    return this.#items[row] as string;
  }

  /** of a plain row, in seconds */
  ttl(row: number): number {
    return this.#rows[row * ROW_WORDS + 1]!;
  }

  /** of a plain row */
  storedAt(row: number): Moment {
    return this.#storedAt[row]!;
  }

  /** of any other row */
  item(row: number): CacheItem {
    return this.#items[row] as CacheItem;
  }

  set(request: DnsRequest, item: CacheItem, dice: Dice): void {
    const row = this.#place(request, dice);
    this.#rows[row * ROW_WORDS] = 0;
    this.#items[row] = item;
    this.#keys[row] = keyOf(request);
  }

  /** Returns false where the query is of a kind, or for a name, that rows do not hold: nothing is kept then. */
  setPlain(request: DnsRequest, { address, ttl, storedAt }: PlainAnswer, dice: Dice): boolean {
    const name = wordsOfName(request.lowerName);
    const tag = plainTag(request, name);
    if (tag === 0) return false;
    const row = this.#place(request, dice);
    const rows = this.#rows;
    const at = row * ROW_WORDS;
    rows[at] = tag;
    rows[at + 1] = ttl;
    name.copyWhole(rows, at + HEAD_WORDS);
    this.#storedAt[row] = storedAt;
    this.#items[row] = address;
    this.#keys[row] = undefined;
    return true;
  }

  delete(request: DnsRequest): void {
    const row = this.find(request);
    if (row < 0) return;
    const first = (this.#hashes[row]! >>> 24) * this.#shardCapacity;
    const last = first + --this.#counts[this.#hashes[row]! >>> 24]!;
    this.#members[this.#members.indexOf(row, first)] = this.#members[last]!;
    this.#unlink(row);
    this.#items[row] = undefined;
    this.#keys[row] = undefined;
    this.#free.push(row);
    this.#size--;
  }

  copy(): CacheRows {
    const copy = new CacheRows(this.#shardCapacity * SHARDS);
    copy.evictions = this.evictions;
    copy.#index = this.#index.slice();
    copy.#hashes = this.#hashes.slice();
    copy.#rows = this.#rows.slice();
    copy.#storedAt = this.#storedAt.slice();
    copy.#items = this.#items.map((item) => (typeof item === 'object' ? { ...item, usage: { ...item.usage } } : item));
    copy.#keys = [...this.#keys];
    copy.#free = [...this.#free];
    copy.#members = this.#members.slice();
    copy.#counts = this.#counts.slice();
    copy.#size = this.#size;
    return copy;
  }

  /** What is looked for is nearly always what is kept next. */
  #hash({ lowerName, type }: DnsRequest, name: NameWords): number {
    if (this.#hashedName !== lowerName || this.#hashedType !== type) {
      this.#hashedName = lowerName;
      this.#hashedType = type;
      this.#hashed = name.hash(0, name.length, seedOf(type));
    }
    return this.#hashed;
  }

  #rowOf(request: DnsRequest, name: NameWords, hash: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let place = hash & mask; index[place] !== 0; place = (place + 1) & mask) {
      const row = index[place]! - 1;
      if (this.#hashes[row]! === hash && this.#holds(row, request, name)) return row;
    }
    return -1;
  }

  #holds(row: number, request: DnsRequest, name: NameWords): boolean {
    const at = row * ROW_WORDS;
    const tag = this.#rows[at]!;
    if (tag === 0) return this.#keys[row] === keyOf(request);
    return tag === plainTag(request, name) && name.equals(this.#rows, at + HEAD_WORDS, 0, name.length);
  }

  /** The query's row, or one that becomes its. */
  #place(request: DnsRequest, dice: Dice): number {
    const name = wordsOfName(request.lowerName);
    const hash = this.#hash(request, name);
    const known = this.#rowOf(request, name, hash);
    if (known >= 0) return known;
    const row = this.#emptied(hash >>> 24, dice);
    this.#hashes[row] = hash;
    this.#link(row, hash);
    return row;
  }

  /** A row for another member of a shard, which drops one where it is full. */
  #emptied(shard: number, dice: Dice): number {
    const capacity = this.#shardCapacity;
    if (this.#members.length === 0) this.#members = new Int32Array(SHARDS * capacity);
    const count = this.#counts[shard]!;
    if (count === capacity) {
      const row = this.#members[shard * capacity + dice.below(count)]!;
      this.#unlink(row);
      this.evictions++;
      return row;
    }
    const row = this.#free.pop() ?? this.#size;
    this.#size++;
    if (row * ROW_WORDS === this.#rows.length) this.#grow();
    this.#members[shard * capacity + count] = row;
    this.#counts[shard] = count + 1;
    return row;
  }

  #grow(): void {
    const { length } = this.#storedAt;
    const [hashes, rows, storedAt] = [this.#hashes, this.#rows, this.#storedAt];
    this.#hashes = new Int32Array(length * 2);
    this.#hashes.set(hashes);
    this.#rows = new Int32Array(length * 2 * ROW_WORDS);
    this.#rows.set(rows);
    this.#storedAt = new Float64Array(length * 2);
    this.#storedAt.set(storedAt);
    const index = this.#index;
    this.#index = new Int32Array(index.length * 2);
    for (const entry of index) if (entry !== 0) this.#link(entry - 1, hashes[entry - 1]!);
  }

  #link(row: number, hash: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let place = hash & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = row + 1;
  }

  /** Takes a row out of the index; what stands behind it moves up, unless its search begins behind the hole. */
  #unlink(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = this.#hashes[row]! & mask;
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; index[place] !== 0; place = (place + 1) & mask) {
      const home = this.#hashes[index[place]! - 1]! & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      index[hole] = index[place]!;
      hole = place;
    }
    index[hole] = 0;
  }
}
