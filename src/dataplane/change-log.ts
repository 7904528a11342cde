/**
 * Which keys changed from one version of a persistent table to a later one: whoever keeps something made from a version
 * follows at the cost of the changes. A memo, never a meaning: what is asked for too late is not known any more.
 */
import type { Key } from '../model/index.ts';

/** Changes that are kept at least; twice as many at most. */
const KEPT = 4096;

export class ChangeLog {
  #keys: Key[] = [];
  /** the position of the first key that is kept */
  #start = 0;

  /** the position that the next change will take */
  get end(): number {
    return this.#start + this.#keys.length;
  }

  append(key: Key): void {
    this.#keys.push(key);
    if (this.#keys.length < 2 * KEPT) return;
    this.#keys = this.#keys.slice(KEPT);
    this.#start += KEPT;
  }

  /** Each key that changed from position `from` up to, and without, `to`; undefined where that is forgotten. */
  between(from: number, to: number): ReadonlySet<Key> | undefined {
    if (from < this.#start || from > to) return undefined;
    return new Set(this.#keys.slice(from - this.#start, to - this.#start));
  }
}
