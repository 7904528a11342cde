/**
 * One half of the cache: rows in 256 shards, each with a bound of its own; a full shard drops any one of its rows. Most of what
 * is kept is one address, which a row holds whole: among more names than the cache has room for, each query keeps one and drops
 * another, and objects for them would be swept for ever.
 *
 * A row: what it holds, the TTL, when it was stored, and the name's characters; with most names that is one line of memory. The
 * hashes of name and type stand in the index and beside the shards' members, so that neither a search nor a drop waits for a row to
 * come from memory. CoreDNS hashes the packed question, this hashes words: which names share a shard differs, how many fit does not.
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
const HEAD_WORDS = 4;
const TTL_WORD = 1;
/** The moment takes two words, of which this is the first. */
const STORED_WORD = 2;
/** An entry of the index, or of a shard: a row's number, one more in the index, where 0 stands for none, and the row's hash. */
const ENTRY_WORDS = 2;
/** Large buffers begin this far into a line (malloc's header); the rest of a line makes rows begin with one. */
const LINE_BYTES = 64;
const HEADER_BYTES = 16;
/** A longer name's item is an object. */
const PLAIN_LENGTH_MAX = (ROW_WORDS - HEAD_WORDS) * 4;

/** One address under the name asked for, and nothing else. */
export interface PlainAnswer {
  readonly address: string;
  /** seconds */
  readonly ttl: number;
  readonly storedAt: Moment;
}

/** Rows as whole numbers; the same memory as floating-point numbers is where they keep moments. */
function rowsFor(count: number): Int32Array {
  const offset = LINE_BYTES - HEADER_BYTES;
  return new Int32Array(new ArrayBuffer(offset + count * ROW_WORDS * 4), offset, count * ROW_WORDS);
}

function momentsOf({ buffer, byteOffset, length }: Int32Array): Float64Array {
  return new Float64Array(buffer, byteOffset, length / 2);
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
  /** entries by hash; those of the same place stand behind each other */
  #index = new Int32Array(ROWS_LEAST * 2 * ENTRY_WORDS);
  #rows = rowsFor(ROWS_LEAST);
  #moments = momentsOf(this.#rows);
  /** an address where the row is plain */
  #items: (CacheItem | string | undefined)[] = [];
  /** of items that are objects */
  #keys: (string | undefined)[] = [];
  #free: number[] = [];
  /** the entries of each shard; none before the first is kept */
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
    return this.#rows[row * ROW_WORDS + TTL_WORD]!;
  }

  /** of a plain row */
  storedAt(row: number): Moment {
    return this.#moments[(row * ROW_WORDS + STORED_WORD) >> 1]!;
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
    if (rows[at] === 0) this.#keys[row] = undefined;
    rows[at] = tag;
    rows[at + TTL_WORD] = ttl;
    this.#moments[(at + STORED_WORD) >> 1] = storedAt;
    name.copy(rows, at + HEAD_WORDS);
    this.#items[row] = address;
    return true;
  }

  delete(request: DnsRequest): void {
    const row = this.find(request);
    if (row < 0) return;
    const hash = this.#hash(request, wordsOfName(request.lowerName));
    const members = this.#members;
    let at = this.#memberAt(hash >>> 24, 0);
    const last = this.#memberAt(hash >>> 24, --this.#counts[hash >>> 24]!);
    while (members[at] !== row) at += ENTRY_WORDS;
    members[at] = members[last]!;
    members[at + 1] = members[last + 1]!;
    this.#unlink(row, hash);
    this.#rows[row * ROW_WORDS] = 0;
    this.#items[row] = undefined;
    this.#keys[row] = undefined;
    this.#free.push(row);
    this.#size--;
  }

  copy(): CacheRows {
    const copy = new CacheRows(this.#shardCapacity * SHARDS);
    copy.evictions = this.evictions;
    copy.#index = this.#index.slice();
    copy.#setRows(this.#rows, this.#rows.length / ROW_WORDS);
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
      this.#hashed = name.hash(name.length, seedOf(type));
    }
    return this.#hashed;
  }

  #rowOf(request: DnsRequest, name: NameWords, hash: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = (hash * ENTRY_WORDS) & mask; index[at] !== 0; at = (at + ENTRY_WORDS) & mask) {
      const row = index[at]! - 1;
      if (index[at + 1] === hash && this.#holds(row, request, name)) return row;
    }
    return -1;
  }

  #holds(row: number, request: DnsRequest, name: NameWords): boolean {
    const at = row * ROW_WORDS;
    const tag = this.#rows[at]!;
    if (tag === 0) return this.#keys[row] === keyOf(request);
    return tag === plainTag(request, name) && name.beginsWith(this.#rows, at + HEAD_WORDS, name.length);
  }

  /** The query's row, or one that becomes its. */
  #place(request: DnsRequest, dice: Dice): number {
    const name = wordsOfName(request.lowerName);
    const hash = this.#hash(request, name);
    const known = this.#rowOf(request, name, hash);
    if (known >= 0) return known;
    const row = this.#emptied(hash, dice);
    this.#link(row, hash);
    return row;
  }

  #memberAt(shard: number, member: number): number {
    return (shard * this.#shardCapacity + member) * ENTRY_WORDS;
  }

  /** A row for another member of the shard that a hash falls into, which drops one where it is full. */
  #emptied(hash: number, dice: Dice): number {
    const shard = hash >>> 24;
    const capacity = this.#shardCapacity;
    if (this.#members.length === 0) this.#members = new Int32Array(SHARDS * capacity * ENTRY_WORDS);
    const members = this.#members;
    const count = this.#counts[shard]!;
    if (count === capacity) {
      const at = this.#memberAt(shard, dice.below(count));
      const row = members[at]!;
      this.#unlink(row, members[at + 1]!);
      members[at + 1] = hash;
      this.evictions++;
      return row;
    }
    const row = this.#free.pop() ?? this.#size;
    this.#size++;
    if (row * ROW_WORDS === this.#rows.length) this.#grow();
    const at = this.#memberAt(shard, count);
    members[at] = row;
    members[at + 1] = hash;
    this.#counts[shard] = count + 1;
    return row;
  }

  #grow(): void {
    this.#setRows(this.#rows, (this.#rows.length / ROW_WORDS) * 2);
    const index = this.#index;
    this.#index = new Int32Array(index.length * 2);
    for (let at = 0; at < index.length; at += ENTRY_WORDS) {
      if (index[at] !== 0) this.#link(index[at]! - 1, index[at + 1]!);
    }
  }

  /** These rows, with room for so many. */
  #setRows(rows: Int32Array, count: number): void {
    this.#rows = rowsFor(count);
    this.#rows.set(rows);
    this.#moments = momentsOf(this.#rows);
  }

  #link(row: number, hash: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = (hash * ENTRY_WORDS) & mask;
    while (index[at] !== 0) at = (at + ENTRY_WORDS) & mask;
    index[at] = row + 1;
    index[at + 1] = hash;
  }

  /** Takes a row out of the index; what stands behind it moves up, unless its search begins behind the hole. */
  #unlink(row: number, hash: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = (hash * ENTRY_WORDS) & mask;
    while (index[hole] !== row + 1) hole = (hole + ENTRY_WORDS) & mask;
    for (let at = (hole + ENTRY_WORDS) & mask; index[at] !== 0; at = (at + ENTRY_WORDS) & mask) {
      const home = (index[at + 1]! * ENTRY_WORDS) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = index[at]!;
      index[hole + 1] = index[at + 1]!;
      hole = at;
    }
    index[hole] = 0;
  }
}
