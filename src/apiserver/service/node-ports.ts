/** The node ports of a cluster. Source: kubernetes pkg/registry/core/service/portallocator/allocator.go. */
import type { Dice } from '../../model/index.ts';
import { BandedAllocator, lowerBand } from './allocator.ts';

const BAND_LEAST = 16;
const BAND_MOST = 128;
const BAND_STEP = 32;

export class NodePortAllocator {
  readonly #first: number;
  readonly #last: number;
  readonly #ports: BandedAllocator;

  /** Both ends belong to the range. */
  constructor([first, last]: readonly [number, number]) {
    this.#first = first;
    this.#last = last;
    const size = last - first + 1;
    this.#ports = new BandedAllocator(size, lowerBand(size, BAND_LEAST, BAND_MOST, BAND_STEP));
  }

  get taken(): number {
    return this.#ports.taken;
  }

  /** Takes `port`, or says why it cannot be had, in the allocator's words. */
  take(port: number): string | undefined {
    if (port < this.#first || port > this.#last) {
      return `provided port is not in the valid range. The range of valid ports is ${this.#first}-${this.#last}`;
    }
    return this.#ports.take(port - this.#first) ? undefined : 'provided port is already allocated';
  }

  /** Takes any free port; undefined where there is none. */
  takeNext(dice: Dice): number | undefined {
    const offset = this.#ports.takeNext(dice);
    return offset === undefined ? undefined : this.#first + offset;
  }

  release(port: number): void {
    if (port >= this.#first && port <= this.#last) this.#ports.release(port - this.#first);
  }
}
