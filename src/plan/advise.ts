/**
 * Which address model suits a growth, and how large its ranges must be: the decision flow of
 * https://learn.microsoft.com/azure/aks/concepts-network-cni-overview and /azure/aks/plan-pod-networking.
 *
 * ```text
 *   pods reached by address from outside? --no--> overlay
 *     | yes
 *   room in the virtual network for nodes and pods? --no--> a larger network, or overlay behind Services
 *     | yes
 *   more than 64,000 addresses? --no--> Pod Subnet, dynamic
 *     | yes
 *   Pod Subnet, static block
 * ```
 */
import type { AddressModel, AgentPoolProfile, ClusterSettings, Subnet } from '../model/index.ts';
import { fitted } from './fix.ts';
import { FLAT_ADDRESSES_MAX } from './limits.ts';
import type { Plan } from './plan.ts';
import { placeFor } from './ranges.ts';

export interface Advice {
  /** as they were asked, each with what its answer rests on */
  readonly questions: readonly { readonly question: string; readonly answer: string }[];
  /** undefined where no model does what is wanted in this virtual network */
  readonly model?: AddressModel;
  readonly reason: string;
  /** the settings that the growth fits into, none larger than it must be */
  readonly sizes: readonly { readonly setting: string; readonly value: string }[];
}

export function advise(plan: Plan): Advice {
  const { podsReachedByAddress } = plan.requirements;
  const reached = {
    question: 'Must pods be reached by their addresses from outside of the cluster?',
    answer: podsReachedByAddress ? 'yes' : 'no: Services and ingress do',
  };
  return podsReachedByAddress ? adviseFlat(plan, reached) : adviseOverlay(plan, reached);
}

type Question = Advice['questions'][number];

function adviseOverlay(plan: Plan, reached: Question): Advice {
  const suited = suit(plan, 'overlay');
  const room = {
    question: `Has the virtual network room for ${nodesOf(plan)} nodes?`,
    answer: suited === undefined ? `no, ${roomOf(plan)}` : 'yes',
  };
  const questions = [reached, room];
  if (suited === undefined) return { questions, reason: 'Even nodes alone need a larger virtual network.', sizes: [] };
  const reason =
    'Nodes alone take addresses of the virtual network; pods have their own range, which can grow in place.';
  return { questions, model: 'overlay', reason, sizes: sizesOf(suited) };
}

function adviseFlat(plan: Plan, reached: Question): Advice {
  const addresses = nodesOf(plan) + podsOf(plan);
  const model = addresses > FLAT_ADDRESSES_MAX ? 'pod-subnet-static-block' : 'pod-subnet-dynamic';
  const suited = suit(plan, model);
  const room = {
    question: `Has the virtual network room for ${nodesOf(plan)} nodes and ${podsOf(plan)} pods?`,
    answer: suited === undefined ? `no, ${roomOf(plan)}` : 'yes',
  };
  if (suited === undefined) {
    const reason =
      'Enlarge the virtual network, or give up on pod addresses: Azure CNI Overlay, with Services or ingress in front.';
    return { questions: [reached, room], reason, sizes: sizesOf(suit(plan, 'overlay')) };
  }
  const large = {
    question: `Are these more than ${FLAT_ADDRESSES_MAX} addresses?`,
    answer: `${addresses > FLAT_ADDRESSES_MAX ? 'yes' : 'no'}, ${addresses}`,
  };
  const reason =
    model === 'pod-subnet-dynamic'
      ? 'Pods have addresses of the virtual network, given to nodes in batches as they are needed.'
      : 'Pods have addresses of the virtual network; only blocks of 16 a node go beyond 64,000 of them.';
  return { questions: [reached, room, large], model, reason, sizes: sizesOf(suited) };
}

/** The most nodes at one time, surges of one pool on top of the others, and the pods in all. */
function nodesOf({ steps }: Plan): number {
  const counts = new Map<string, number>();
  let most = 0;
  for (const { growth } of steps) {
    if (growth.of === 'nodes') counts.set(growth.pool, growth.count);
    const surge = growth.of === 'surge' ? growth.count : 0;
    most = Math.max(most, surge + [...counts.values()].reduce((sum, count) => sum + count, 0));
  }
  return most;
}

