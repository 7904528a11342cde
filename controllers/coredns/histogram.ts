/** Counts of values by size, as Prometheus' classic histograms. Source: CoreDNS plugin/plugin.go (`TimeBuckets`, `SlimTimeBuckets`). */
import type { MetricSample } from './metrics.ts';

function powers(first: number, factor: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Number((first * factor ** i).toPrecision(6)));
}

/** From 0.25 ms to 8 s, in seconds. */
export const TIME_BUCKETS = powers(0.00025, 2, 16);
/** From 0.25 ms to 2.5 s, in seconds. */
export const SLIM_TIME_BUCKETS = powers(0.00025, 10, 5);
/** Sizes of messages, in bytes. */
export const SIZE_BUCKETS: readonly number[] = [
  0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000,
];

export class Histogram {
  readonly #bounds: readonly number[];
  /** of the values up to each bound and above the one before; the last of those above all */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number, times = 1): void {
    let i = 0;
    while (i < this.#bounds.length && value > this.#bounds[i]!) i++;
    this.#counts[i]! += times;
    this.#sum += value * times;
  }

  copy(): Histogram {
    const copy = new Histogram(this.#bounds);
    for (let i = 0; i < this.#counts.length; i++) copy.#counts[i] = this.#counts[i]!;
    copy.#sum = this.#sum;
    return copy;
  }

  sample(labels: MetricSample['labels']): MetricSample {
    return { labels, value: this.#sum, buckets: { bounds: this.#bounds, counts: [...this.#counts] } };
  }
}
