import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import { WorkQueue } from './queue.ts';

const FIRST_MS = 5;

class Fixture {
  readonly scheduler = new VirtualTimeScheduler();
  readonly queue = new WorkQueue(this.scheduler, () => undefined, { firstMs: FIRST_MS, longestMs: 1000 });

  /** The keys that are in the queue at a moment, with what woke them: all are taken, and none is forgotten. */
  takenAt(at: number): readonly (readonly [string, readonly number[]])[] {
    this.scheduler.maxFrames = at;
    this.scheduler.flush();
    this.scheduler.frame = at;
    const taken: (readonly [string, readonly number[]])[] = [];
    for (let item = this.queue.take(); item !== undefined; item = this.queue.take())
      taken.push([item.key, item.because]);
    return taken;
  }

  taken(key: string) {
    this.queue.add(key);
    return this.queue.take()!;
  }
}

test('a key is queued once, where it came first, and keeps each revision that woke it', () => {
  const fixture = new Fixture();
  const { queue } = fixture;
  queue.add('a', 1);
  queue.add('b');
  queue.add('a', 1);
  queue.add('a', 2);
  queue.add('b', 3);
  expect(fixture.takenAt(0)).toEqual([
    ['a', [1, 2]],
    ['b', [3]],
  ]);
  queue.add('b', 4);
  queue.add('a');
  expect(fixture.takenAt(0)).toEqual([
    ['b', [4]],
    ['a', []],
  ]);
});

test('of two delays the earlier one holds, and outlives a key that went well', () => {
  const fixture = new Fixture();
  const { queue } = fixture;
  const item = fixture.taken('a');
  queue.addAfter(item, 50);
  queue.addAfter(item, 20);
  queue.addAfter(item, 30);
  queue.forget(item);
  expect(fixture.takenAt(19)).toEqual([]);
  expect(fixture.takenAt(20)).toEqual([['a', []]]);
  expect(fixture.takenAt(60)).toEqual([]);
});

test('each failure doubles the wait, until the key has gone well', () => {
  const fixture = new Fixture();
  const { queue } = fixture;
  const item = fixture.taken('a');
  queue.retry(item);
  expect(fixture.takenAt(FIRST_MS)).toEqual([['a', []]]);
  queue.retry(item);
  expect(fixture.takenAt(3 * FIRST_MS - 1)).toEqual([]);
  expect(fixture.takenAt(3 * FIRST_MS)).toEqual([['a', []]]);
  queue.forget(item);
  queue.retry(fixture.taken('a'));
  expect(fixture.takenAt(4 * FIRST_MS)).toEqual([['a', []]]);
});

test('what is cleared comes no more, unless it is added anew', () => {
  const fixture = new Fixture();
  const { queue } = fixture;
  queue.addAfter(fixture.taken('a'), 10);
  queue.add('b', 1);
  queue.clear();
  expect(fixture.takenAt(10)).toEqual([]);
  queue.add('b', 2);
  expect(fixture.takenAt(10)).toEqual([['b', [2]]]);
});
