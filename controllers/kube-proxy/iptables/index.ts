/** kube-proxy's iptables mode: from service ports to rules, and from syncs to a node's tables. */
export { cleanupLeftovers } from './cleanup.ts';
export type { HealthCheck } from './health-check.ts';
export { isRestoreError, type KernelTables, restore, tablesText } from './kernel-tables.ts';
export { newProxier, type ProxierState, type SyncInput, type SyncResult, syncProxyRules } from './proxier.ts';
export { type KubeProxyRuleset, kubeProxyRuleset } from './ruleset.ts';
export { serviceChainName } from './service-chain.ts';
export type { ServicePortRules } from './service-port-rules.ts';
