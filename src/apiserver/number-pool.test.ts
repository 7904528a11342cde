import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { NumberPool } from './number-pool.ts';

test('finds the same next free number as a walk over a set', () => {
  const command = fc.record({ do: fc.constantFrom('take', 'release', 'next'), number: fc.nat(1999) });
  holds(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.array(command, { maxLength: 400 }), (size, commands) => {
      const pool = new NumberPool(size);
      const taken = new Set<number>();
      for (const { do: verb, number: any } of commands) {
        const number = any % size;
        if (verb === 'take') {
          expect(pool.take(number)).toBe(!taken.has(number));
          taken.add(number);
        } else if (verb === 'release') {
          pool.release(number);
          taken.delete(number);
        } else {
          let expected: number | undefined = number;
          while (expected < size && taken.has(expected)) expected++;
          expect(pool.nextFree(number, size)).toBe(expected < size ? expected : undefined);
        }
        expect(pool.taken).toBe(taken.size);
      }
    }),
  );
});

test('a pool filled to the last number has none free, and gives back what is released', () => {
  for (const size of [1, 31, 32, 33, 1024, 1025, 40_000]) {
    const pool = new NumberPool(size);
    for (let i = 0; i < size; i++) expect(pool.take(i)).toBe(true);
    expect(pool.nextFree(0, size)).toBeUndefined();
    pool.release(size - 1);
    expect(pool.nextFree(0, size)).toBe(size - 1);
  }
});
