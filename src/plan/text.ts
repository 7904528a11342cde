/** A plan's report for people. */

import { describeFailure } from './describe-failure.ts';
import type { Fix } from './fix.ts';
import { MODEL_TITLES } from './limits.ts';
import type { Proof } from './prove.ts';
import type { Headroom, PlanReport } from './report.ts';
import type { SpaceUse } from './space.ts';

export function planText(report: PlanReport): string {
  const { plan, forecast } = report;
  const lines = [
    `${plan.name}${plan.title === undefined ? '' : `: ${plan.title}`}`,
    ...report.models.map(({ pool, model }) => `${pool}: ${MODEL_TITLES[model]}`),
    '',
    ...stepLines(report),
    '',
    ...(forecast.failure === undefined ? headroomLines(report.headroom) : describeFailure(plan, forecast.failure)),
    '',
    ...spaceLines(forecast.spaces),
    ...(forecast.failure === undefined ? [] : ['', ...fixLines(report.fixes)]),
    ...(report.proof === undefined ? [] : ['', ...proofLines(report.proof)]),
  ];
  return `${lines.join('\n')}\n`;
}

function stepLines({ forecast }: PlanReport): readonly string[] {
  const rows = forecast.steps.map(({ step, fits }) => [
    step.at,
    String(step.growth.count),
    fits === undefined ? 'not reached' : fits === step.growth.count ? 'fits' : `${fits} fit`,
  ]);
  return table([['step', 'total', ''], ...rows], ['left', 'right', 'left']);
}

function headroomLines(headroom: readonly Headroom[]): readonly string[] {
  return [
    'Everything fits. On top of it there is room for',
    ...headroom.map(({ of, pool, more, space }) => `  ${more} more ${of} in ${pool}; then ${space} runs out`),
  ];
}

function spaceLines(spaces: readonly SpaceUse[]): readonly string[] {
  const rows = spaces.flatMap(({ space, shares, free }) => [
    [
      space.range === undefined ? space.name : `${space.name} ${space.range}`,
      String(space.size),
      '',
      '',
      '',
      '',
      String(free),
    ],
    ...shares.map(({ taker, reserved, used, wasted }) => [
      `  ${taker}`,
      '',
      ...[reserved, used, reserved - used - wasted, wasted].map(String),
      '',
    ]),
  ]);
  const columns = ['space', 'size', 'reserved', 'used', 'idle', 'wasted', 'free'];
  return table([columns, ...rows], ['left', ...columns.slice(1).map(() => 'right' as const)]);
}

function fixLines(fixes: readonly Fix[]): readonly string[] {
  if (fixes.length === 0) return ['No setting of this cluster would make everything fit.'];
  return fixes.flatMap(({ changes }, i) => [
    i === 0 ? 'Everything fits with' : 'or with',
    ...changes.map(({ setting, from, to, how }) => `  ${setting}: ${from} -> ${to} (${how})`),
  ]);
}

function proofLines({ agrees, steps, said }: Proof): readonly string[] {
  const last = steps.findLast(({ fits }) => fits !== undefined)!;
  const stops = last.fits === last.step.growth.count ? 'fits all of it' : `stops at ${last.step.at} with ${last.fits}`;
  return [
    `The emulated cluster ${stops}: ${agrees ? 'as predicted.' : 'NOT as predicted.'}`,
    ...(said === undefined ? [] : [`  ${said}`]),
  ];
}

type Side = 'left' | 'right';

function table(rows: readonly (readonly string[])[], sides: readonly Side[]): readonly string[] {
  const widths = sides.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (sides[i] === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
