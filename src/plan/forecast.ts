/** What a plan comes to by arithmetic alone: nothing is run here. */
import { GrowingCluster } from './growing-cluster.ts';
import type { Growth, GrowthStep, Plan } from './plan.ts';
import type { Space, SpaceUse } from './space.ts';

export interface Failure {
  readonly step: GrowthStep;
  readonly unit: 'node' | 'pod' | 'Service';
  /** which one of the step's total is the first that does not fit, counted from 1 */
  readonly number: number;
  readonly space: Space;
}

export interface StepForecast {
  readonly step: GrowthStep;
  /** how many of the step's total there are at its end; undefined where an earlier step has failed */
  readonly fits?: number;
}

export interface Forecast {
  readonly steps: readonly StepForecast[];
  /** undefined where everything fits */
  readonly failure?: Failure;
  /** after the last step, or as full as they get in the step that fails */
  readonly spaces: readonly SpaceUse[];
}

/** With `only`, as if no space but the one of that name could run out. */
export function forecast({ settings, steps }: Pick<Plan, 'settings' | 'steps'>, only?: string): Forecast {
  const cluster = new GrowingCluster(settings, only);
  const reached: StepForecast[] = [];
  const counts = new Map<string, number>();
  let failure: Failure | undefined;
  let hasSystemPods = false;
  for (const step of steps) {
    if (failure !== undefined) {
      reached.push({ step });
      continue;
    }
    if (!hasSystemPods && !step.at.startsWith('cluster.')) {
      hasSystemPods = true;
      cluster.addSystemPods();
    }
    const { fits, short } = grow(cluster, step.growth, counts);
    reached.push({ step, fits });
    if (short !== undefined) failure = { step, unit: unitOf(step.growth), number: fits + 1, space: short };
  }
  return { steps: reached, ...(failure === undefined ? {} : { failure }), spaces: cluster.spaces() };
}

function grow(
  cluster: GrowingCluster,
  growth: Growth,
  counts: Map<string, number>,
): { readonly fits: number; readonly short: Space | undefined } {
  const what = 'pool' in growth ? `${growth.of} ${growth.pool}` : growth.of;
  let fits = growth.of === 'surge' ? 0 : (counts.get(what) ?? 0);
  let short: Space | undefined;
  while (fits < growth.count) {
    short = addOne(cluster, growth);
    if (short !== undefined) break;
    fits++;
  }
  if (growth.of !== 'surge') counts.set(what, fits);
  else if (short === undefined) for (let i = 0; i < fits; i++) cluster.removeNode(growth.pool);
  return { fits, short };
}

function addOne(cluster: GrowingCluster, growth: Growth): Space | undefined {
  switch (growth.of) {
    case 'nodes':
    case 'surge':
      return cluster.addNode(growth.pool);
    case 'pods':
      return cluster.addPod(growth.pool);
    case 'services':
      return cluster.addService();
    default:
      throw new Error(`nothing grows like ${JSON.stringify(growth satisfies never)}`);
  }
}

export function unitOf({ of }: Growth): Failure['unit'] {
  if (of === 'services') return 'Service';
  return of === 'pods' ? 'pod' : 'node';
}
