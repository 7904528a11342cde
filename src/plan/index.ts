/**
 * plan: address plans, `apiVersion: orrery/v1`, `kind: Plan`. Reads them, says by arithmetic what fits and what runs out first,
 * and proves it on an emulator. Touches no file: whoever calls hands texts in.
 */
export { adviceText } from './advice-text.ts';
export { type Advice, advise } from './advise.ts';
export { type Comparison, compareModels, comparisonMarkdown } from './comparison.ts';
export { type Failure, type Forecast, forecast } from './forecast.ts';
export { planJson } from './json.ts';
export { type Proof, prove } from './prove.ts';
export { type PlanRead, readPlan } from './read-plan.ts';
export { type Headroom, type PlanReport, reportOn } from './report.ts';
export { planSvg } from './svg.ts';
export { planText } from './text.ts';
