/** model: the nouns, as frozen values. No state, no time, no chance; imports nothing of ours. */
export * from './address.ts';
export * from './address-model.ts';
export * from './cluster.ts';
export * from './dice.ts';
export * from './dns.ts';
export * from './freeze.ts';
export * from './kinds.ts';
export * from './kubernetes.ts';
export * from './moment.ts';
export * from './node-order.ts';
export * from './packet.ts';
export * from './pod-state.ts';
export * from './selector.ts';
export * from './surge.ts';
export * from './switches.ts';
export * from './toleration.ts';
export * from './trace.ts';
