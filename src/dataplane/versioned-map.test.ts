import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { VersionedMap } from './versioned-map.ts';

/** A change of any version so far, or a look at one. */
const step = fc.record({
  version: fc.nat(),
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  value: fc.option(fc.nat(3), { nil: undefined }),
});

test('every version stays what it was, whichever is read or changed next', () => {
  holds(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const versions = [VersionedMap.empty<number>()];
      const expected: ReadonlyMap<string, number>[] = [new Map()];
      for (const { version, key, value } of steps) {
        const at = version % versions.length;
        const changed = new Map(expected[at]!);
        if (value === undefined) changed.delete(key);
        else changed.set(key, value);
        versions.push(value === undefined ? versions[at]!.delete(key) : versions[at]!.set(key, value));
        expected.push(changed);
        const looked = versions[(version * 7) % versions.length]!;
        expect(looked.size).toBe(expected[(version * 7) % expected.length]!.size);
      }
      for (const [i, map] of versions.entries()) {
        expect([...map.keys()].sort()).toEqual([...expected[i]!.keys()].sort());
        for (const [key, value] of expected[i]!) expect(map.get(key)).toBe(value);
      }
    }),
  );
});
