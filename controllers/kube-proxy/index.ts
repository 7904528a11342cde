/**
 * kube-proxy: which Services a node answers for, and the rules it writes for them. Decides nothing about packets: it only
 * writes what they will meet.
 */
export { ChangeTracker } from './change-tracker.ts';
export { defaultKubeProxyConfig, type KubeProxyConfig, type LocalDetector } from './config.ts';
export {
  type ConntrackFlow,
  type FlowTuple,
  flowFilter,
  staleConnections,
  staleFlows,
  withoutFlows,
} from './conntrack/index.ts';
export { kubeProxyController } from './controller.ts';
export { type HealthCheck, healthCheckOf } from './health-check.ts';
export {
  cleanupLeftovers,
  isRestoreError,
  type KernelTables,
  type KubeProxyRuleset,
  kubeProxyRuleset,
  newProxier,
  type ProxierState,
  restore,
  type ServicePortRules,
  type SyncInput,
  type SyncResult,
  serviceChainName,
  syncProxyRules,
  tablesText,
} from './iptables/index.ts';
export {
  checkTerminating,
  defaultIpvsConfig,
  type IpvsConfig,
  IpvsKernel,
  type IpvsProxierState,
  type IpvsSyncInput,
  type IpvsSyncResult,
  ipvsRuleset,
  type KubeProxySets,
  listedAddresses,
  newIpvsProxier,
  SETS,
  type SetKey,
  syncIpvsProxyRules,
  TERMINATION_CHECK_MS,
} from './ipvs/index.ts';
export {
  affinitySetName,
  defaultNftablesConfig,
  endpointNameBase,
  type KubeProxyNftTable,
  kubeProxyNftRuleset,
  kubeProxyNftTable,
  type NftablesConfig,
  NftablesProxier,
  type NftTransaction,
  type SyncRequest,
  servicePortNameBase,
} from './nftables/index.ts';
export { serviceRecordOf } from './service-record.ts';
export { type CategorizedEndpoints, categorizeEndpoints, type TopologyGates } from './topology.ts';
