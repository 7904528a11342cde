import { expect, test } from 'vitest';
import { EMPTY_TABLES, isRestoreError, restore, tablesText } from './kernel-tables.ts';

function restored(input: string, tables = EMPTY_TABLES) {
  const result = restore(tables, input);
  if (isRestoreError(result)) throw new Error(result.message);
  return result;
}

const MADE = restored('*nat\n:A - [0:0]\n:B - [0:0]\n-A A -j KUBE-X\n-A B -j RETURN\n:KUBE-X - [0:0]\nCOMMIT\n');

test('a chain that is named is emptied, others are left alone', () => {
  const after = restored('*nat\n:B - [0:0]\n-A A -j DROP\nCOMMIT\n', MADE);
  expect(after.get('nat')?.get('A')?.rules).toEqual(['-A A -j KUBE-X', '-A A -j DROP']);
  expect(after.get('nat')?.get('B')?.rules).toEqual([]);
  expect(MADE.get('nat')?.get('A')?.rules).toEqual(['-A A -j KUBE-X']);
});

test.each([
  ['a rule for a chain that is not there', '*nat\n-A NONE -j DROP\nCOMMIT\n', 2],
  ['a jump to a chain that is not there', '*filter\n:A - [0:0]\n-A A -j KUBE-NONE\nCOMMIT\n', 4],
  ['deleting a chain that has rules', '*nat\n-X B\nCOMMIT\n', 2],
  ['deleting a chain that is jumped to', '*nat\n:KUBE-X - [0:0]\n-X KUBE-X\nCOMMIT\n', 4],
  ['a line outside of a table', ':A - [0:0]\n', 1],
])('%s fails, at its line', (_, input, line) => {
  expect(restore(MADE, input)).toMatchObject({ line });
});

test('text goes by table, base chains first, others by name', () => {
  const text = tablesText(restored('*nat\n:Z - [0:0]\n:C - [0:0]\n-A Z -j C\nCOMMIT\n'));
  expect(text).toContain(':POSTROUTING ACCEPT [0:0]\n:C - [0:0]\n:Z - [0:0]\n-A Z -j C\nCOMMIT\n');
});
