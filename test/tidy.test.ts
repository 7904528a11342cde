/**
 * The architecture and the style of this project, as a test. The tables are in test/tidy/rooms.ts; each rule has a
 * planted violation in test/tidy/planted.ts, so that a rule that no longer catches anything fails here.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PLANTED_CLEAN, PLANTED_VIOLATIONS } from './tidy/planted.ts';
import { RULES, violationsOf } from './tidy/rules/index.ts';
import { readSourceTree } from './tidy/source-tree.ts';
import { textOf } from './tidy/violation.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('every file keeps every rule', () => {
  const files = readSourceTree(ROOT);
  expect(files.map((file) => file.path)).toContain('src/store/store.ts');
  expect(violationsOf(files).map(textOf).join('\n')).toBe('');
});

test('planted files that keep the rules pass', () => {
  expect(violationsOf(PLANTED_CLEAN).map(textOf)).toEqual([]);
});

for (const { rule, files, at } of PLANTED_VIOLATIONS) {
  const planted = files[0]?.text.split('\n')[1] ?? 'an empty file';
  test(`${rule} catches ${planted.slice(0, 80)} at ${at}`, () => {
    const found = violationsOf([...PLANTED_CLEAN, ...files]);
    expect(found.map((violation) => `${violation.path}:${violation.line} ${violation.rule}`)).toEqual([
      `${at} ${rule}`,
    ]);
    expect(found[0]?.advice).toMatch(/\w+ \w+/);
  });
}

test('every rule has a planted violation', () => {
  expect([...new Set(PLANTED_VIOLATIONS.map((planted) => planted.rule))].sort()).toEqual(Object.keys(RULES).sort());
});
