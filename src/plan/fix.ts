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
const CHANGES_MAX = 8;

/** One fix for each remedy of the space that runs out first. */
export function fixesOf(plan: Plan, failure: Failure): readonly Fix[] {
  return remediesOf(plan, failure).flatMap((remedy) => completed(remedy) ?? []);
}

function completed(first: Remedy): Fix | undefined {
  const changes: Remedy[] = [first];
  while (changes.length <= CHANGES_MAX) {
    const { plan } = changes.at(-1)!;
    const { failure } = forecast(plan);
    if (failure === undefined) return { changes: merged(changes) };
    const [next] = remediesOf(plan, failure);
    if (next === undefined) return undefined;
    changes.push(next);
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
