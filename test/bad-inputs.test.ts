/**
 * What is refused, in which words. The rows are those of bad-inputs/table.md: the command as a user would type it at the
 * root of the project, and the one sentence that it answers. The README shows the same table.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCommand } from './support/command.ts';

const TABLE = readFileSync(new URL('bad-inputs/table.md', import.meta.url), 'utf8').trim();
const MARKERS = /<!-- bad-inputs -->\n([\s\S]*?)\n<!-- \/?bad-inputs -->/;

interface Row {
  readonly command: string;
  readonly sentence: string;
}

/** The cells in backticks: the command, then the sentence. */
function rowsOf(table: string): readonly Row[] {
  return table
    .split('\n')
    .slice(2)
    .map((line) => {
      const [command = '', sentence = ''] = [...line.matchAll(/`([^`]*)`/g)].map(([, cell]) => cell);
      return { command, sentence };
    });
}

async function run(command: string) {
  const [, ...args] = [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  return runCommand(args);
}

describe('bad input is refused in one sentence that names the place, and nothing is half done', () => {
  const rows = rowsOf(TABLE);

  test('there are more than 20', () => expect(rows.length).toBeGreaterThan(20));

  test.each(rows)('$command', async ({ command, sentence }) => {
    expect(await run(command)).toEqual({ exitCode: 2, stdout: '', stderr: `${sentence}\n` });
  });
});

test('the README shows this table', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(MARKERS.exec(readme)?.[1]?.trim()).toBe(TABLE);
});
