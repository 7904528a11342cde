/**
 * workloads: the controllers of kube-controller-manager that make pods and clean up after them.
 * Reads views, returns intents; knows nothing of nodes, networks or addresses.
 */
export * from './deployment.ts';
export * from './garbage-collector.ts';
export * from './namespace.ts';
export * from './pod-garbage-collector.ts';
export { podTemplateHash } from './pod-template-hash.ts';
export * from './replica-set.ts';
