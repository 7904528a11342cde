/**
 * Numbers from 0 up to a size, taken and free, with the next free one found in a few steps whatever is taken.
 *
 * ```text
 *   level 1:  ......................1.........    a bit for each full word of the level below
 *   level 0:  01100.. 00000.. 11111.. 00010..     a bit for each number taken, 32 in a word
 * ```
 */
const WORD_BITS = 32;
const FULL = 0xffffffff | 0;

export class NumberPool {
  readonly size: number;
  readonly #levels: Int32Array[] = [];
  #taken = 0;

  constructor(size: number) {
    this.size = size;
    for (let count = size; ; count = Math.ceil(count / WORD_BITS)) {
      const words = Math.max(1, Math.ceil(count / WORD_BITS));
      const level = new Int32Array(words);
      // Bits past the end count as taken, so that no search ends on them.
      const spare = words * WORD_BITS - count;
      if (spare > 0) level[words - 1] = spare === WORD_BITS ? FULL : FULL << (WORD_BITS - spare);
      this.#levels.push(level);
      if (words === 1) break;
    }
  }

  get taken(): number {
    return this.#taken;
  }

  has(number: number): boolean {
    return isSet(this.#levels[0]!, number);
  }

  /** Takes a number; false where it is taken already. */
  take(number: number): boolean {
    if (this.has(number)) return false;
    this.#taken++;
    let bit = number;
    for (const level of this.#levels) {
      const word = bit >>> 5;
      level[word]! |= 1 << (bit & 31);
      if (level[word] !== FULL) break;
      bit = word;
    }
    return true;
  }

  release(number: number): void {
    if (!this.has(number)) return;
    this.#taken--;
    let bit = number;
    for (const level of this.#levels) {
      const word = bit >>> 5;
      const wasFull = level[word] === FULL;
      level[word]! &= ~(1 << (bit & 31));
      if (!wasFull) break;
      bit = word;
    }
  }

  /** The first free number at or after `from` and before `to`, or undefined. */
  nextFree(from: number, to: number): number | undefined {
    let bit = from;
    for (let depth = 0; depth < this.#levels.length; depth++) {
      const level = this.#levels[depth]!;
      const word = bit >>> 5;
      if (word >= level.length) return undefined;
      const free = ~level[word]! & (FULL << (bit & 31));
      if (free !== 0) {
        const found = this.#descend(depth, word * WORD_BITS + lowestBit(free));
        return found < to ? found : undefined;
      }
      bit = word + 1;
    }
    return undefined;
  }

  #descend(depth: number, bit: number): number {
    let number = bit;
    for (let level = depth - 1; level >= 0; level--) {
      number = number * WORD_BITS + lowestBit(~this.#levels[level]![number]!);
    }
    return number;
  }
}

function isSet(level: Int32Array, bit: number): boolean {
  return (level[bit >>> 5]! & (1 << (bit & 31))) !== 0;
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
