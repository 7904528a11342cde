/** `orrery plan FILE`: what fits, which space runs out first, and which settings would fix it. */
import {
  type Advice,
  adviceText,
  advise,
  type PlanReport,
  planJson,
  planSvg,
  planText,
  prove,
  readPlan,
  reportOn,
} from '../plan/index.ts';
import { formatProblem } from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readFileNamed } from './script-file.ts';

export const PLAN_FORMATS = ['text', 'json', 'svg'] as const;

export interface PlanFlags {
  readonly format: (typeof PLAN_FORMATS)[number];
  readonly set: readonly string[];
  readonly advise: boolean;
  readonly prove: boolean;
  readonly seed?: number;
}

const SEED = 1;

const PRINTERS: { readonly [F in PlanFlags['format']]: (report: PlanReport) => string } = {
  text: planText,
  json: planJson,
  svg: planSvg,
};

/** Exit code 1 where the growth does not fit, or where a run disagrees with what was predicted. */
export function planCommand(
  file: string,
  { format, set, advise: isToAdvise, prove: isToProve, seed = SEED }: PlanFlags,
  console: Console,
): ExitCode {
  const read = readPlan({ file, text: readFileNamed(file, console), overrides: set });
  if (!read.ok) throw new UsageError(read.problems.map(formatProblem).join('\n'));
  if (isToAdvise) return printAdvice(advise(read.plan), format, console);
  const planned = reportOn(read.plan);
  const report = isToProve ? { ...planned, proof: prove(read.plan, planned.forecast, seed) } : planned;
  console.stdout(PRINTERS[format](report));
  return report.forecast.failure === undefined && report.proof?.agrees !== false ? 0 : 1;
}

/** Exit code 1 where no model does what is wanted. */
function printAdvice(advice: Advice, format: PlanFlags['format'], console: Console): ExitCode {
  if (format === 'svg') throw new UsageError('orrery: --advise has no picture; leave --format svg out');
  console.stdout(format === 'json' ? `${JSON.stringify(advice, undefined, 2)}\n` : adviceText(advice));
  return advice.model === undefined ? 1 : 0;
}
