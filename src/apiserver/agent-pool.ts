/**
 * What AKS refuses about agent pools: names, counts, pods a node, and whether the machines and their pod blocks fit.
 *
 * Sources: https://learn.microsoft.com/azure/aks/create-node-pools#limitations (names),
 * /azure/aks/concepts-network-ip-address-planning (maxPods, at least 30 pods in all), /azure/aks/quotas-skus-regions (counts),
 * /azure/virtual-network/virtual-networks-faq (five addresses of every subnet are Azure's).
 */
import {
  type AgentPoolProfile,
  addressModelOf,
  type ClusterSettings,
  MAX_PODS_MAX,
  MAX_PODS_MIN,
  type NetworkProfile,
  NODE_BLOCK,
  NODES_PER_CLUSTER_MAX,
  NODES_PER_POOL_MAX,
  parseCidr,
  ROUTES_MAX,
  SUBNET_RESERVED,
  sizeOf,
} from '../model/index.ts';
import { insufficient, invalidParameter, type ManagedClusterError } from './managed-cluster-error.ts';
import { validateNodeMarks } from './node-marks.ts';
import { validatePodSubnets } from './pod-subnets.ts';

const POOL_NAME = /^[a-z][a-z0-9]{0,11}$/;
const PODS_PER_CLUSTER_MIN = 30;

export function validateAgentPools(settings: ClusterSettings): readonly ManagedClusterError[] {
  const pools = settings.agentPoolProfiles;
  if (pools.length === 0) return [invalidParameter('agentPoolProfiles', 'a cluster has at least one agent pool')];
  return [
    ...pools.flatMap((pool, i) => validatePool(settings, pool, i)),
    ...validateTotals(pools),
    ...validateSubnetSizes(settings),
    ...validatePodBlocks(settings),
    ...validatePodSubnets(settings),
    ...validateRoutes(settings),
  ];
}

function validatePool(settings: ClusterSettings, pool: AgentPoolProfile, index: number): ManagedClusterError[] {
  const field = `agentPoolProfiles[${index}]`;
  const errors: ManagedClusterError[] = [];
  if (!POOL_NAME.test(pool.name)) errors.push(invalidName(field, pool.name));
  if (settings.agentPoolProfiles.findIndex(({ name }) => name === pool.name) < index)
    errors.push(invalidParameter(`${field}.name`, `two agent pools are named ${pool.name}`));
  // The first pool is the system pool: AKS runs CoreDNS there, so it is never empty.
  const countMin = index === 0 ? 1 : 0;
  if (pool.count < countMin || pool.count > NODES_PER_POOL_MAX) errors.push(invalidCount(field, pool.count, countMin));
  if (pool.maxPods < MAX_PODS_MIN || pool.maxPods > MAX_PODS_MAX)
    errors.push({
      code: 'InvalidParameter',
      message: 'The value of parameter maxPods is invalid.',
      field: `${field}.maxPods`,
      detail: `${pool.maxPods} is outside ${MAX_PODS_MIN} to ${MAX_PODS_MAX} pods a node`,
    });
  for (const role of ['vnetSubnet', 'podSubnet'] as const) {
    const subnet = pool[role];
    if (subnet !== undefined && !settings.virtualNetwork.subnets.some(({ name }) => name === subnet))
      errors.push(invalidParameter(`${field}.${role}`, `no subnet is named ${subnet}`));
  }
  const { maxSurge = '1' } = pool.upgradeSettings ?? {};
  if (!/^[1-9]\d{0,3}%?$/.test(maxSurge))
    errors.push(
      invalidParameter(
        `${field}.upgradeSettings.maxSurge`,
        `${JSON.stringify(maxSurge)} is no number of nodes and no share such as 33%`,
      ),
    );
  return [...errors, ...validateNodeMarks(pool, field)];
}

function invalidName(field: string, name: string): ManagedClusterError {
  return {
    code: 'InvalidParameter',
    message:
      'The value of parameter agentPoolProfile.name is invalid. Please see https://aka.ms/aks-naming-rules for more details.',
    field: `${field}.name`,
    detail: `${JSON.stringify(name)} is not 1 to 12 lower-case letters and digits that begin with a letter`,
  };
}

