/** dataplane: what controllers have programmed, as data, and how the real tools print it. Decides nothing. */
export * from './address-numbers.ts';
export * from './connection.ts';
export * from './conntrack.ts';
export * from './conntrack-print.ts';
export * from './conntrack-states.ts';
export * from './dataplane.ts';
export * from './dns-records.ts';
export * from './iptables/index.ts';
export * from './ipvs/index.ts';
export * from './netfilter.ts';
export * from './nftables/index.ts';
export * from './node-networks.ts';
export * from './pod-networks.ts';
export * from './routes.ts';
export * from './service-ports.ts';
export * from './service-table.ts';
export * from './zone-file.ts';
