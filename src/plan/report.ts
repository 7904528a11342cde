/** Everything that a plan's readers are told, as one value: printers only lay it out. */
import { type AddressModel, addressModelOf } from '../model/index.ts';
import { type Fix, fixesOf } from './fix.ts';
import { type Failure, type Forecast, forecast } from './forecast.ts';
import type { Growth, Plan } from './plan.ts';
import type { Proof } from './prove.ts';

/** How many more of something there is room for on top of a growth that fits, and what stops the next one. */
export interface Headroom {
  readonly of: 'nodes' | 'pods';
  readonly pool: string;
  readonly more: number;
  /** `subnet aks` */
  readonly space: string;
}

export interface PlanReport {
  readonly plan: Plan;
  readonly models: readonly { readonly pool: string; readonly model: AddressModel }[];
  readonly forecast: Forecast;
  /** alternatives, where something does not fit */
  readonly fixes: readonly Fix[];
  /** where everything fits */
  readonly headroom: readonly Headroom[];
  /** where it was asked for */
  readonly proof?: Proof;
}

export function reportOn(plan: Plan): PlanReport {
  const { agentPoolProfiles, networkProfile } = plan.settings;
  const found = forecast(plan);
  const { failure } = found;
  return {
    plan,
    models: agentPoolProfiles.map((pool) => ({ pool: pool.name, model: addressModelOf(networkProfile, pool)! })),
    forecast: found,
    fixes: failure === undefined ? [] : fixesOf(plan, failure),
    headroom: failure === undefined ? headroomOf(plan) : [],
  };
}

function headroomOf(plan: Plan): readonly Headroom[] {
  return plan.settings.agentPoolProfiles.flatMap(({ name: pool }) =>
    (['nodes', 'pods'] as const).flatMap((of): readonly Headroom[] => {
      const growth: Growth = { of, pool, count: Number.POSITIVE_INFINITY };
      const { failure } = forecast({ ...plan, steps: [...plan.steps, { at: 'headroom', growth }] });
      return failure === undefined ? [] : [headroom(plan, growth, failure)];
    }),
  );
}

function headroom({ steps }: Plan, { of, pool }: Extract<Growth, { pool: string }>, failure: Failure): Headroom {
  const now = steps.findLast(({ growth }) => growth.of === of && 'pool' in growth && growth.pool === pool);
  return {
    of: of as 'nodes' | 'pods',
    pool,
    more: failure.number - 1 - (now?.growth.count ?? 0),
    space: failure.space.name,
  };
}
