/** Every script against its transcript, byte for byte. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runCommand } from './support/command.ts';

const SCRIPTS = readdirSync(join(ROOT, 'scenarios'))
  .filter((file) => file.endsWith('.yaml'))
  .sort();

/** A script's transcript, and the option that it was recorded with: large clusters have theirs of the steps alone. */
function transcriptOf(script: string): readonly [option: string, file: string] {
  const steps = `scenarios/${script.replace('.yaml', '.steps.txt')}`;
  if (existsSync(join(ROOT, steps))) return ['--steps', steps];
  return ['--trace', `scenarios/${script.replace('.yaml', '.transcript.txt')}`];
}

/** Runs a script as a user would, and gives what it recorded. */
async function record(
  script: string,
  option: string,
): Promise<{ exitCode: number; stderr: string; transcript: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-'));
  const file = join(directory, 'transcript.txt');
  const { exitCode, stderr } = await runCommand(['run', `scenarios/${script}`, option, '--record', file]);
  const transcript = stderr === '' ? readFileSync(file, 'utf8') : '';
  rmSync(directory, { recursive: true });
  return { exitCode, stderr, transcript };
}

test('there are scripts to run', () => expect(SCRIPTS.length).toBeGreaterThanOrEqual(6));

test.each(SCRIPTS)('%s', async (script) => {
  const [option, expected] = transcriptOf(script);
  const { exitCode, stderr, transcript } = await record(script, option);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const command = `npm run --silent orrery -- run scenarios/${script} ${option} --record ${expected}`;
  const kept = readFileSync(join(ROOT, expected), 'utf8');
  expect(
    transcript === kept,
    `${firstDifference(transcript, kept)}\nIf this is meant, record it anew: ${command}`,
  ).toBe(true);
});

/** The first line in which they differ: a whole transcript would hide it. */
function firstDifference(actual: string, expected: string): string {
  const [actualLines, expectedLines] = [actual.split('\n'), expected.split('\n')];
  const i = actualLines.findIndex((line, index) => line !== expectedLines[index]);
  return `line ${i + 1} is\n  ${actualLines[i]}\nand was\n  ${expectedLines[i]}`;
}
