/**
 * ipam: pod CIDRs for nodes, cut from the cluster CIDR. Pods' own addresses are the kubelet's business.
 */
export * from './cidr-set.ts';
export * from './ipam.ts';
