/** kube-proxy's iptables mode: from service ports to rules, and from syncs to a node's tables. */
export { ChangeTracker, type ProxiedObjects, type TrackedChanges } from './change-tracker.ts';
export { cleanupLeftovers } from './cleanup.ts';
export { type HealthCheck, healthCheckOf } from './health-check.ts';
export { isRestoreError, type KernelTables, restore, tablesText } from './kernel-tables.ts';
export { newProxier, type ProxierState, type SyncInput, type SyncResult, syncProxyRules } from './proxier.ts';
export { type KubeProxyRuleset, kubeProxyRuleset } from './ruleset.ts';
export { serviceChainName } from './service-chain.ts';
export type { ServicePortRules } from './service-port-rules.ts';
