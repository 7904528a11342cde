/**
 * Takes numbers from a range that is split in two bands: dynamic allocations come at random from the upper band, and from
 * the lower one, which is left to static allocations, only where the upper is full (KEP-3070, KEP-3668).
 *
 * ```text
 *   offset 0 . . . band | band . . . size - 1
 *   static is preferred | dynamic is preferred: a random start, then the next free one, round about
 * ```
 *
 * Sources: kubernetes pkg/registry/core/service/ipallocator/ipallocator.go, pkg/registry/core/service/portallocator.
 */
import type { Dice } from '../../model/index.ts';
import { NumberPool } from '../number-pool.ts';

/** The size of the lower band: `size / step`, at least `least`, at most `most`, nothing in a range of `least` or fewer. */
export function lowerBand(size: number, least: number, most: number, step: number): number {
  if (size <= least) return 0;
  return Math.max(least, Math.min(most, Math.floor(size / step)));
}

export class BandedAllocator {
  readonly #pool: NumberPool;
  readonly #band: number;

  constructor(size: number, band: number) {
    this.#pool = new NumberPool(size);
    this.#band = band;
  }

  get taken(): number {
    return this.#pool.taken;
  }

  take(offset: number): boolean {
    return this.#pool.take(offset);
  }

  release(offset: number): void {
    this.#pool.release(offset);
  }

  /** Takes any free number; undefined where the range is full. */
  takeNext(dice: Dice): number | undefined {
    const offset = this.#search(this.#band, this.#pool.size, dice) ?? this.#search(0, this.#band, dice);
    if (offset !== undefined) this.#pool.take(offset);
    return offset;
  }

  #search(from: number, to: number, dice: Dice): number | undefined {
    if (to <= from) return undefined;
    const start = from + dice.below(to - from);
    return this.#pool.nextFree(start, to) ?? this.#pool.nextFree(from, start);
  }
}
