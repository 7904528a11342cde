/**
 * What AKS refuses about the ranges of a dual-stack cluster: https://learn.microsoft.com/azure/aks/azure-cni-overlay (dual-stack
 * networking), and kubernetes pkg/controller/nodeipam/ipam/cidrset (a node's mask is at most 16 bits longer).
 */
import { type ClusterSettings, parseCidr } from '../model/index.ts';
import { invalidParameter, type ManagedClusterError } from './managed-cluster-error.ts';

/** Every node gets a /80. */
const IPV6_PREFIX = { least: 64, most: 80 } as const;

export function validatePodRanges({ networkProfile }: ClusterSettings): readonly ManagedClusterError[] {
  const { podCidr, podCidrs, networkPluginMode } = networkProfile;
  if (podCidrs === undefined) return [];
  const field = 'networkProfile.podCidrs';
  if (podCidrs[0] !== podCidr) return [invalidParameter(field, `the first of them is not podCidr ${podCidr}`)];
  const [, second] = podCidrs;
  if (second === undefined) return [];
  if (networkPluginMode !== 'overlay') return [invalidParameter(field, 'two families need networkPluginMode overlay')];
  const cidr = parseCidr(second);
  if (cidr?.family !== 6) return [invalidParameter(field, `${second} is not an IPv6 CIDR`)];
  const { least, most } = IPV6_PREFIX;
  if (cidr.prefixLength >= least && cidr.prefixLength <= most) return [];
  return [invalidParameter(field, `${second} is outside /${least} to /${most}: every node takes a /${most} of it`)];
}
