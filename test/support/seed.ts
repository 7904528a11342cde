/**
 * Runs a property from a known seed, so that whoever sees it fail can see it fail again.
 *
 * `ORRERY_SEED=N` runs from that seed, `ORRERY_SEED=random` from a new one; otherwise the seed is 1, so that a change of
 * colour means a change of code. `ORRERY_RUNS=N` sets how many cases are tried.
 */
import { relative } from 'node:path';
import { env } from 'node:process';
import fc from 'fast-check';
import { expect } from 'vitest';

/** The seed of this process' properties, a whole number. Throws where ORRERY_SEED is neither that nor `random`. */
export const SEED = seedOf(env['ORRERY_SEED']);

function seedOf(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  if (text === 'random') return Math.floor(Math.random() * 0x7fffffff);
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error(`ORRERY_SEED is a whole number or "random", not ${text}`);
  return seed;
}

export interface Tries<Case> {
  /** how many cases are tried, 100 where it is not given; ORRERY_RUNS goes before it */
  readonly numRuns?: number;
  /** cases that are tried before the drawn ones, and count as theirs */
  readonly examples?: Case[];
}

/** Checks a property; throws with the shrunk case, the seed and the command that replays it where it does not hold. */
export function holds<Case>(property: fc.IProperty<Case>, tries: Tries<Case> = {}): void {
  const { examples = [] } = tries;
  const numRuns = env['ORRERY_RUNS'] === undefined ? (tries.numRuns ?? 100) : Number(env['ORRERY_RUNS']);
  const details = fc.check(property, { seed: SEED, numRuns, examples });
  if (!details.failed) return;
  const report = `${replayCommand(numRuns)}\n${fc.defaultReportMessage(details)}`;
  throw new Error(report, { cause: details.errorInstance });
}

function replayCommand(numRuns: number): string {
  const { testPath = '', currentTestName = '' } = expect.getState();
  const title = currentTestName.split(' > ').at(-1) ?? '';
  const file = relative(process.cwd(), testPath);
  return `seed ${SEED}; replay: ORRERY_SEED=${SEED} ORRERY_RUNS=${numRuns} npx vitest run ${file} -t '${title}'`;
}
