/** The same cluster with its pods' addresses from elsewhere: what a comparison of the models runs. */
import type { AddressModel, AgentPoolProfile, ClusterSettings, NetworkProfile } from '../model/index.ts';

const POD_CIDR = '10.244.0.0/16';
/** the subnet that pods of Pod Subnet models are put in, where a pool names none */
export const POD_SUBNET = 'pods';
/** https://learn.microsoft.com/azure/aks/configure-kubenet */
const KUBENET_PODS_MAX = 110;

function profileOf(profile: NetworkProfile, model: AddressModel): NetworkProfile {
  const { networkPluginMode: _, podCidr = POD_CIDR, ...rest } = profile;
  switch (model) {
    case 'overlay':
      return { ...rest, networkPlugin: 'azure', networkPluginMode: 'overlay', podCidr };
    case 'kubenet':
      return { ...rest, networkPlugin: 'kubenet', podCidr };
    case 'pod-subnet-dynamic':
    case 'pod-subnet-static-block':
    case 'node-subnet':
      return { ...rest, networkPlugin: 'azure' };
    default:
      throw new Error(`no such model: ${model satisfies never}`);
  }
}

function poolOf(pool: AgentPoolProfile, model: AddressModel): AgentPoolProfile {
  const { podSubnet = POD_SUBNET, podIPAllocationMode: _, ...rest } = pool;
  switch (model) {
    case 'pod-subnet-dynamic':
      return { ...rest, podSubnet, podIPAllocationMode: 'DynamicIndividual' };
    case 'pod-subnet-static-block':
      return { ...rest, podSubnet, podIPAllocationMode: 'StaticBlock' };
    case 'kubenet':
      return { ...rest, maxPods: Math.min(rest.maxPods, KUBENET_PODS_MAX) };
    case 'overlay':
    case 'node-subnet':
      return rest;
    default:
      throw new Error(`no such model: ${model satisfies never}`);
  }
}

export function withAddressModel(settings: ClusterSettings, model: AddressModel): ClusterSettings {
  return {
    ...settings,
    networkProfile: profileOf(settings.networkProfile, model),
    agentPoolProfiles: settings.agentPoolProfiles.map((pool) => poolOf(pool, model)),
  };
}
