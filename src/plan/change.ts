/** Settings changed by their paths, and the plan that comes of it. */
import { type AgentPoolProfile, type ClusterSettings, surgeOf } from '../model/index.ts';
import type { GrowthStep, Plan } from './plan.ts';

/** One setting as `--set` takes it: `cluster.virtualNetwork.subnets[0].addressPrefix`. */
export interface SettingChange {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
}

export interface Changed {
  readonly changes: readonly SettingChange[];
  readonly plan: Plan;
}

/** The same nodes as an overlay cluster. */
export function withOverlay(plan: Plan, podCidr: string): Changed {
  const { networkPlugin, networkPluginMode, podCidr: now, ...rest } = plan.settings.networkProfile;
  const overlay = { networkPlugin: 'azure', networkPluginMode: 'overlay', podCidr } as const;
  const settings = { ...plan.settings, networkProfile: { ...rest, ...overlay } };
  const before = { networkPlugin, networkPluginMode, podCidr: now };
  const changes = (['networkPlugin', 'networkPluginMode', 'podCidr'] as const)
    .filter((field) => before[field] !== overlay[field])
    .map((field) => ({
      setting: `cluster.networkProfile.${field}`,
      from: before[field] ?? 'none',
      to: overlay[field],
    }));
  return { changes, plan: { ...plan, settings } };
}

export function withSubnet(plan: Plan, index: number, addressPrefix: string): Changed {
  const { virtualNetwork } = plan.settings;
  const subnets = virtualNetwork.subnets.map((subnet, i) => (i === index ? { ...subnet, addressPrefix } : subnet));
  return changed(plan, `virtualNetwork.subnets[${index}].addressPrefix`, {
    from: virtualNetwork.subnets[index]!.addressPrefix,
    to: addressPrefix,
    settings: { ...plan.settings, virtualNetwork: { ...virtualNetwork, subnets } },
  });
}

export function withProfile(plan: Plan, field: 'podCidr' | 'serviceCidr', to: string): Changed {
  const { networkProfile } = plan.settings;
  return changed(plan, `networkProfile.${field}`, {
    from: networkProfile[field] ?? 'none',
    to,
    settings: { ...plan.settings, networkProfile: { ...networkProfile, [field]: to } },
  });
}

export function withMaxPods(plan: Plan, index: number, to: number): Changed {
  const pool = plan.settings.agentPoolProfiles[index]!;
  return changed(plan, `agentPoolProfiles[${index}].maxPods`, {
    from: String(pool.maxPods),
    to: String(to),
    settings: withPool(plan.settings, pool.name, { maxPods: to }),
  });
}

/** At least so many nodes in the pool from the last count before `step` on, and at the beginning where that is none. */
export function withNodes(plan: Plan, pool: string, step: GrowthStep, to: number): Changed {
  const counts = plan.steps.filter(({ growth }) => growth.of === 'nodes' && growth.pool === pool);
  const last = counts.findLast((each) => plan.steps.indexOf(each) < plan.steps.indexOf(step));
  const raised = counts.slice(counts.indexOf(last!)).filter(({ growth }) => growth.count < to);
  const changes = raised.map(({ at, growth }) => ({ setting: at, from: String(growth.count), to: String(to) }));
  const steps = plan.steps.map((each) =>
    raised.includes(each) ? { ...each, growth: { ...each.growth, count: to } } : each,
  );
  const beginsWith = steps.find(({ growth }) => growth.of === 'nodes' && growth.pool === pool)!.growth.count;
  const settings = withPool(plan.settings, pool, { count: beginsWith });
  return { changes, plan: { ...plan, steps: withSurges(steps, settings, pool), settings } };
}

/** A surge that is a share of the pool's nodes is one of those that are there by then. */
function withSurges(
  steps: readonly GrowthStep[],
  { agentPoolProfiles }: ClusterSettings,
  pool: string,
): readonly GrowthStep[] {
  const profile = agentPoolProfiles.find(({ name }) => name === pool)!;
  let nodes = 0;
  return steps.map((step): GrowthStep => {
    const { growth } = step;
    if (growth.of === 'services' || growth.pool !== pool) return step;
    if (growth.of === 'nodes') nodes = growth.count;
    return growth.of === 'surge' ? { ...step, growth: { ...growth, count: surgeOf(profile, nodes) } } : step;
  });
}

function withPool(settings: ClusterSettings, name: string, change: Partial<AgentPoolProfile>): ClusterSettings {
  const agentPoolProfiles = settings.agentPoolProfiles.map((pool) =>
    pool.name === name ? { ...pool, ...change } : pool,
  );
  return { ...settings, agentPoolProfiles };
}

function changed(
  plan: Plan,
  path: string,
  { from, to, settings }: { readonly from: string; readonly to: string; readonly settings: ClusterSettings },
): Changed {
  return { changes: [{ setting: `cluster.${path}`, from, to }], plan: { ...plan, settings } };
}
