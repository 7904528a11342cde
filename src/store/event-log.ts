/** What can stand in a log: something that happened at a revision. */
interface Revised {
  readonly revision: number;
}

/**
 * Events, oldest first, each with a greater revision than the one before.
 *
 * An event keeps its position for good, whatever is forgotten before it, so that a reader can go on from a position
 * while others append and forget. Forgetting is lazy: the array is cut when half of it is forgotten, which makes a cut
 * cost as much as the events that it drops, however many are kept.
 */
export class EventLog<E extends Revised> {
  #events: E[] = [];
  /** the position of the array's first event */
  #base = 0;
  /** the position of the first event that is still kept */
  #start = 0;

  /** the position of the first event that is still kept; `end` where none is */
  get start(): number {
    return this.#start;
  }

  /** the position that the next event will take */
  get end(): number {
    return this.#base + this.#events.length;
  }

  append(event: E): void {
    this.#events.push(event);
  }

  /** The event at a position from `start` up to, and without, `end`; anything else throws a RangeError. */
  at(position: number): E {
    const event = position < this.#start ? undefined : this.#events[position - this.#base];
    if (event === undefined) throw new RangeError(`position ${position} is outside of ${this.#start} to ${this.end}`);
    return event;
  }

  /** The position of the first kept event after `revision`; `end` where there is none. */
  positionAfter(revision: number): number {
    let low = this.#start;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#events[middle - this.#base]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the events up to and with `revision`. */
  forget(revision: number): void {
    this.#start = this.positionAfter(revision);
    const dead = this.#start - this.#base;
    if (dead * 2 < this.#events.length) return;
    this.#events = this.#events.slice(dead);
    this.#base = this.#start;
  }
}
