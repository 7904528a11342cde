import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { formatDuration, parseDurationMs } from './duration.ts';

test.each([
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5s', 1500],
  ['2h', 7_200_000],
  ['10', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['1d', undefined],
  ['0.1ms', undefined],
])('%s is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test('what is written reads back', () => {
  holds(
    fc.property(fc.nat(1e9), (ms) => {
      expect(parseDurationMs(formatDuration(ms))).toBe(ms);
    }),
  );
});
