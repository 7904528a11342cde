/** Reads a script and the files that it names. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { formatProblem, readScenario, refusedManifests, type Scenario } from '../scenario/index.ts';
import { type Console, UsageError } from './console.ts';

export interface ScriptFlags {
  readonly seed?: number;
  readonly set: readonly string[];
}

/** The scenario in a file, checked as far as it can be without running it. Throws a UsageError that lists what is wrong. */
export function readScript(file: string, { seed, set }: ScriptFlags, console: Console): Scenario {
  const path = resolve(console.directory, file);
  const text = readText(path);
  if (typeof text !== 'string') throw new UsageError(`${file}: ${text.reason}`);
  const read = readScenario({
    file: named(path, console),
    text,
    readFile: (name) => {
      const manifest = resolve(dirname(path), name);
      const found = readText(manifest);
      return typeof found === 'string' ? { file: named(manifest, console), text: found } : undefined;
    },
    overrides: set,
  });
  if (!read.ok) throw new UsageError(read.problems.map(formatProblem).join('\n'));
  const refused = refusedManifests(read.scenario);
  if (refused.length > 0) throw new UsageError(refused.map(formatProblem).join('\n'));
  return seed === undefined ? read.scenario : { ...read.scenario, seed };
}

/** As the user would find it from where the command was started. */
function named(path: string, { directory }: Console): string {
  return relative(directory, path) || path;
}

function readText(path: string): string | { readonly reason: string } {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { reason: 'there is no such file' };
    if (code === 'EISDIR') return { reason: 'is a directory, not a script' };
    return { reason: `cannot be read (${code})` };
  }
}
