/**
 * A controller's work queue: each key at most once, in the order it came; retries wait longer each time.
 * Source: client-go util/workqueue (DefaultTypedControllerRateLimiter: 5 ms doubling to 1000 s, and a bucket of 10/s, burst 100).
 *
 * All that is remembered of a key is in one item, which is looked up when the key is added, and never after that.
 */
import type { SchedulerLike } from 'rxjs';
import type { Key, Moment } from '../model/index.ts';
import type { Written } from './commit.ts';
import type { Backoff } from './controller.ts';

export const RETRY_FIRST_MS = 5;
export const RETRY_LONGEST_MS = 1_000_000;
export const RETRY_RATE_PER_SECOND = 10;
export const RETRY_BURST = 100;

/** Shared by all keys that no event woke; never written to. */
const NO_REVISIONS: readonly number[] = [];
const NEVER: Moment = Number.POSITIVE_INFINITY;

/** What is remembered of a key, for as long as there is anything to remember. */
export class WorkItem {
  readonly key: Key;
  isQueued = false;
  /** the one that is queued after it */
  next: WorkItem | undefined;
  /** the revisions of the events that woke it */
  because: readonly number[] = NO_REVISIONS;
  failures = 0;
  /** when it is to come where it is delayed; an earlier wish replaces a later one */
  delayedUntil: Moment = NEVER;
  /** what it has written: until when each kind must have been seen */
  unseen: readonly Written[] | undefined;

  constructor(key: Key) {
    this.key = key;
  }
}

export class WorkQueue {
  readonly #scheduler: SchedulerLike;
  readonly #ready: () => void;
  readonly #backoff: Backoff | undefined;
  readonly #items = new Map<Key, WorkItem>();
  /** the item that was looked up last: an object is asked before and after a change what it concerns, and says the same */
  #lookedUp: WorkItem | undefined;
  #first: WorkItem | undefined;
  #last: WorkItem | undefined;
  #tokensAt: Moment = 0;

  /** `ready` is called when a key came in: it need not be called again before the queue was drained */
  constructor(scheduler: SchedulerLike, ready: () => void, backoff?: Backoff) {
    this.#scheduler = scheduler;
    this.#backoff = backoff;
    this.#ready = ready;
  }

  add(key: Key, because?: number): void {
    this.put(this.#item(key), because);
  }

  /** Queues what is remembered already. */
  put(item: WorkItem, because?: number): void {
    if (item.isQueued) {
      if (because !== undefined) remember(item, because);
      return;
    }
    item.isQueued = true;
    item.because = because === undefined ? NO_REVISIONS : [because];
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#ready();
  }

  #item(key: Key): WorkItem {
    if (this.#lookedUp?.key === key) return this.#lookedUp;
    let item = this.#items.get(key);
    if (item === undefined) {
      item = new WorkItem(key);
      this.#items.set(key, item);
    }
    this.#lookedUp = item;
    return item;
  }

  /** The first key, with the revisions that woke it; undefined when empty. */
  take(): WorkItem | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (first.next === undefined) this.#last = undefined;
    first.next = undefined;
    first.isQueued = false;
    return first;
  }

  addAfter(item: WorkItem, afterMs: number): void {
    if (afterMs <= 0) {
      this.put(item);
      return;
    }
    const at = this.#scheduler.now() + afterMs;
    if (item.delayedUntil <= at) return;
    item.delayedUntil = at;
    const { key } = item;
    this.#scheduler.schedule(() => {
      // Forgotten meanwhile, and remembered anew, it is another item.
      const delayed = this.#items.get(key);
      if (delayed?.delayedUntil !== at) return;
      delayed.delayedUntil = NEVER;
      this.put(delayed);
    }, afterMs);
  }

  /** Puts a key back after a failure, for no less than `atLeastMs`. */
  retry(item: WorkItem, atLeastMs = 0): void {
    const failures = item.failures++;
    const { firstMs = RETRY_FIRST_MS, longestMs = RETRY_LONGEST_MS } = this.#backoff ?? {};
    const exponentialMs = Math.min(firstMs * 2 ** failures, longestMs);
    // A queue with a backoff of its own has no bucket (client-go NewTypedItemExponentialFailureRateLimiter).
    const bucketMs = this.#backoff === undefined ? this.#reserveToken() : 0;
    this.addAfter(item, Math.max(exponentialMs, bucketMs, atLeastMs));
  }

  /** A key went well: its next failure starts anew, and where nothing else is to be remembered, so does everything. */
  forget(item: WorkItem): void {
    item.failures = 0;
    if (item.isQueued || item.delayedUntil !== NEVER || item.unseen !== undefined) return;
    this.#items.delete(item.key);
    if (this.#lookedUp === item) this.#lookedUp = undefined;
  }

  clear(): void {
    this.#items.clear();
    this.#lookedUp = undefined;
    this.#first = undefined;
    this.#last = undefined;
  }

  /** How long the next retry must wait for the bucket. */
  #reserveToken(): number {
    const now = this.#scheduler.now();
    const perTokenMs = 1000 / RETRY_RATE_PER_SECOND;
    this.#tokensAt = Math.max(this.#tokensAt, now - perTokenMs * RETRY_BURST) + perTokenMs;
    return Math.max(0, this.#tokensAt - now);
  }
}

function remember(item: WorkItem, because: number): void {
  if (item.because === NO_REVISIONS) item.because = [because];
  else if (item.because.at(-1) !== because) (item.because as number[]).push(because);
}