function invalidCount(field: string, count: number, least: number): ManagedClusterError {
  return {
    code: 'InvalidParameter',
    message:
      `agentPoolProfile.count was ${count}. It must be greater or equal to minCount:${least} ` +
      `and less than or equal to maxCount:${NODES_PER_POOL_MAX}.`,
    field: `${field}.count`,
    detail: `${count} is outside ${least} to ${NODES_PER_POOL_MAX} nodes`,
  };
}

function validateTotals(pools: readonly AgentPoolProfile[]): ManagedClusterError[] {
  const nodes = pools.reduce((sum, { count }) => sum + count, 0);
  const pods = pools.reduce((sum, { count, maxPods }) => sum + count * maxPods, 0);
  const errors: ManagedClusterError[] = [];
  if (nodes > NODES_PER_CLUSTER_MAX)
    errors.push(
      invalidParameter('agentPoolProfiles', `${nodes} nodes are more than ${NODES_PER_CLUSTER_MAX} a cluster`),
    );
  if (nodes > 0 && pods < PODS_PER_CLUSTER_MIN)
    errors.push(
      invalidParameter('agentPoolProfiles', `the pools hold ${pods} pods, a cluster at least ${PODS_PER_CLUSTER_MIN}`),
    );
  return errors;
}

/** Every node takes one address of its subnet, and with Node Subnet one more for each pod that it may run. */
function validateSubnetSizes(settings: ClusterSettings): ManagedClusterError[] {
  const { agentPoolProfiles, networkProfile, virtualNetwork } = settings;
  return virtualNetwork.subnets.flatMap(({ name, addressPrefix }) => {
    const pools = agentPoolProfiles
      .map((pool, index) => ({ ...pool, index }))
      .filter((pool) => pool.vnetSubnet === name);
    const cidr = parseCidr(addressPrefix);
    const nodes = pools.reduce((sum, pool) => sum + nodesOf(pool), 0);
    const needed = pools.reduce((sum, pool) => sum + nodesOf(pool) * addressesPerNode(networkProfile, pool), 0);
    if (cidr === undefined || needed === 0) return [];
    const available = Math.max(0, sizeOf(cidr) - SUBNET_RESERVED);
    if (needed <= available) return [];
    const need = needed === nodes ? 'need more than' : `reserve ${needed} addresses, more than`;
    const detail = `${nodes} nodes ${need} the ${available} addresses that subnet ${name} ${addressPrefix} has free`;
    return [
      insufficient(`agentPoolProfiles[${pools[0]!.index}].count`, needed, available, addressPrefix, name, detail),
    ];
  });
}

/** Nodes that a pool may have: with autoscaling those that it may grow to. */
export function nodesOf({ count, enableAutoScaling = false, maxCount = count }: AgentPoolProfile): number {
  return enableAutoScaling ? Math.max(count, maxCount) : count;
}

/** Addresses of its own subnet that a node of the pool reserves. */
export function addressesPerNode(networkProfile: NetworkProfile, pool: AgentPoolProfile): number {
  return addressModelOf(networkProfile, pool) === 'node-subnet' ? 1 + pool.maxPods : 1;
}

function validatePodBlocks({ agentPoolProfiles, networkProfile }: ClusterSettings): ManagedClusterError[] {
  const { podCidr, networkPlugin, networkPluginMode } = networkProfile;
  const cidr = podCidr === undefined ? undefined : parseCidr(podCidr);
  const takesBlocks = networkPlugin === 'kubenet' || networkPluginMode === 'overlay';
  if (podCidr === undefined || cidr === undefined || !takesBlocks) return [];
  const nodes = agentPoolProfiles.reduce((sum, pool) => sum + nodesOf(pool), 0);
  const field = 'networkProfile.podCidr';
  const available = sizeOf(cidr);
  if (nodes * NODE_BLOCK <= available) return [];
  const detail = `${nodes} nodes need a /24 each, ${podCidr} holds ${Math.floor(available / NODE_BLOCK)}`;
  return [insufficient(field, nodes * NODE_BLOCK, available, podCidr, 'networkProfile.podCIDR', detail)];
}

function validateRoutes({ agentPoolProfiles, networkProfile }: ClusterSettings): ManagedClusterError[] {
  const nodes = agentPoolProfiles.reduce((sum, pool) => sum + nodesOf(pool), 0);
  if (networkProfile.networkPlugin !== 'kubenet' || nodes <= ROUTES_MAX) return [];
  return [
    invalidParameter(
      'agentPoolProfiles',
      `${nodes} nodes need a route each, a route table of Azure holds ${ROUTES_MAX}`,
    ),
  ];
}
