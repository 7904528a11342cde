/** Settings that give a space more room: one change at a time, as large as the growth needs and no larger. */

import { RESERVED_RANGES, validateManagedCluster } from '../emulator/index.ts';
import { addressModelOf, type ClusterSettings, cidrOf, MAX_PODS_MAX, MAX_PODS_MIN } from '../model/index.ts';
import { type Changed, withMaxPods, withNodes, withOverlay, withProfile, withSubnet } from './change.ts';
import { type Failure, forecast } from './forecast.ts';
import { maxPodsOf } from './growing-pool.ts';
import type { Plan } from './plan.ts';
import { PRIVATE_RANGES, placeFor } from './ranges.ts';

export interface Remedy extends Changed {
  /** what it takes to change such a setting, in a few words */
  readonly how: string;
}

/** No range is larger than a /8; a Service range holds at most 2^20 addresses. */
const PREFIX_MIN = { podCidr: 8, serviceCidr: 12 } as const;
/** What an overlay cluster has where nobody says otherwise. */
const POD_CIDR = '10.244.0.0/16';

/** What would give room to the space that ran out; the first is what one would do first. */
export function remediesOf(plan: Plan, failure: Failure): readonly Remedy[] {
  const { space } = failure;
  switch (space.kind) {
    case 'subnet':
      return [largerSubnet, fewerPodsPerNode, overlayInstead].flatMap((remedy) => remedy(plan, failure));
    case 'podCidr':
    case 'serviceCidr':
      return largerRange(plan, failure, space.kind);
    case 'maxPods':
      return [morePods, moreNodes].flatMap((remedy) => remedy(plan, failure));
    case 'routes':
      return overlayInstead(plan, failure);
    case 'nodes':
      return [];
    default:
      throw new Error(`nothing is named ${space.kind satisfies never}`);
  }
}

/** The first of these with which none of the spaces runs out, however short the others are. */
function firstThatHelps(spaces: readonly string[], candidates: Iterable<Changed>): readonly Changed[] {
  for (const candidate of candidates) {
    if (spaces.every((space) => forecast(candidate.plan, space).failure === undefined)) return [candidate];
  }
  return [];
}

function largerSubnet(plan: Plan, failure: Failure): readonly Remedy[] {
  const { virtualNetwork } = plan.settings;
  const index = virtualNetwork.subnets.findIndex(({ name }) => failure.space.name === `subnet ${name}`);
  const now = virtualNetwork.subnets[index]!.addressPrefix;
  const apartFrom = [
    ...virtualNetwork.subnets.filter((_, i) => i !== index).map(({ addressPrefix }) => addressPrefix),
    plan.settings.networkProfile.serviceCidr,
  ];
  function* candidates(): Iterable<Changed> {
    for (let length = cidrOf(now).prefixLength - 1; length >= PREFIX_MIN.podCidr; length--) {
      const range = placeFor(length, { now, within: virtualNetwork.addressPrefixes, apartFrom });
      if (range !== undefined) yield withSubnet(plan, index, range);
    }
  }
  const how = 'a subnet in use keeps its size: a new pool in a larger one';
  return firstThatHelps([failure.space.name], candidates()).map((changed) => ({ ...changed, how }));
}

function largerRange(plan: Plan, failure: Failure, field: 'podCidr' | 'serviceCidr'): readonly Remedy[] {
  const { networkProfile, virtualNetwork } = plan.settings;
  const now = networkProfile[field]!;
  const other = field === 'podCidr' ? networkProfile.serviceCidr : networkProfile.podCidr;
  const apartFrom = [...virtualNetwork.addressPrefixes, ...RESERVED_RANGES, ...(other === undefined ? [] : [other])];
  function* candidates(): Iterable<Changed> {
    for (let length = cidrOf(now).prefixLength - 1; length >= PREFIX_MIN[field]; length--) {
      const range = placeFor(length, { now, within: PRIVATE_RANGES, apartFrom });
      if (range === undefined) continue;
      const changed = withProfile(plan, field, range);
      if (isAccepted(changed.plan.settings)) yield changed;
    }
  }
  return firstThatHelps([failure.space.name], candidates()).map((changed) => ({
    ...changed,
    how: howToExtend(field, changed, networkProfile.networkPlugin),
  }));
}

