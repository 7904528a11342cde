/** Seeded chance. Each component has dice of its own, so that a new one does not shift the rolls of the others. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Dice } from '../model/index.ts';

const UINT32 = 0x100000000;

export class SeededDice implements Dice {
  readonly #seed: number;
  readonly #generator: { next(): number };

  constructor(seed: number) {
    this.#seed = seed;
    this.#generator = xoroshiro128plus(seed);
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  fraction(): number {
    return (this.#generator.next() >>> 0) / UINT32;
  }

  split(component: string): Dice {
    let hash = 0x811c9dc5 ^ this.#seed;
    for (let i = 0; i < component.length; i++) hash = Math.imul(hash ^ component.charCodeAt(i), 0x01000193);
    return new SeededDice(hash | 0);
  }
}
