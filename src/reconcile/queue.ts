/**
 * A controller's work queue: each key at most once, in the order it came; retries wait longer each time.
 * Source: client-go util/workqueue (DefaultTypedControllerRateLimiter: 5 ms doubling to 1000 s, and a bucket of 10/s, burst 100).
 */
import type { SchedulerLike } from 'rxjs';
import type { Key, Moment } from '../model/index.ts';
import type { Backoff } from './controller.ts';

export const RETRY_FIRST_MS = 5;
export const RETRY_LONGEST_MS = 1_000_000;
export const RETRY_RATE_PER_SECOND = 10;
export const RETRY_BURST = 100;

/** Shared by all keys that no event woke; never written to. */
const NO_REVISIONS: readonly number[] = [];

export class WorkQueue {
  readonly #scheduler: SchedulerLike;
  readonly #ready: () => void;
  readonly #backoff: Backoff | undefined;
  /** keys waiting, each with the revisions of the events that woke it */
  readonly #waiting = new Map<Key, readonly number[]>();
  /** stands before the first of them: a new iterator would step over the places of all that were taken */
  #next: MapIterator<[Key, readonly number[]]> | undefined;
  readonly #failures = new Map<Key, number>();
  /** when each delayed key is to come; an earlier wish replaces a later one */
  readonly #later = new Map<Key, Moment>();
  #tokensAt: Moment = 0;

  /** `ready` is called when a key came in: it need not be called again before the queue was drained */
  constructor(scheduler: SchedulerLike, ready: () => void, backoff?: Backoff) {
    this.#scheduler = scheduler;
    this.#backoff = backoff;
    this.#ready = ready;
  }

  get length(): number {
    return this.#waiting.size;
  }

  add(key: Key, because?: number): void {
    const revisions = this.#waiting.get(key);
    if (revisions !== undefined) {
      if (because !== undefined) this.#remember(key, revisions, because);
      return;
    }
    this.#waiting.set(key, because === undefined ? NO_REVISIONS : [because]);
    this.#ready();
  }

  #remember(key: Key, revisions: readonly number[], because: number): void {
    if (revisions === NO_REVISIONS) this.#waiting.set(key, [because]);
    else if (revisions.at(-1) !== because) (revisions as number[]).push(because);
  }

  /** The first key and the revisions that woke it; undefined when empty. */
  take(): readonly [Key, readonly number[]] | undefined {
    this.#next ??= this.#waiting.entries();
    const { value: first, done } = this.#next.next();
    if (done === true) this.#next = undefined;
    else this.#waiting.delete(first[0]);
    return first;
  }

  addAfter(key: Key, afterMs: number): void {
    if (afterMs <= 0) {
      this.add(key);
      return;
    }
    const at = this.#scheduler.now() + afterMs;
    if ((this.#later.get(key) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#later.set(key, at);
    this.#scheduler.schedule(() => {
      if (this.#later.get(key) !== at) return;
      this.#later.delete(key);
      this.add(key);
    }, afterMs);
  }

  /** Puts a key back after a failure, for no less than `atLeastMs`. */
  retry(key: Key, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { firstMs = RETRY_FIRST_MS, longestMs = RETRY_LONGEST_MS } = this.#backoff ?? {};
    const exponentialMs = Math.min(firstMs * 2 ** failures, longestMs);
    // A queue with a backoff of its own has no bucket (client-go NewTypedItemExponentialFailureRateLimiter).
    const bucketMs = this.#backoff === undefined ? this.#reserveToken() : 0;
    this.addAfter(key, Math.max(exponentialMs, bucketMs, atLeastMs));
  }

  /** A key went well: its next failure starts anew. */
  forget(key: Key): void {
    this.#failures.delete(key);
  }

  clear(): void {
    this.#waiting.clear();
    this.#failures.clear();
    this.#later.clear();
  }

  /** How long the next retry must wait for the bucket. */
  #reserveToken(): number {
    const now = this.#scheduler.now();
    const perTokenMs = 1000 / RETRY_RATE_PER_SECOND;
    this.#tokensAt = Math.max(this.#tokensAt, now - perTokenMs * RETRY_BURST) + perTokenMs;
    return Math.max(0, this.#tokensAt - now);
  }
}
