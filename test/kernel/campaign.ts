/** Draws cases until enough packets have been sent, and makes the first case small on which the two sides differ. */
import fc from 'fast-check';
import { aCase, type Case } from './case.ts';
import { type Comparison, compare, type Machinery } from './compare.ts';
import type { Loader } from './plan.ts';

export interface CampaignOptions {
  readonly packets: number;
  readonly seed: number;
  readonly loaders: readonly Loader[];
  readonly machinery: Machinery;
  readonly progress: (sent: number) => void;
}

export interface CampaignReport {
  readonly passed: number;
  readonly failed: number;
  /** the smallest case found that fails, and what differs in it */
  readonly failure?: { readonly drawn: Case; readonly comparison: Comparison };
  /** what Linux or the emulator would not even begin */
  readonly error?: { readonly drawn: Case; readonly message: string };
}

/** Cases that are tried to make a failing one smaller. */
const SHRINKS_MAX = 150;

export function campaign(options: CampaignOptions): CampaignReport {
  let passed = 0;
  for (let round = 0; passed < options.packets; round++) {
    const left = options.packets - passed;
    const report = oneRound(options, round, left);
    passed += report.passed;
    if (report.failed > 0) return { ...report, passed };
    options.progress(passed);
  }
  return { passed, failed: 0 };
}

function oneRound({ seed, loaders, machinery }: CampaignOptions, round: number, left: number): CampaignReport {
  let first: Comparison | undefined;
  let last: CampaignReport['failure'];
  let error: CampaignReport['error'];
  let tries = 0;
  const holds = (drawn: Case): boolean => {
    if (tries++ > SHRINKS_MAX) return true;
    try {
      const comparison = compare(drawn, machinery);
      first ??= comparison;
      if (comparison.mismatches.length > 0) last = { drawn, comparison };
      return comparison.mismatches.length === 0;
    } catch (thrown) {
      error = { drawn, message: thrown instanceof Error ? thrown.message : String(thrown) };
      return false;
    }
  };
  const aCaseOfRest = aCase(loaders).map((drawn) => ({ ...drawn, packets: drawn.packets.slice(0, left) }));
  // One case each: the seed of a case is the run's and its number, so that no run depends on how many came before.
  fc.check(fc.property(aCaseOfRest, holds), {
    seed: seedOf(seed, round),
    numRuns: 1,
    unbiased: true,
    endOnFailure: false,
  });
  if (first === undefined) return { passed: 0, failed: 1, ...(error === undefined ? {} : { error }) };
  const failed = first.mismatches.length;
  const passed = first.packets - failed;
  return last === undefined ? { passed, failed } : { passed, failed, failure: last };
}

/** A 32-bit mix, so that neighbouring seeds do not share cases. */
function seedOf(seed: number, round: number): number {
  return Math.imul(seed ^ Math.imul(round + 1, 0x9e3779b1), 0x85ebca6b) | 0;
}
