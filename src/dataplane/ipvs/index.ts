/** ipvs: virtual and real servers, their schedulers, and the IP sets that kube-proxy's rules ask beside them. */
export * from './ip-set.ts';
export * from './ipvs-state.ts';
export * from './list.ts';
export * from './listed-state.ts';
export * from './virtual-server.ts';
