import { expect, test } from 'vitest';
import type { LabelSelector } from '../model/index.ts';
import { selectorFindings } from './label-findings.ts';

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

const selecting = (expression: Expression): LabelSelector => ({ matchExpressions: [expression] });

test('a selector that can be has no finding', () => {
  const matchLabels = { 'example.com/tier': 'gold', team: '' };
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['gold', ''] },
    { key: 'tier', operator: 'Exists' },
  ] as const;
  expect(selectorFindings({ matchLabels, matchExpressions })).toEqual([]);
});

test.each<[LabelSelector, string]>([
  [{ matchLabels: { 'a b': '' } }, 'matchLabels a b'],
  [{ matchLabels: { '/tier': '' } }, 'matchLabels /tier'],
  [{ matchLabels: { tier: '-gold' } }, 'matchLabels tier'],
  [{ matchLabels: { tier: 'g'.repeat(64) } }, 'matchLabels tier'],
  [selecting({ key: 'a/b/c', operator: 'Exists' }), 'matchExpressions 0 key'],
  [selecting({ key: 'tier', operator: 'NotIn', values: ['gold', 'a b'] }), 'matchExpressions 0 values 1'],
  [selecting({ key: 'tier', operator: 'In' }), 'matchExpressions 0 values'],
  [selecting({ key: 'tier', operator: 'DoesNotExist', values: ['gold'] }), 'matchExpressions 0 values'],
])('%j is refused once, at its place', (selector, place) => {
  expect(selectorFindings(selector).map(({ path }) => path.join(' '))).toEqual([place]);
});
