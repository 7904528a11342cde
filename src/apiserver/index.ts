/** apiserver: what a write means. Decodes, fills in, checks, allocates, patches, deletes. Knows no controller. */
export * from './contract.ts';
export * from './managed-cluster.ts';
