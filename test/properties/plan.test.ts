/** Plans: what is predicted happens, and what is said to fix them does. `npm run fuzz:plan` tries many more. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADDRESS_MODELS } from '../../src/model/index.ts';
import { forecast, readPlan, reportOn } from '../../src/plan/index.ts';
import { aPlanOf } from '../plan/a-plan.ts';
import { agreementOn } from '../plan/agreement.ts';
import { holds, SEED } from '../support/seed.ts';

test.each(ADDRESS_MODELS)('%s: the run stops at the step and the number that were predicted', (model) => {
  holds(
    fc.property(aPlanOf(model), (drawn) => {
      expect(agreementOn(drawn, SEED).differences).toEqual([]);
    }),
    { numRuns: 8 },
  );
});

function planOf(text: string, overrides: readonly string[] = []) {
  const read = readPlan({ file: 'plan.yaml', text, overrides });
  if (!read.ok) throw new Error(read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
  return read.plan;
}

test.each(ADDRESS_MODELS)('%s: with the settings of a fix everything fits', (model) => {
  holds(
    fc.property(aPlanOf(model), ({ text }) => {
      for (const { changes } of reportOn(planOf(text)).fixes) {
        const overrides = changes.map(({ setting, to }) => `${setting}=${to}`);
        expect(forecast(planOf(text, overrides)).failure).toBeUndefined();
      }
    }),
    { numRuns: 40 },
  );
});
