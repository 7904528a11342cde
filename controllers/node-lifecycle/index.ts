/**
 * node-lifecycle: what becomes of nodes that fall silent and of the pods on them. Starts and stops nothing itself.
 */
export * from './node-lifecycle.ts';
export * from './taint-eviction.ts';
