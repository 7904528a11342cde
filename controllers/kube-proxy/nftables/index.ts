/** kube-proxy's nftables mode: from service ports to a table of nft. */
export { defaultNftablesConfig, type NftablesConfig } from './config.ts';
export { affinitySetName, endpointNameBase, servicePortNameBase } from './names.ts';
export { NftablesProxier, type NftTransaction, type SyncRequest } from './proxier.ts';
export { type KubeProxyNftTable, kubeProxyNftRuleset, kubeProxyNftTable } from './table.ts';
