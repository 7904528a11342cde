import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { EMPTY_DATAPLANE } from '../dataplane/index.ts';
import type { KubernetesObject } from '../model/index.ts';
import { Cache } from './cache.ts';
import type { Controller } from './controller.ts';

const KEYS = 200;

/** Files a Namespace under the values of its annotation `under`, which may name one twice. */
const reader: Controller = {
  name: 'reader',
  program: 'kubelet',
  watches: { Namespace: () => [] },
  indexes: { Namespace: { under: ({ metadata }) => metadata.annotations?.['under']?.split(' ') ?? [] } },
  reconcile: () => [],
};

interface Change {
  readonly key: number;
  /** undefined where it goes */
  readonly under: readonly string[] | undefined;
}

const someValues = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });
const aChange: fc.Arbitrary<Change> = fc.record({
  key: fc.nat({ max: KEYS - 1 }),
  under: fc.option(someValues, { nil: undefined }),
});

/** All come at first, in order: as many under one value as make a set of a list. Then some change, many of them in that order. */
const someChanges = fc
  .tuple(
    fc.array(someValues, { minLength: KEYS, maxLength: KEYS }),
    fc.array(aChange, { maxLength: 400 }),
    fc.boolean(),
  )
  .map(([first, later, inOrder]) => [
    ...first.map((under, key): Change => ({ key, under })),
    ...(inOrder ? later.toSorted((a, b) => a.key - b.key) : later),
  ]);

function objectOf({ key, under }: Change): KubernetesObject | undefined {
  if (under === undefined) return undefined;
  const metadata = { name: `n${key}`, uid: `uid-${key}`, annotations: { under: under.join(' ') } };
  return { apiVersion: 'v1', kind: 'Namespace', metadata } as unknown as KubernetesObject;
}

test('an index holds each object once under each of its values, in whatever order objects come, change and go', () => {
  holds(
    fc.property(someChanges, (changes) => {
      const cache = new Cache([reader], () => EMPTY_DATAPLANE);
      const expected = new Map<string, KubernetesObject>();
      for (const change of changes) {
        const key = `n${change.key}`;
        const object = objectOf(change);
        expect(cache.apply('Namespace', key, object)).toBe(expected.get(key));
        if (object === undefined) expected.delete(key);
        else expected.set(key, object);
      }
      for (const value of ['a', 'b', 'c']) {
        const filed = [...expected.values()].filter(({ metadata }) => metadata.annotations?.['under']?.includes(value));
        const found = [...cache.byIndex('Namespace', 'under', value)];
        expect(new Set(found)).toEqual(new Set(filed));
        expect(found).toHaveLength(filed.length);
        expect(cache.hasIndexed('Namespace', 'under', value)).toBe(filed.length > 0);
      }
      for (let key = 0; key < KEYS; key++) expect(cache.get('Namespace', `n${key}`)).toBe(expected.get(`n${key}`));
    }),
  );
});

test('an object that went and came again is found after the one that it came after before', () => {
  const version = (key: number, under: string) => objectOf({ key, under: [under] });
  const cache = new Cache([reader], () => EMPTY_DATAPLANE);
  const [first, second, again, changed] = [version(1, 'a'), version(2, 'a'), version(2, 'b'), version(2, 'c')];
  cache.apply('Namespace', 'n1', first);
  cache.apply('Namespace', 'n2', second);
  cache.apply('Namespace', 'n2', undefined);
  cache.apply('Namespace', 'n2', again);
  expect(cache.get('Namespace', 'n1')).toBe(first);
  expect(cache.get('Namespace', 'n2')).toBe(again);
  cache.apply('Namespace', 'n1', version(1, 'b'));
  expect(cache.apply('Namespace', 'n2', changed)).toBe(again);
  expect([...cache.byIndex('Namespace', 'under', 'c')]).toEqual([changed]);
});
