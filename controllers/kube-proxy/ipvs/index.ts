/** kube-proxy's IPVS mode: from service ports to virtual servers, IP sets and the few rules that ask them. */
export { defaultIpvsConfig, type IpvsConfig } from './config.ts';
export { IpvsKernel } from './kernel.ts';
export {
  checkTerminating,
  type IpvsProxierState,
  type IpvsSyncInput,
  type IpvsSyncResult,
  listedAddresses,
  newIpvsProxier,
  syncIpvsProxyRules,
} from './proxier.ts';
export { IPVS_JUMPS, type IpvsChains, type IpvsJump, ipvsChains } from './rules.ts';
export { ipvsRuleset } from './ruleset.ts';
export { ipSetName, type KubeProxySets, SETS, type SetKey } from './sets.ts';
export { type ServersState, ServersWork, TERMINATION_CHECK_MS, type TerminatingServer } from './virtual-servers.ts';
