/** Whether a plan's prediction and its run come to the same. */
import { forecast, prove, readPlan } from '../../src/plan/index.ts';
import type { DrawnPlan } from './a-plan.ts';

export interface Agreement {
  readonly agrees: boolean;
  /** whether something ran out */
  readonly fails: boolean;
  /** each step that came to something else, in a line */
  readonly differences: readonly string[];
}

export function agreementOn({ text }: DrawnPlan, seed: number): Agreement {
  const read = readPlan({ file: 'plan.yaml', text });
  if (!read.ok)
    throw new Error(`the drawn plan is refused: ${read.problems.map(({ message }) => message).join('; ')}\n${text}`);
  const predicted = forecast(read.plan);
  const { steps, agrees } = prove(read.plan, predicted, seed);
  const differences = steps.flatMap(({ step, fits }, i) =>
    fits === predicted.steps[i]!.fits
      ? []
      : [`${step.at}: predicted ${predicted.steps[i]!.fits ?? 'not reached'}, in the run ${fits ?? 'not reached'}`],
  );
  return { agrees, fails: predicted.failure !== undefined, differences };
}
