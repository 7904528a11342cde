/** Reads a script and the files that it names. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { formatProblem, readScenario, refusedManifests, type Scenario } from '../scenario/index.ts';
import { type Console, UsageError } from './console.ts';

export interface ScriptFlags {
  readonly seed?: number;
  readonly set: readonly string[];
}

/** The scenario in a file, checked as far as it can be without running it. Throws a UsageError that lists what is wrong. */
export function readScript(file: string, { seed, set }: ScriptFlags, console: Console): Scenario {
  const path = resolve(console.directory, file);
  const text = readFileNamed(file, console);
  const read = readScenario({
    file,
    text,
    readFile: (name) => {
      const found = readText(resolve(dirname(path), name));
      return typeof found === 'string' ? { file: join(dirname(file), name), text: found } : undefined;
    },
    overrides: set,
  });
  if (!read.ok) throw new UsageError(read.problems.map(formatProblem).join('\n'));
  const refused = refusedManifests(read.scenario);
  if (refused.length > 0) throw new UsageError(refused.map(formatProblem).join('\n'));
  return seed === undefined ? read.scenario : { ...read.scenario, seed };
}

/** The text of a file as the user named it. Throws a UsageError where it cannot be read. */
export function readFileNamed(file: string, console: Console): string {
  const text = readText(resolve(console.directory, file));
  if (typeof text !== 'string') throw new UsageError(`${file}: ${text.reason}`);
  return text;
}

function readText(path: string): string | { readonly reason: string } {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { reason: 'there is no such file' };
    if (code === 'EISDIR') return { reason: 'is a directory, not a file' };
    return { reason: `cannot be read (${code})` };
  }
}