function podsOf({ steps }: Plan): number {
  const counts = new Map<string, number>();
  for (const { growth } of steps) if (growth.of === 'pods') counts.set(growth.pool, growth.count);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function roomOf({ settings: { virtualNetwork } }: Plan): string {
  return `it has ${virtualNetwork.addressPrefixes.join(', ')}, with ${virtualNetwork.subnets.length} subnets`;
}

/** The smallest range that can hold a node pool and a pod subnet: growing begins there. */
const SMALLEST_SUBNET = 28;
const SMALLEST_POD_CIDR = '10.244.0.0/24';

/** The cluster in another model, with ranges that its growth fits into; undefined where the network has no room for them. */
function suit(plan: Plan, model: AddressModel): ClusterSettings | undefined {
  const { networkProfile, virtualNetwork, agentPoolProfiles, ...rest } = plan.settings;
  const own = new Set(agentPoolProfiles.flatMap(({ vnetSubnet, podSubnet }) => [vnetSubnet, podSubnet]));
  const others = virtualNetwork.subnets.filter(({ name }) => !own.has(name));
  const isFlat = model.startsWith('pod-subnet');
  const subnets = placed(others, isFlat ? ['nodes', 'pods'] : ['nodes'], plan.settings);
  if (subnets === undefined) return undefined;
  const { networkPlugin: _, networkPluginMode: __, podCidr: ___, ...services } = networkProfile;
  const profile = { networkPlugin: 'azure', ...services } as const;
  const { plan: suited } =
    fitted({
      ...plan,
      settings: {
        ...rest,
        networkProfile: isFlat ? profile : { ...profile, networkPluginMode: 'overlay', podCidr: SMALLEST_POD_CIDR },
        virtualNetwork: { ...virtualNetwork, subnets },
        agentPoolProfiles: agentPoolProfiles.map((pool) => poolIn(pool, model)),
      },
    }) ?? {};
  return suited?.settings;
}

function poolIn(
  { podSubnet: _, podIPAllocationMode: __, ...pool }: AgentPoolProfile,
  model: AddressModel,
): AgentPoolProfile {
  if (model === 'overlay') return { ...pool, vnetSubnet: 'nodes' };
  const podIPAllocationMode = model === 'pod-subnet-static-block' ? 'StaticBlock' : 'DynamicIndividual';
  return { ...pool, vnetSubnet: 'nodes', podSubnet: 'pods', podIPAllocationMode };
}

function placed(
  others: readonly Subnet[],
  names: readonly string[],
  { virtualNetwork, networkProfile }: ClusterSettings,
): readonly Subnet[] | undefined {
  const subnets: Subnet[] = [];
  for (const name of names) {
    const apartFrom = [networkProfile.serviceCidr, ...[...others, ...subnets].map((subnet) => subnet.addressPrefix)];
    const range = placeFor(SMALLEST_SUBNET, { within: virtualNetwork.addressPrefixes, apartFrom });
    if (range === undefined) return undefined;
    subnets.push({ name, addressPrefix: range });
  }
  return [...subnets, ...others];
}

function sizesOf(settings: ClusterSettings | undefined): Advice['sizes'] {
  if (settings === undefined) return [];
  const { networkProfile, virtualNetwork, agentPoolProfiles } = settings;
  const used = new Set(agentPoolProfiles.flatMap(({ vnetSubnet, podSubnet }) => [vnetSubnet, podSubnet]));
  return [
    ...virtualNetwork.subnets
      .filter(({ name }) => used.has(name))
      .map(({ name, addressPrefix }) => ({ setting: `subnet ${name}`, value: addressPrefix })),
    ...(networkProfile.podCidr === undefined ? [] : [{ setting: 'podCidr', value: networkProfile.podCidr }]),
    { setting: 'serviceCidr', value: networkProfile.serviceCidr },
    ...agentPoolProfiles.map(({ name, count, maxPods }) => ({
      setting: `pool ${name}`,
      value: `${count} nodes at first, maxPods ${maxPods}`,
    })),
  ];
}
