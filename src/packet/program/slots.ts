/** Integers by two integers, in one array: open addressing. A memo of bounded size: when it is full it is begun anew. */

/** a slot: the two keys, and the value; the fourth only fills the cache line */
const SLOT_WORDS = 4;
const SLOTS_MIN = 16;
/** 16 MiB */
const SLOTS_MAX = 1 << 20;
/** what `get` gives for a key that is not here; values are above it */
export const ABSENT = -0x80000000;

export class Slots {
  #slots = new Int32Array(SLOTS_MIN * SLOT_WORDS);
  #size = 0;

  get(a: number, b: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hashOf(a, b) & mask; slots[at + 3] !== 0; at = (at + SLOT_WORDS) & mask) {
      if (slots[at] === a && slots[at + 1] === b) return slots[at + 2]!;
    }
    return ABSENT;
  }

  /** Files a value under a key that is not here yet. */
  add(a: number, b: number, value: number): void {
    if (this.#size * 2 * SLOT_WORDS >= this.#slots.length) this.#grow();
    this.#put(a, b, value);
    this.#size++;
  }

  #put(a: number, b: number, value: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hashOf(a, b) & mask;
    while (slots[at + 3] !== 0) at = (at + SLOT_WORDS) & mask;
    slots[at] = a;
    slots[at + 1] = b;
    slots[at + 2] = value;
    slots[at + 3] = 1;
  }

  #grow(): void {
    const before = this.#slots;
    if (before.length >= SLOTS_MAX * SLOT_WORDS) {
      this.#slots = new Int32Array(SLOTS_MIN * SLOT_WORDS);
      this.#size = 0;
      return;
    }
    this.#slots = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += SLOT_WORDS)
      if (before[at + 3] !== 0) this.#put(before[at]!, before[at + 1]!, before[at + 2]!);
  }
}

/** Where the search for a key begins, before the mask: a multiple of a slot's words. */
function hashOf(a: number, b: number): number {
  const hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  return (hash ^ (hash >>> 15)) * SLOT_WORDS;
}
