/**
 * What AKS refuses about pod subnets.
 *
 * Sources: https://learn.microsoft.com/azure/aks/concepts-network-azure-cni-pod-subnet (modes, blocks),
 * /azure/aks/configure-azure-cni-dynamic-ip-allocation; texts as users reported them: Azure/AKS#3351.
 */
import { type AgentPoolProfile, type ClusterSettings, parseCidr, STATIC_BLOCK, sizeOf } from '../model/index.ts';
import { insufficient, invalidParameter, type ManagedClusterError } from './managed-cluster-error.ts';

/** A subnet of static blocks is at most so large. */
const STATIC_PREFIX_MIN = 12;

export function validatePodSubnets(settings: ClusterSettings): readonly ManagedClusterError[] {
  const { agentPoolProfiles: pools } = settings;
  return [
    ...pools.flatMap((pool, i) => validatePool(settings, pool, `agentPoolProfiles[${i}].podSubnet`)),
    ...validateAlike(pools),
    ...validateBlocks(settings),
  ];
}

function validatePool(
  { networkProfile, agentPoolProfiles }: ClusterSettings,
  pool: AgentPoolProfile,
  field: string,
): ManagedClusterError[] {
  const { podSubnet } = pool;
  if (podSubnet === undefined) return [];
  if (networkProfile.networkPlugin === 'kubenet' || networkProfile.networkPluginMode !== undefined)
    return [
      {
        code: 'InvalidParameter',
        message: 'Can only specify a pod subnet when using network plugin Azure or None',
        field,
        detail: 'only networkPlugin azure without a mode takes pods into a subnet',
      },
    ];
  if (agentPoolProfiles.some(({ vnetSubnet }) => vnetSubnet === podSubnet))
    return [invalidParameter(field, `${podSubnet} holds nodes; a pod subnet is for pods only`)];
  const other = agentPoolProfiles.find((each) => each.podSubnet === podSubnet && modeOf(each) !== modeOf(pool));
  if (other === undefined) return [];
  return [invalidParameter(field, `${podSubnet} gives out ${modeOf(other)} to ${other.name}; a subnet has one mode`)];
}

function modeOf({ podIPAllocationMode = 'DynamicIndividual' }: Pick<AgentPoolProfile, 'podIPAllocationMode'>) {
  return podIPAllocationMode;
}

function validateAlike(pools: readonly AgentPoolProfile[]): ManagedClusterError[] {
  const without = pools.findIndex(({ podSubnet }) => podSubnet === undefined);
  if (without < 0 || pools.every(({ podSubnet }) => podSubnet === undefined)) return [];
  return [
    {
      code: 'InvalidParameter',
      message: 'All or none of the agentpools should set podsubnet.',
      field: `agentPoolProfiles[${without}]`,
      detail: 'has no podSubnet, and other pools have one',
    },
  ];
}

/** Every node reserves whole blocks; those that hold an address of Azure's are no blocks. */
function validateBlocks({ agentPoolProfiles, virtualNetwork }: ClusterSettings): ManagedClusterError[] {
  return virtualNetwork.subnets.flatMap(({ name, addressPrefix }) => {
    const pools = agentPoolProfiles.filter((pool) => pool.podSubnet === name && modeOf(pool) === 'StaticBlock');
    const cidr = parseCidr(addressPrefix);
    if (cidr === undefined || pools.length === 0) return [];
    const field = `agentPoolProfiles[${agentPoolProfiles.indexOf(pools[0]!)}].podSubnet`;
    if (cidr.prefixLength < STATIC_PREFIX_MIN)
      return [invalidParameter(field, `${addressPrefix} is larger than a /${STATIC_PREFIX_MIN}`)];
    const blocks = Math.max(0, Math.floor(sizeOf(cidr) / STATIC_BLOCK) - 2);
    const needed = pools.reduce((sum, { count, maxPods }) => sum + count * Math.ceil((maxPods + 1) / STATIC_BLOCK), 0);
    if (needed <= blocks) return [];
    const detail = `the nodes reserve ${needed} blocks of ${STATIC_BLOCK}, ${addressPrefix} holds ${blocks}`;
    return [insufficient(field, needed * STATIC_BLOCK, blocks * STATIC_BLOCK, addressPrefix, name, detail)];
  });
}
