/**
 * Numbers filed under names of two labels (`my-api.default`), in rows of one typed array: a look-up hashes the name and compares
 * it where it lies, so it touches one line of memory and no object. Among many thousand names that is what a look-up costs.
 *
 * A row: the name's length and the number of its namespace, the value, the name's characters. Rows that hash to the same place
 * stand behind each other (open addressing); a removal moves them up.
 */
import { hashOfWords, type NameWords } from './name-words.ts';

const HEAD_WORDS = 2;
const SLOTS_LEAST = 16;
/** Above this share of taken slots the table grows. */
const LOAD_MAX = 2 / 3;
const GROWTH = 1.5;
/** Large buffers begin this far into a line of memory (malloc's header); the rest of a line makes rows begin with one. */
const LINE_BYTES = 64;
const HEADER_BYTES = 16;

function rowsFor(slots: number, stride: number): Int32Array {
  const offset = LINE_BYTES - HEADER_BYTES;
  return new Int32Array(new ArrayBuffer(offset + slots * stride * 4), offset, slots * stride);
}

export interface FiledName {
  readonly name: string;
  readonly value: number;
}

/** Names of up to four characters a word. */
export class NameTable {
  readonly #stride: number;
  /** short rows share a line, in which the search begins */
  readonly #slotsPerLine: number;
  #slots = SLOTS_LEAST;
  #taken = 0;
  #rows: Int32Array;

  constructor(nameWords: number) {
    this.#stride = HEAD_WORDS + nameWords;
    this.#slotsPerLine = Math.max(1, Math.floor(LINE_BYTES / (this.#stride * 4)));
    this.#rows = rowsFor(this.#slots, this.#stride);
  }

  /** The row of the name that is the first `length` characters, for as long as nothing is written; -1 where there is none. */
  find(name: NameWords, length: number): number {
    const stride = this.#stride;
    const rows = this.#rows;
    for (let slot = this.#slotFor(name.hash(length, 0)); ; slot = this.#after(slot)) {
      const at = slot * stride;
      const head = rows[at]!;
      if ((head & 0xff) === length && name.beginsWith(rows, at + HEAD_WORDS, length)) return at;
      if (head === 0) return -1;
    }
  }

  valueAt(row: number): number {
    return this.#rows[row + 1]!;
  }

  namespaceAt(row: number): number {
    return this.#rows[row]! >>> 8;
  }

  /** The whole name, which is not empty. `value` is not negative. */
  set(name: NameWords, namespace: number, value: number): void {
    let row = this.find(name, name.length);
    if (row < 0) {
      if (this.#taken + 1 > this.#slots * LOAD_MAX) this.#grow();
      row = this.#freeFrom(name.hash(name.length, 0)) * this.#stride;
      this.#taken++;
      this.#rows[row] = name.length | (namespace << 8);
      name.copy(this.#rows, row + HEAD_WORDS);
    }
    this.#rows[row + 1] = value;
  }

  delete(name: NameWords): void {
    const row = this.find(name, name.length);
    if (row < 0) return;
    const stride = this.#stride;
    const rows = this.#rows;
    let hole = row / stride;
    this.#taken--;
    // What stands behind the hole moves into it, unless its search begins behind the hole.
    for (let slot = this.#after(hole); rows[slot * stride] !== 0; slot = this.#after(slot)) {
      const home = this.#homeOf(rows, slot * stride);
      const beginsBehind = hole < slot ? home > hole && home <= slot : home > hole || home <= slot;
      if (beginsBehind) continue;
      rows.copyWithin(hole * stride, slot * stride, (slot + 1) * stride);
      hole = slot;
    }
    rows.fill(0, hole * stride, (hole + 1) * stride);
  }

  *all(): Generator<FiledName> {
    const rows = this.#rows;
    for (let at = 0; at < rows.length; at += this.#stride) {
      if (rows[at] === 0) continue;
      const bytes = new Uint8Array(rows.buffer, rows.byteOffset + (at + HEAD_WORDS) * 4, rows[at]! & 0xff);
      yield { name: String.fromCharCode(...bytes), value: rows[at + 1]! };
    }
  }

  #slotFor(hash: number): number {
    const perLine = this.#slotsPerLine;
    return Math.floor((hash >>> 0) * (this.#slots / perLine / 2 ** 32)) * perLine;
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #freeFrom(hash: number): number {
    let slot = this.#slotFor(hash);
    while (this.#rows[slot * this.#stride] !== 0) slot = this.#after(slot);
    return slot;
  }

  /** Where the search for a taken row begins. */
  #homeOf(rows: Int32Array, row: number): number {
    return this.#slotFor(hashOfWords(rows, row + HEAD_WORDS, rows[row]! & 0xff, 0));
  }

  #grow(): void {
    const before = this.#rows;
    const stride = this.#stride;
    this.#slots = Math.ceil((this.#slots * GROWTH) / this.#slotsPerLine) * this.#slotsPerLine;
    this.#rows = rowsFor(this.#slots, stride);
    for (let at = 0; at < before.length; at += stride) {
      if (before[at] === 0) continue;
      const slot = this.#freeFrom(hashOfWords(before, at + HEAD_WORDS, before[at]! & 0xff, 0));
      this.#rows.set(before.subarray(at, at + stride), slot * stride);
    }
  }
}
