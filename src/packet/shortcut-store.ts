/**
 * Where shortcuts (shortcut.ts) are kept: all in one array, close together, so that a packet finds its own in a few cache
 * lines. A memo: when it is full it is begun anew, and what is needed again is worked out again.
 *
 * A shortcut is these words: its number, how many marks, how many endpoints; then five words a mark (network, mask, whether
 * inverted, the mark's mask and value); then the endpoints' thresholds; then three words an endpoint (source, address, and
 * port << 8 | protocol, or -1).
 */
import type { Choice } from './choice.ts';

export const HEAD_WORDS = 3;
export const MARK_WORDS = 5;
export const END_WORDS = 3;
/** 16 MiB: some 80,000 Services of ten endpoints */
const WORDS_MAX = 1 << 22;

class ShortcutStore {
  words = new Int32Array(1024);
  /** grows when everything kept is forgotten: places of an older generation lead nowhere */
  generation = 0;
  /** by number: the rules, for packets that an endpoint sends to itself */
  choices: Choice[] = [];
  #used = 0;

  /** Keeps a shortcut and returns its place. */
  add(marks: readonly number[], choice: Choice): number {
    const count = choice.rules.length;
    const ends = choice.rules.map((_, i) => choice.endpoint(i));
    const shortcut = [
      this.choices.length,
      marks.length / MARK_WORDS,
      count,
      ...marks,
      ...ends.map(([threshold]) => threshold!),
      ...ends.flatMap(([, ...end]) => end),
    ];
    this.#makeRoom(shortcut.length);
    shortcut[0] = this.choices.length;
    const place = this.#used;
    this.words.set(shortcut, place);
    this.#used += shortcut.length;
    this.choices.push(choice);
    return place;
  }

  #makeRoom(count: number): void {
    if (this.#used + count <= this.words.length) return;
    if (this.words.length < WORDS_MAX) {
      const words = new Int32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
      return;
    }
    this.generation++;
    this.choices = [];
    this.#used = 0;
  }
}

export const shortcutStore = new ShortcutStore();

/** Slots of a table before it is begun anew: a node that talks to more Services at once than this is slower, not wrong. */
const SLOTS_MAX = 1 << 16;
/** destination, port << 8 | protocol, place + 1; the fourth only fills the line */
const SLOT_WORDS = 4;

/** One chain's shortcuts, by key: open addressing. */
export class Shortcuts {
  #slots = new Int32Array(16 * SLOT_WORDS);
  #generation = 0;
  #size = 0;

  /** The place in the store of the shortcut for this key, or -1. */
  find(destination: number, portAndProtocol: number): number {
    if (this.#size === 0 || this.#generation !== shortcutStore.generation) return -1;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = slotOf(destination, portAndProtocol) & mask; slots[at + 2] !== 0; at = (at + SLOT_WORDS) & mask) {
      if (slots[at] === destination && slots[at + 1] === portAndProtocol) return slots[at + 2]! - 1;
    }
    return -1;
  }

  add(destination: number, portAndProtocol: number, place: number): void {
    if (this.#generation !== shortcutStore.generation) this.#begin(this.#slots.length);
    if (this.#size * 2 * SLOT_WORDS >= this.#slots.length) this.#grow();
    this.#put(destination, portAndProtocol, place + 1);
    this.#size++;
  }

  #put(destination: number, portAndProtocol: number, found: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = slotOf(destination, portAndProtocol) & mask;
    while (slots[at + 2] !== 0) at = (at + SLOT_WORDS) & mask;
    slots[at] = destination;
    slots[at + 1] = portAndProtocol;
    slots[at + 2] = found;
  }

  #begin(words: number): void {
    this.#slots = new Int32Array(words);
    this.#generation = shortcutStore.generation;
    this.#size = 0;
  }

  #grow(): void {
    const before = this.#slots;
    if (before.length >= SLOTS_MAX * SLOT_WORDS) {
      this.#begin(before.length);
      return;
    }
    this.#slots = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += SLOT_WORDS)
      if (before[at + 2] !== 0) this.#put(before[at]!, before[at + 1]!, before[at + 2]!);
  }
}

/** Where the search for a key begins, before the mask: a multiple of a slot's words. */
function slotOf(destination: number, portAndProtocol: number): number {
  const hash = Math.imul(destination ^ Math.imul(portAndProtocol, 0x9e3779b1), 0x85ebca6b);
  return (hash ^ (hash >>> 15)) * SLOT_WORDS;
}
