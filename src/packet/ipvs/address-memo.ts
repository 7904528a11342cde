/** Values by address, in open addressing: a memo of bounded size. What most addresses have in common takes no further look. */

/** a slot: the address, and the place of its value */
const SLOT_WORDS = 2;
const SLOTS_MIN = 64;
/** 4 MiB */
const SLOTS_MAX = 1 << 19;

/** Places of values: none; an address that was forgotten, whose slot stays taken; the usual one. Others begin after them. */
const EMPTY = 0;
const FORGOTTEN = 1;
const USUAL = 2;
const PLACES_MIN = 3;

export class AddressMemo<T> {
  readonly #usual: T;
  #slots = new Int32Array(SLOTS_MIN * SLOT_WORDS);
  #values: T[];
  /** places of values that were forgotten */
  #free: number[] = [];
  /** slots taken */
  #size = 0;

  /** `usual`: what most addresses have */
  constructor(usual: T) {
    this.#usual = usual;
    this.#values = new Array<T>(PLACES_MIN).fill(usual);
  }

  get(address: number): T | undefined {
    const place = this.#slots[this.#locate(address) + 1]!;
    if (place === USUAL) return this.#usual;
    return place < USUAL ? undefined : this.#values[place];
  }

  /** Files a value under an address that has none. */
  add(address: number, value: T): void {
    if (this.#size * 2 * SLOT_WORDS >= this.#slots.length) this.#grow();
    const slot = this.#locate(address);
    if (this.#slots[slot + 1] === EMPTY) this.#size++;
    this.#slots[slot] = address;
    this.#slots[slot + 1] = value === this.#usual ? USUAL : this.#put(value);
  }

  /** Files another value in the place of an unusual one. */
  replace(address: number, value: T): void {
    this.#values[this.#slots[this.#locate(address) + 1]!] = value;
  }

  #put(value: T): number {
    const place = this.#free.pop();
    if (place === undefined) return this.#values.push(value) - 1;
    this.#values[place] = value;
    return place;
  }

  forget(address: number): void {
    const slot = this.#locate(address);
    const place = this.#slots[slot + 1]!;
    if (place <= FORGOTTEN) return;
    this.#slots[slot + 1] = FORGOTTEN;
    if (place === USUAL) return;
    this.#values[place] = this.#usual;
    this.#free.push(place);
  }

  /** The slot of an address, or the empty one where its search ends. */
  #locate(address: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(address) & mask;
    while (slots[slot + 1] !== EMPTY && slots[slot] !== address) slot = (slot + SLOT_WORDS) & mask;
    return slot;
  }

  /** Twice as large, without what was forgotten; begun anew when it is as large as it may be. */
  #grow(): void {
    const [slots, values] = [this.#slots, this.#values];
    const isFull = slots.length >= SLOTS_MAX * SLOT_WORDS;
    this.#slots = new Int32Array(isFull ? SLOTS_MIN * SLOT_WORDS : slots.length * 2);
    this.#values = new Array<T>(PLACES_MIN).fill(this.#usual);
    this.#free = [];
    this.#size = 0;
    if (isFull) return;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS)
      if (slots[slot + 1]! > FORGOTTEN) this.add(slots[slot]!, values[slots[slot + 1]!]!);
  }
}

/** Where the search for an address begins, before the mask: a multiple of a slot's words. */
function hashOf(address: number): number {
  const hash = Math.imul(address, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) * SLOT_WORDS;
}
