/** Settings changed by their paths, and the plan that comes of it. */
import type { AgentPoolProfile, ClusterSettings } from '../model/index.ts';
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
  return { changes, plan: withSettings(plan, settings) };
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

export function withPool(plan: Plan, index: number, field: 'maxPods' | 'count', to: number): Changed {
  const pools = plan.settings.agentPoolProfiles;
  const agentPoolProfiles = pools.map((pool, i): AgentPoolProfile => (i === index ? { ...pool, [field]: to } : pool));
  return changed(plan, `agentPoolProfiles[${index}].${field}`, {
    from: String(pools[index]![field]),
    to: String(to),
    settings: { ...plan.settings, agentPoolProfiles },
  });
}

function changed(
  plan: Plan,
  path: string,
  { from, to, settings }: { readonly from: string; readonly to: string; readonly settings: ClusterSettings },
): Changed {
  return { changes: [{ setting: `cluster.${path}`, from, to }], plan: withSettings(plan, settings) };
}

function withSettings(plan: Plan, settings: ClusterSettings): Plan {
  return { ...plan, settings, steps: plan.steps.map((step) => begun(step, settings)) };
}

/** A pool that begins with more nodes has them in every step that counts nodes. */
function begun(step: GrowthStep, { agentPoolProfiles }: ClusterSettings): GrowthStep {
  const { growth } = step;
  if (growth.of !== 'nodes') return step;
  const { count } = agentPoolProfiles.find(({ name }) => name === growth.pool)!;
  const isBeginning = step.at.startsWith('cluster.');
  return { ...step, growth: { ...growth, count: isBeginning ? count : Math.max(count, growth.count) } };
}
