/** The commands that a run is made of, with how each is drawn. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { CompactedError } from '../../../src/store/index.ts';
import { entriesAt, entryAt, type History } from './history.ts';
import type { Reaction, StoreUnderTest, WatchPlan, Write } from './subject.ts';

type StoreCommand = fc.Command<History, StoreUnderTest>;

const KEYS = ['pods/a/1', 'pods/a/2', 'pods/b/1', 'podsets/a', 'nodes/n1'];
const PREFIXES = ['', 'pods', 'pods/', 'pods/a/', 'pods/a/1', 'podsets/', 'nodes/', 'nothing/'];

const write: fc.Arbitrary<Write> = fc.record({
  key: fc.constantFrom(...KEYS),
  remove: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  expect: fc.constantFrom('nothing', 'nothing', 'current', 'absence', 'mistaken'),
});
const prefix = fc.constantFrom(...PREFIXES);
const withinKept = fc.double({ min: 0, max: 1, noNaN: true });
const withinAndBeyond = fc.oneof(
  { weight: 6, arbitrary: withinKept },
  { weight: 1, arbitrary: fc.constantFrom(-1, 2) },
);
const nth = fc.integer({ min: 1, max: 4 });

const reaction = (depth: number): fc.Arbitrary<Reaction> => {
  const plain: fc.Arbitrary<Reaction>[] = [
    fc.record({ nth, do: fc.constant('write' as const), write }),
    fc.record({ nth, do: fc.constant('compact' as const), share: withinKept }),
    fc.record({ nth, do: fc.constant('unsubscribe' as const), watcher: fc.nat(9) }),
  ];
  const nested = () => fc.record({ nth, do: fc.constant('watch' as const), watch: watchPlan(depth - 1) });
  return fc.oneof(...plain, ...(depth > 0 ? [nested()] : []));
};

const watchPlan = (depth: number): fc.Arbitrary<WatchPlan> =>
  fc.record({ prefix, share: withinAndBeyond, reactions: fc.array(reaction(depth), { maxLength: 3 }) });

/** A command that always may run, after which everything is compared. */
function command(title: string, run: (history: History, subject: StoreUnderTest) => void): StoreCommand {
  return {
    check: () => true,
    run: (history, subject) => {
      run(history, subject);
      subject.check(history);
    },
    toString: () => title,
  };
}

/** Compares every key and prefix at one revision, which may be compacted or not made yet. */
function read(history: History, subject: StoreUnderTest, share: number): void {
  const revision = subject.revisionAt(history, share);
  const { store } = subject;
  if (revision < history.compacted) {
    const refusal = new CompactedError(revision, history.compacted);
    expect(() => store.get('pods/a/1', revision)).toThrow(refusal);
    expect(() => store.list('pods/', revision)).toThrow(refusal);
  } else if (revision > history.events.length) {
    expect(() => store.get('pods/a/1', revision)).toThrow(RangeError);
    expect(() => store.list('pods/', revision)).toThrow(RangeError);
  } else {
    for (const key of KEYS) expect(store.get(key, revision)).toEqual(entryAt(history, key, revision));
    for (const each of PREFIXES) expect(store.list(each, revision)).toEqual(entriesAt(history, each, revision));
  }
}

function readNow(history: History, subject: StoreUnderTest): void {
  const now = history.events.length;
  for (const key of KEYS) {
    const entry = entryAt(history, key, now);
    const slash = key.indexOf('/');
    expect(subject.store.get(key)).toEqual(entry);
    expect(subject.store.read(key.slice(0, slash), key.slice(slash + 1))).toBe(entry?.value);
  }
  for (const name of ['pods', 'podsets', 'nodes', 'nothing']) {
    expect(subject.store.count(name)).toBe(entriesAt(history, name, now).length);
  }
}

const text = (value: unknown) => JSON.stringify(value);

export const commands = fc.commands(
  [
    write.map((drawn) => command(`write ${text(drawn)}`, (history, subject) => subject.write(history, drawn))),
    write.map((drawn) => command(`write ${text(drawn)}`, (history, subject) => subject.write(history, drawn))),
    watchPlan(2).map((plan) => command(`watch ${text(plan)}`, (history, subject) => subject.watch(history, plan))),
    withinAndBeyond.map((share) => command(`read at ${share}`, (history, subject) => read(history, subject, share))),
    fc.constant(command('read now', readNow)),
    withinAndBeyond.map((share) =>
      command(`compact at ${share}`, (history, subject) => subject.compact(history, share)),
    ),
    fc.nat(9).map((index) => command(`unsubscribe ${index}`, (_, subject) => subject.unsubscribe(index))),
  ],
  { size: 'large', maxCommands: 60 },
);
