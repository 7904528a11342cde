/** The store against a naive model: an array of every event there ever was. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CompactedError, Store } from '../../src/store/index.ts';
import { holds } from '../support/seed.ts';
import { commands } from './store/commands.ts';
import { newHistory } from './store/history.ts';
import { StoreUnderTest } from './store/subject.ts';

test('reads, writes and watches of the store are those of an array of all events', () => {
  const property = fc.property(commands, (sequence) => {
    fc.modelRun(() => ({ model: newHistory(), real: new StoreUnderTest() }), sequence);
  });
  holds(property, { numRuns: 1500 });
});

test('a watch resumes from each kept revision, and is refused at each that is not', () => {
  const store = new Store<{ readonly id: number }>();
  for (let id = 1; id <= 20; id++) store.put(`pods/${id % 3}`, { id });
  store.compact(7);
  for (let from = 0; from <= 20; from++) {
    const seen: number[] = [];
    let refusal: unknown;
    store.watch('pods/', from).subscribe({
      next: (event) => seen.push(event.revision),
      error: (error) => {
        refusal = error;
      },
    });
    if (from < 7) expect(refusal).toEqual(new CompactedError(from, 7));
    else expect(seen).toEqual(Array.from({ length: 20 - from }, (_, index) => from + 1 + index));
  }
});