function howToExtend(
  field: 'podCidr' | 'serviceCidr',
  { changes: [change] }: Changed,
  networkPlugin: ClusterSettings['networkProfile']['networkPlugin'],
): string {
  if (field === 'serviceCidr') return 'a new cluster, or a second range as a ServiceCIDR (Kubernetes 1.33)';
  const isSuperset = placeFor(cidrOf(change!.to).prefixLength, {
    now: change!.from,
    within: [change!.to],
    apartFrom: [],
  });
  if (networkPlugin === 'azure' && isSuperset === change!.to) return 'in place: the new range holds the old one';
  return 'a new cluster';
}

function isAccepted(settings: ClusterSettings): boolean {
  return validateManagedCluster(settings).every(({ code }) => code === 'InsufficientSubnetSize');
}

/** Where nodes reserve for pods that never come, they reserve less. */
function fewerPodsPerNode(plan: Plan, failure: Failure): readonly Remedy[] {
  const index = poolOf(plan, failure);
  const pool = plan.settings.agentPoolProfiles[index];
  if (pool === undefined) return [];
  const model = addressModelOf(plan.settings.networkProfile, pool);
  if (model !== 'node-subnet' && model !== 'pod-subnet-static-block') return [];
  function* candidates(): Iterable<Changed> {
    for (let maxPods = pool!.maxPods - 1; maxPods >= MAX_PODS_MIN; maxPods--) yield withMaxPods(plan, index, maxPods);
  }
  const helps = firstThatHelps([failure.space.name, maxPodsOf(pool.name)], candidates()).filter(({ plan: next }) =>
    isAccepted(next.settings),
  );
  return helps.map((changed) => ({ ...changed, how: 'maxPods is fixed for a pool: a new pool' }));
}

function morePods(plan: Plan, failure: Failure): readonly Remedy[] {
  const index = poolOf(plan, failure);
  function* candidates(): Iterable<Changed> {
    for (let maxPods = plan.settings.agentPoolProfiles[index]!.maxPods + 1; maxPods <= MAX_PODS_MAX; maxPods++)
      yield withMaxPods(plan, index, maxPods);
  }
  const how = 'maxPods is fixed for a pool: a new pool';
  return firstThatHelps([failure.space.name], candidates()).map((changed) => ({ ...changed, how }));
}

/** As many nodes as the pods of that step need; what CoreDNS takes of them may need one more. */
function moreNodes(plan: Plan, failure: Failure): readonly Remedy[] {
  const { step } = failure;
  const pool = plan.settings.agentPoolProfiles[poolOf(plan, failure)]!;
  const needed = Math.ceil(step.growth.count / pool.maxPods);
  const candidates = [needed, needed + 1].map((nodes) => withNodes(plan, pool.name, step, nodes));
  return firstThatHelps([failure.space.name], candidates).map((changed) => ({ ...changed, how: 'in place' }));
}

/** Node Subnet and kubenet clusters can become overlay clusters: https://learn.microsoft.com/azure/aks/upgrade-aks-ipam-and-dataplane */
function overlayInstead(plan: Plan, failure: Failure): readonly Remedy[] {
  const { networkProfile, agentPoolProfiles, virtualNetwork } = plan.settings;
  const models = agentPoolProfiles.map((pool) => addressModelOf(networkProfile, pool));
  if (!models.every((model) => model === 'node-subnet' || model === 'kubenet')) return [];
  const apartFrom = [...virtualNetwork.addressPrefixes, ...RESERVED_RANGES, networkProfile.serviceCidr];
  const { podCidr = POD_CIDR } = networkProfile;
  const length = cidrOf(podCidr).prefixLength;
  const range = placeFor(length, { now: podCidr, within: PRIVATE_RANGES, apartFrom });
  const how = 'in place: az aks update --network-plugin-mode overlay';
  const candidates = range === undefined ? [] : [withOverlay(plan, range)];
  return firstThatHelps([failure.space.name], candidates).map((changed) => ({ ...changed, how }));
}

function poolOf({ settings }: Plan, { step: { growth } }: Failure): number {
  return 'pool' in growth ? settings.agentPoolProfiles.findIndex(({ name }) => name === growth.pool) : -1;
}
