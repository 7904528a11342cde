/**
 * Where pods get their addresses from on AKS: https://learn.microsoft.com/azure/aks/concepts-network-cni-overview
 * A cluster has one, except that each pool with a pod subnet says by itself how its addresses are given out.
 */
import type { AgentPoolProfile, NetworkProfile } from './cluster.ts';

/** In the order in which AKS' documents compare them. */
export const ADDRESS_MODELS = [
  /** Azure CNI Overlay: a /24 of podCidr for each node */
  'overlay',
  /** a /24 of podCidr for each node, and a route to it */
  'kubenet',
  /** Azure CNI Pod Subnet: each node has a pool of single addresses, which grows and shrinks in batches */
  'pod-subnet-dynamic',
  /** Azure CNI Pod Subnet: each node has as many /28 as its maxPods needs */
  'pod-subnet-static-block',
  /** Azure CNI Node Subnet: each node reserves addresses for all of its maxPods in its own subnet */
  'node-subnet',
] as const;

export type AddressModel = (typeof ADDRESS_MODELS)[number];

/** The model of a pool; undefined where the cluster brings its own network plugin. */
export function addressModelOf(
  { networkPlugin, networkPluginMode }: Pick<NetworkProfile, 'networkPlugin' | 'networkPluginMode'>,
  { podSubnet, podIPAllocationMode }: Pick<AgentPoolProfile, 'podSubnet' | 'podIPAllocationMode'>,
): AddressModel | undefined {
  if (networkPlugin === 'none') return undefined;
  if (networkPlugin === 'kubenet') return 'kubenet';
  if (networkPluginMode === 'overlay') return 'overlay';
  if (podSubnet === undefined) return 'node-subnet';
  return podIPAllocationMode === 'StaticBlock' ? 'pod-subnet-static-block' : 'pod-subnet-dynamic';
}
