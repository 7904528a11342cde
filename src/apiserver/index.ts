/** apiserver: what a write means. Decodes, fills in, checks, allocates, patches, deletes. Knows no controller. */
export { addressesPerNode } from './agent-pool.ts';
export { Apiserver } from './apiserver.ts';
export * from './contract.ts';
export { selectorFindings } from './label-findings.ts';
export * from './managed-cluster.ts';
