/** Which settings would make a plan fit, each tried by planning anew. */
import type { SettingChange } from './change.ts';
import { type Failure, forecast } from './forecast.ts';
import type { Plan } from './plan.ts';
import { type Remedy, remediesOf } from './remedy.ts';

/** Changes that together make everything fit, in the order in which the spaces run out without them. */
export interface Fix {
  readonly changes: readonly (SettingChange & { readonly how: string })[];
}

/** One remedy brings up the next space that is short: so many in a row at most. */
const CHANGES_MAX = 16;

/** One fix for each remedy of the space that runs out first. */
export function fixesOf(plan: Plan, failure: Failure): readonly Fix[] {
  return remediesOf(plan, failure).flatMap((remedy) => {
    const rest = fitted(remedy.plan);
    return rest === undefined ? [] : [{ changes: merged([remedy, ...rest.remedies]) }];
  });
}

/** The plan with whatever runs out made larger, one after the other, until everything fits; undefined where that leads nowhere. */
export function fitted(plan: Plan): { readonly plan: Plan; readonly remedies: readonly Remedy[] } | undefined {
  const remedies: Remedy[] = [];
  for (let now = plan; remedies.length <= CHANGES_MAX; ) {
    const { failure } = forecast(now);
    if (failure === undefined) return { plan: now, remedies };
    const [next] = remediesOf(now, failure);
    if (next === undefined) return undefined;
    remedies.push(next);
    now = next.plan;
  }
  return undefined;
}

/** A setting that was changed twice is changed once, to what it was last. */
function merged(remedies: readonly Remedy[]): Fix['changes'] {
  const bySetting = new Map<string, Fix['changes'][number]>();
  for (const { changes, how } of remedies) {
    for (const change of changes) {
      const { from } = bySetting.get(change.setting) ?? change;
      bySetting.set(change.setting, { ...change, from, how });
    }
  }
  return [...bySetting.values()];
}
