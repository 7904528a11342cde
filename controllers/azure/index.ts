/** azure: cloud-provider-azure, which makes load balancers, public addresses and security rules for Services. */
export * from './annotations.ts';
export * from './cloud-config.ts';
export * from './load-balancer/conflicts.ts';
export * from './load-balancer/probes.ts';
export * from './load-balancer/rules.ts';
export * from './names.ts';
export * from './prefix.ts';
export * from './security-group/access.ts';
export * from './security-group/reconcile.ts';
export * from './security-group/rules.ts';
export * from './security-group/shared-destinations.ts';
export * from './sync-error.ts';
