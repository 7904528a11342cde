/** Overlay against flat networks, as scenarios/README.md shows it: each cell comes from a run. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCommand } from './support/command.ts';

const TABLE = /<!-- overlay-vs-flat -->\n([\s\S]*?)<!-- \/overlay-vs-flat -->/;

test('the table of scenarios/README.md is what orrery compare prints', async () => {
  const shown = TABLE.exec(readFileSync(new URL('../scenarios/README.md', import.meta.url), 'utf8'))?.[1];
  const { exitCode, stdout } = await runCommand(['compare', 'scenarios/overlay-vs-flat.yaml', '--format', 'markdown']);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(shown);
});
