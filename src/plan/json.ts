/** A plan's report for programs: one JSON value. */
import type { PlanReport } from './report.ts';

export function planJson({ plan, models, forecast, fixes, headroom, proof }: PlanReport): string {
  const { failure } = forecast;
  const value = {
    name: plan.name,
    title: plan.title,
    pools: models,
    fits: failure === undefined,
    steps: forecast.steps.map(({ step, fits }) => ({ at: step.at, ...step.growth, fits })),
    failure: failure === undefined ? undefined : { ...failure, step: failure.step.at },
    spaces: forecast.spaces,
    fixes,
    headroom,
    proof:
      proof === undefined
        ? undefined
        : { ...proof, steps: proof.steps.map(({ step, fits }) => ({ at: step.at, fits })) },
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
