/** Who reaches whom under each of AKS's address models: each cell of the table that scenarios/README.md shows, from a run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runCommand } from './support/command.ts';

const MARKERS = /<!-- reach -->\n([\s\S]*?)\n<!-- \/reach -->/;
const COMMAND = 'reach scenarios/reach.yaml --model all --format markdown';

test('the table of scenarios/README.md is what the command prints', async () => {
  const { exitCode, stdout } = await runCommand(COMMAND.split(' '));
  expect(exitCode).toBe(0);
  const shown = MARKERS.exec(readFileSync(join(ROOT, 'scenarios/README.md'), 'utf8'))?.[1];
  expect(stdout.trim()).toBe(shown?.trim());
});
