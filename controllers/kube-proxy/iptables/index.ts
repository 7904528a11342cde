/** kube-proxy's iptables mode: from service ports to rules, and from syncs to a node's tables. */
export { cleanupLeftovers } from './cleanup.ts';
export {
  EMPTY_TABLES,
  ensureJump,
  isRestoreError,
  type KernelTables,
  restore,
  tablesText,
} from './kernel-tables.ts';
export { newProxier, type ProxierState, type SyncInput, type SyncResult, syncProxyRules } from './proxier.ts';
export { defaultMarkFormat, type MarkFormat, restoreMatchText, restoreTargetText } from './restore-text.ts';
export {
  ACCEPT,
  addressTypeLocal,
  comment,
  connectionState,
  DROP,
  fixedChain,
  jumpTo,
  markIs,
  protocolIs,
  RETURN,
  rule,
  source,
} from './rule.ts';
export { type KubeProxyRuleset, kubeProxyRuleset } from './ruleset.ts';
export { serviceChainName } from './service-chain.ts';
export type { ServicePortRules } from './service-port-rules.ts';
export { detectorMatches } from './writer.ts';
