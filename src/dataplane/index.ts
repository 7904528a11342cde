/** dataplane: what controllers have programmed, as data, and how the real tools print it. Decides nothing. */
export * from './dataplane.ts';
export * from './dns-records.ts';
export * from './iptables/index.ts';
export * from './netfilter.ts';
export * from './pod-networks.ts';
export * from './service-ports.ts';
export * from './service-table.ts';
