/** That no replay takes from a recording what it is to be compared with: whatever else a recording says, its case fails. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordingNames } from '../run.ts';
import { azureSuite } from './azure.ts';

const DATA = join(import.meta.dirname, '../data/azure');

interface Recording {
  readonly cases: readonly { readonly name: string; readonly expect: unknown }[];
}

type Path = readonly (string | number)[];

/** Of a longer list of addresses or ports the first few are tried. */
const LISTED_MAX = 3;

/** The paths of texts, numbers and truth values. */
function* leavesOf(value: unknown, path: Path = []): Iterable<Path> {
  if (typeof value !== 'object' || value === null) yield path;
  else if (Array.isArray(value) && value.every((member) => typeof member !== 'object'))
    yield* value.slice(0, LISTED_MAX).map((_, i) => [...path, i]);
  else for (const [key, member] of Object.entries(value)) yield* leavesOf(member, [...path, key]);
}

function changed(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return other(value);
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = changed(copy[key], rest);
  return copy;
}

function other(leaf: unknown): unknown {
  if (typeof leaf === 'boolean') return !leaf;
  return typeof leaf === 'number' ? leaf + 1 : `${String(leaf)}x`;
}

/** Such a case takes long: one change must do. */
function listsThousands(expected: unknown): boolean {
  return (expected as { podIPCount?: number }).podIPCount! > 1000;
}

function* outcomes(name: string): Iterable<string> {
  const { cases, ...file }: Recording = JSON.parse(readFileSync(join(DATA, name), 'utf8'));
  const [first] = azureSuite.run({ name, json: { ...file, cases } });
  if (first?.outcome === 'skipped') return;
  for (const recorded of cases) {
    const leaves = [...leavesOf(recorded.expect)];
    for (const path of listsThousands(recorded.expect) ? leaves.slice(-1) : leaves) {
      const json = { ...file, cases: [{ ...recorded, expect: changed(recorded.expect, path) }] };
      const [result] = azureSuite.run({ name, json });
      if (result?.outcome !== 'failed') yield `${recorded.name}: ${path.join('.')}`;
    }
  }
}

it.each(recordingNames(DATA))('%s: each value that is expected counts', (name) => {
  expect([...outcomes(name)]).toEqual([]);
});
