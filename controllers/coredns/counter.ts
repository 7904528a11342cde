/** Counts under labels, as Prometheus' counter vectors: labels are there from the first time that they are counted. */
import type { MetricSample } from './metrics.ts';

export class Counter {
  readonly #counted = new Map<string, MetricSample>();

  /** One more under these labels, which are always named in the same order. */
  add(labels: MetricSample['labels']): void {
    const key = JSON.stringify(labels);
    const before = this.#counted.get(key)?.value ?? 0;
    this.#counted.set(key, { labels, value: before + 1 });
  }

  get samples(): readonly MetricSample[] {
    return [...this.#counted.values()];
  }

  copy(): Counter {
    const copy = new Counter();
    for (const [key, sample] of this.#counted) copy.#counted.set(key, sample);
    return copy;
  }
}
