import { expect, test } from 'vitest';
import { chiSquareProbability } from './chi-square.ts';

// Critical values of the chi-square distribution: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
test.each([
  [1, 3.841, 0.05],
  [1, 10.828, 0.001],
  [2, 5.991, 0.05],
  [2, 13.816, 0.001],
  [10, 18.307, 0.05],
  [30, 59.703, 0.001],
  [50, 37.689, 0.9],
])('%i degrees of freedom: %f has probability %f', (freedom, statistic, probability) => {
  // One cell is off by d and another by -d, the rest are exact: the statistic is 2 d² / expected.
  const expected = 1e6;
  const off = Math.sqrt((statistic * expected) / 2);
  const share = 1 / (freedom + 1);
  const observations = Array.from({ length: freedom + 1 }, (_, i) => ({
    observed: expected + (i === 0 ? off : i === 1 ? -off : 0),
    share,
  }));
  expect(chiSquareProbability(observations)).toBeCloseTo(probability, 4);
});

test('counts that equal their shares are certain, one that takes all is impossible', () => {
  expect(chiSquareProbability([1000, 1000, 1000].map((observed) => ({ observed, share: 1 / 3 })))).toBe(1);
  expect(chiSquareProbability([3000, 0, 0].map((observed) => ({ observed, share: 1 / 3 })))).toBeLessThan(1e-100);
});
