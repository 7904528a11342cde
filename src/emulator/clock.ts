/**
 * The virtual clock: an RxJS scheduler over a heap. Time stands still until somebody runs the next action, and then jumps
 * to it; what is due at the same moment runs in the order it was scheduled.
 *
 * RxJS' own VirtualTimeScheduler sorts its whole queue at each insert; a 4-ary heap costs the logarithm.
 */
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { Moment } from '../model/index.ts';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

class ClockAction extends Subscription implements SchedulerAction<unknown> {
  at: Moment;
  sequence: number;
  readonly work: Work<unknown>;
  state: unknown;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, work: Work<unknown>, at: Moment, sequence: number, state: unknown) {
    super();
    this.#clock = clock;
    this.work = work;
    this.at = at;
    this.sequence = sequence;
    this.state = state;
  }

  /** Runs the same work once more, later: RxJS' operators rely on it. */
  schedule(state?: unknown, delayMs = 0): Subscription {
    this.state = state;
    return this.#clock.again(this, delayMs);
  }
}

export class VirtualClock implements SchedulerLike {
  readonly #heap = new ActionHeap();
  #now: Moment = 0;
  #sequence = 0;

  now(): Moment {
    return this.#now;
  }

  schedule<T>(work: Work<T>, delayMs = 0, state?: T): Subscription {
    const at = this.#now + Math.max(0, delayMs);
    const action = new ClockAction(this, work as Work<unknown>, at, this.#sequence++, state);
    this.#heap.push(action);
    return action;
  }

  again(action: ClockAction, delayMs: number): Subscription {
    action.at = this.#now + Math.max(0, delayMs);
    action.sequence = this.#sequence++;
    this.#heap.push(action);
    return action;
  }

  /** When the next action is due; undefined when nothing is. */
  nextAt(): Moment | undefined {
    for (let next = this.#heap.first; next !== undefined; next = this.#heap.first) {
      if (!next.closed) return next.at;
      this.#heap.pop();
    }
    return undefined;
  }

  /** Jumps to the next action and runs it. False when there is none. */
  runNext(): boolean {
    if (this.nextAt() === undefined) return false;
    const action = this.#heap.pop()!;
    this.#now = action.at;
    action.work(action.state);
    return true;
  }

  /** Lets time pass with nothing happening. Never backwards, never past an action that is due. */
  jumpTo(at: Moment): void {
    if (at < this.#now || (this.nextAt() ?? at) < at)
      throw new Error(`the clock cannot jump from ${this.#now} to ${at}`);
    this.#now = at;
  }
}

/** A 4-ary heap by (time, sequence). */
class ActionHeap {
  readonly #actions: ClockAction[] = [];

  get first(): ClockAction | undefined {
    return this.#actions[0];
  }

  push(action: ClockAction): void {
    const actions = this.#actions;
    let index = actions.length;
    actions.push(action);
    while (index > 0) {
      const parent = (index - 1) >> 2;
      if (!before(action, actions[parent]!)) break;
      actions[index] = actions[parent]!;
      index = parent;
    }
    actions[index] = action;
  }

  pop(): ClockAction | undefined {
    const first = this.#actions[0];
    const last = this.#actions.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first;
  }

  #sink(action: ClockAction): void {
    const actions = this.#actions;
    let index = 0;
    for (;;) {
      let least = index * 4 + 1;
      if (least >= actions.length) break;
      const end = Math.min(least + 4, actions.length);
      for (let child = least + 1; child < end; child++) if (before(actions[child]!, actions[least]!)) least = child;
      if (!before(actions[least]!, action)) break;
      actions[index] = actions[least]!;
      index = least;
    }
    actions[index] = action;
  }
}

function before(a: ClockAction, b: ClockAction): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
