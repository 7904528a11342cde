/** The store under test, its watchers, and what they may do from within their callbacks. */
import { Subject, takeUntil } from 'rxjs';
import { expect } from 'vitest';
import { CompactedError, Store, type WatchEvent } from '../../../src/store/index.ts';
import { entryAt, eventsAfter, type History, type Value } from './history.ts';

/** A write; `expect` says which revision it demands: none, the key's own, that the key be absent, or a wrong one. */
export interface Write {
  readonly key: string;
  readonly remove: boolean;
  readonly expect: 'nothing' | 'current' | 'absence' | 'mistaken';
}

/** What a watcher does, once, when it is told of its `nth` event. */
export type Reaction = { readonly nth: number } & (
  | { readonly do: 'write'; readonly write: Write }
  | { readonly do: 'watch'; readonly watch: WatchPlan }
  | { readonly do: 'compact'; readonly share: number }
  | { readonly do: 'unsubscribe'; readonly watcher: number }
);

/** `share` of the way from the oldest kept revision to the newest; below 0 it is compacted, above 1 not made yet. */
export interface WatchPlan {
  readonly prefix: string;
  readonly share: number;
  readonly reactions: readonly Reaction[];
}

interface Watcher {
  readonly plan: WatchPlan;
  readonly from: number;
  readonly seen: WatchEvent<Value>[];
  /** false once it has unsubscribed or was refused */
  active: boolean;
  replaying: boolean;
  error: unknown;
  /** ends the watch, during its replay too */
  readonly stop: Subject<void>;
}

export class StoreUnderTest {
  readonly store = new Store<Value>();
  readonly watchers: Watcher[] = [];
  /** what went wrong within a callback: RxJS would swallow a throw there */
  readonly failures: unknown[] = [];
  /** the revision last told of to a watcher that is not replaying */
  #announced = 0;

  /** The kept revision that is `share` of the way from the oldest to the newest. */
  revisionAt(history: History, share: number): number {
    return history.compacted + Math.round(share * (history.events.length - history.compacted));
  }

  write(history: History, { key, remove, expect: demand }: Write): void {
    const latest = entryAt(history, key, history.events.length);
    const actual = latest?.modRevision ?? 0;
    const expected = { nothing: undefined, current: actual, absence: 0, mistaken: actual + 1 }[demand];
    const refused = (remove && actual === 0) || (expected !== undefined && expected !== actual);
    const revision = history.events.length + 1;
    const value = remove ? undefined : Object.freeze({ id: revision });
    // The model learns of the write first: watchers are told while it is being made.
    const name = key.includes('/') ? key.slice(key.indexOf('/') + 1) : '';
    if (!refused) history.events.push({ revision, key, name, value, before: latest?.value });
    const result = value === undefined ? this.store.delete(key, expected) : this.store.put(key, value, expected);
    expect(result).toEqual(refused ? { ok: false, actual } : { ok: true, revision });
  }

  compact(history: History, share: number): void {
    const revision = this.revisionAt(history, share);
    if (revision <= history.events.length) history.compacted = Math.max(history.compacted, revision);
    this.store.compact(revision);
    expect(this.store.compactedRevision).toBe(history.compacted);
  }

  watch(history: History, plan: WatchPlan): void {
    const from = this.revisionAt(history, plan.share);
    const { compacted } = history;
    const stop = new Subject<void>();
    const watcher: Watcher = { plan, from, seen: [], active: true, replaying: true, error: undefined, stop };
    this.watchers.push(watcher);
    this.store
      .watch(plan.prefix, from)
      .pipe(takeUntil(stop))
      .subscribe({
        next: (event) => this.#attempt(() => this.#told(history, watcher, event)),
        error: (error) => this.#attempt(() => this.#refused(history, watcher, error)),
      });
    watcher.replaying = false;
    if (from < compacted) expect(watcher.error).toEqual(new CompactedError(from, compacted));
  }

  unsubscribe(index: number): void {
    const watcher = this.watchers[index % Math.max(1, this.watchers.length)];
    if (watcher === undefined) return;
    watcher.active = false;
    watcher.stop.next();
  }

  /** At rest each watcher has seen all that it should have. */
  check(history: History): void {
    if (this.failures.length > 0) throw this.failures[0];
    expect(this.store.revision).toBe(history.events.length);
    for (const watcher of this.watchers) {
      if (watcher.active) expect(watcher.seen).toEqual(eventsAfter(history, watcher.plan.prefix, watcher.from));
    }
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (failure) {
      this.failures.push(failure);
    }
  }

  #told(history: History, watcher: Watcher, event: WatchEvent<Value>): void {
    expect(watcher.active, 'a watcher that has unsubscribed is told of nothing').toBe(true);
    const next = eventsAfter(history, watcher.plan.prefix, watcher.from)[watcher.seen.length];
    expect(event, 'the next event, none left out, none twice').toEqual(next);
    expect(event.value, 'the very value that was put').toBe(next?.value);
    watcher.seen.push(event);
    if (!watcher.replaying) {
      expect(event.revision, 'nobody hears of a write before all heard of what came before').toBeGreaterThanOrEqual(
        this.#announced,
      );
      this.#announced = event.revision;
    }
    for (const reaction of watcher.plan.reactions) {
      if (reaction.nth === watcher.seen.length) this.#react(history, reaction);
    }
  }

  /** A watch ends only where something was lost that it had yet to tell. */
  #refused(history: History, watcher: Watcher, error: unknown): void {
    watcher.active = false;
    watcher.error = error;
    expect(error).toBeInstanceOf(CompactedError);
    const lost = eventsAfter(history, watcher.plan.prefix.split('/')[0] ?? '', watcher.from).filter(
      (event) => event.revision <= history.compacted && event.revision > (watcher.seen.at(-1)?.revision ?? 0),
    );
    expect(watcher.from < history.compacted && (watcher.seen.length === 0 || lost.length > 0)).toBe(true);
  }

  #react(history: History, reaction: Reaction): void {
    switch (reaction.do) {
      case 'write':
        this.write(history, reaction.write);
        break;
      case 'watch':
        this.watch(history, reaction.watch);
        break;
      case 'compact':
        this.compact(history, reaction.share);
        break;
      case 'unsubscribe':
        this.unsubscribe(reaction.watcher);
        break;
      default:
        reaction satisfies never;
    }
  }
}
