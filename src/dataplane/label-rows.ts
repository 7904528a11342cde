/**
 * Numbers filed under DNS labels, in rows of one typed array: a look-up hashes to a row and compares the label there, so it
 * touches a line or two of memory and no object. Among many thousand names that is what a look-up costs.
 *
 * A row: the label's length and its owner's number, the value, the label's characters. Rows that hash to the same place stand
 * behind each other (open addressing); a removal moves them up.
 */
import { hashOfWords, type NameWords } from './name-words.ts';

const HEAD_WORDS = 2;
const SLOTS_LEAST = 16;
/** Above this share of taken slots the table grows. */
const LOAD_MAX = 2 / 3;
const GROWTH = 1.5;
/** Two short rows share a cache line, in which the search begins. */
const SLOTS_PER_LINE = 2;
/** Large buffers begin this far into a line (malloc's header); the rest of a line makes rows begin with one. */
const LINE_BYTES = 64;
const HEADER_BYTES = 16;

function rowsFor(slots: number, stride: number): Int32Array {
  const offset = LINE_BYTES - HEADER_BYTES;
  return new Int32Array(new ArrayBuffer(offset + slots * stride * 4), offset, slots * stride);
}

export interface FiledLabel {
  readonly owner: number;
  readonly value: number;
  readonly label: string;
}

class Rows {
  readonly #stride: number;
  readonly #seedOf: (owner: number) => number;
  #slots = SLOTS_LEAST;
  #taken = 0;
  #rows: Int32Array;

  constructor(labelWords: number, seedOf: (owner: number) => number) {
    this.#stride = HEAD_WORDS + labelWords;
    this.#seedOf = seedOf;
    this.#rows = rowsFor(this.#slots, this.#stride);
  }

  /** The value; -1 where there is none. */
  find(name: NameWords, from: number, to: number, owner: number, hash: number): number {
    const slot = this.#slotOf(name, from, to, owner, hash);
    return slot < 0 ? -1 : this.#rows[slot * this.#stride + 1]!;
  }

  set(name: NameWords, from: number, to: number, owner: number, value: number): void {
    const hash = name.hash(from, to, this.#seedOf(owner));
    let slot = this.#slotOf(name, from, to, owner, hash);
    if (slot < 0) {
      if (this.#taken + 1 > this.#slots * LOAD_MAX) this.#grow();
      slot = this.#freeFrom(hash);
      this.#taken++;
      const at = slot * this.#stride;
      this.#rows[at] = (to - from) | (owner << 8);
      name.copy(this.#rows, at + HEAD_WORDS, from, to);
    }
    this.#rows[slot * this.#stride + 1] = value;
  }

  delete(name: NameWords, from: number, to: number, owner: number): void {
    let hole = this.#slotOf(name, from, to, owner, name.hash(from, to, this.#seedOf(owner)));
    if (hole < 0) return;
    const stride = this.#stride;
    const rows = this.#rows;
    this.#taken--;
    // What stands behind the hole moves into it, unless its search begins behind the hole.
    for (let slot = this.#after(hole); rows[slot * stride] !== 0; slot = this.#after(slot)) {
      const home = this.#homeOf(slot);
      const beginsBehind = hole < slot ? home > hole && home <= slot : home > hole || home <= slot;
      if (beginsBehind) continue;
      rows.copyWithin(hole * stride, slot * stride, (slot + 1) * stride);
      hole = slot;
    }
    rows.fill(0, hole * stride, (hole + 1) * stride);
  }

  *all(): Generator<FiledLabel> {
    for (let at = 0; at < this.#rows.length; at += this.#stride) {
      const tag = this.#rows[at]!;
      if (tag === 0) continue;
      const bytes = new Uint8Array(this.#rows.buffer, this.#rows.byteOffset + (at + HEAD_WORDS) * 4, tag & 0xff);
      yield { owner: tag >>> 8, value: this.#rows[at + 1]!, label: String.fromCharCode(...bytes) };
    }
  }

  #slotOf(name: NameWords, from: number, to: number, owner: number, hash: number): number {
    const stride = this.#stride;
    const rows = this.#rows;
    const tag = (to - from) | (owner << 8);
    let slot = this.#slotFor(hash);
    for (;;) {
      const found = rows[slot * stride];
      if (found === 0) return -1;
      if (found === tag && name.equals(rows, slot * stride + HEAD_WORDS, from, to)) return slot;
      slot = this.#after(slot);
    }
  }

  #slotFor(hash: number): number {
    return Math.floor((hash >>> 0) * (this.#slots / SLOTS_PER_LINE / 2 ** 32)) * SLOTS_PER_LINE;
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
  #homeOf(slot: number): number {
    const at = slot * this.#stride;
    const tag = this.#rows[at]!;
    return this.#slotFor(hashOfWords(this.#rows, at + HEAD_WORDS, tag & 0xff, this.#seedOf(tag >>> 8)));
  }

  #grow(): void {
    const before = this.#rows;
    const stride = this.#stride;
    this.#slots = Math.ceil((this.#slots * GROWTH) / SLOTS_PER_LINE) * SLOTS_PER_LINE;
    this.#rows = rowsFor(this.#slots, stride);
    for (let at = 0; at < before.length; at += stride) {
      const tag = before[at]!;
      if (tag === 0) continue;
      const slot = this.#freeFrom(hashOfWords(before, at + HEAD_WORDS, tag & 0xff, this.#seedOf(tag >>> 8)));
      this.#rows.set(before.subarray(at, at + stride), slot * stride);
    }
  }
}

/** Most labels are short: theirs are small rows, and the few long ones have rows of their own. */
const SHORT_WORDS = 6;
const LONG_WORDS = 16;

export class LabelRows {
  readonly #short: Rows;
  readonly #long: Rows;

  /** `seedOf`: what an owner's labels are hashed with beside their characters. */
  constructor(seedOf: (owner: number) => number) {
    this.#short = new Rows(SHORT_WORDS, seedOf);
    this.#long = new Rows(LONG_WORDS, seedOf);
  }

  /**
   * What is filed for `owner` under the label that a name has from `from` to `to`, which is not empty; -1 where nothing is. `hash` is
   * the label's with the owner's seed.
   */
  find(name: NameWords, from: number, to: number, owner: number, hash: number): number {
    return this.#of(to - from).find(name, from, to, owner, hash);
  }

  /** `value` is not negative. */
  set(name: NameWords, from: number, to: number, owner: number, value: number): void {
    this.#of(to - from).set(name, from, to, owner, value);
  }

  delete(name: NameWords, from: number, to: number, owner: number): void {
    this.#of(to - from).delete(name, from, to, owner);
  }

  *all(): Generator<FiledLabel> {
    yield* this.#short.all();
    yield* this.#long.all();
  }

  #of(length: number): Rows {
    return length <= SHORT_WORDS * 4 ? this.#short : this.#long;
  }
}
