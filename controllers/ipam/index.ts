/**
 * ipam: where addresses come from. Node IPAM cuts pod CIDRs from the cluster CIDR; CNS hands a node's addresses to its pods and
 * asks DNC for more; azure-vnet-ipam hands out those that a node came with.
 */
export * from './cidr-set.ts';
export * from './cns/cns.ts';
export * from './cns/network-container.ts';
export * from './cns/pool-monitor.ts';
export * from './cns/pool-monitor-v2.ts';
export * from './cns/scaler.ts';
export * from './dnc/dnc.ts';
export * from './dnc/subnet-state.ts';
export * from './ipam.ts';
export * from './vnet/pool.ts';
