/** What kube-proxy is told when it runs in nftables mode. Names follow KubeProxyConfiguration where it has them. */
import { type Cidr, cidrOf, type Family } from '../../../src/model/index.ts';
import type { KubeProxyConfig } from '../config.ts';

export interface NftablesConfig
  extends Pick<KubeProxyConfig, 'family' | 'localDetector' | 'masqueradeAll' | 'masqueradeBit' | 'bindAddress'> {
  /** On which of a node's addresses node ports answer: its first, or those in these networks. None of the family: all */
  readonly nodePortAddresses: 'primary' | readonly Cidr[];
  /** the cluster's ServiceCIDRs: what in them is no ClusterIP is dropped. Those of the other family count for nothing */
  readonly serviceCidrs: readonly Cidr[];
}

/** kube-proxy as it starts with `--proxy-mode=nftables --cluster-cidr` and nothing else. */
export function defaultNftablesConfig(
  clusterCidr: string,
  serviceCidrs: readonly string[],
  family: Family = 4,
): NftablesConfig {
  return {
    family,
    localDetector: { mode: 'ClusterCIDR', cidr: cidrOf(clusterCidr) },
    masqueradeAll: false,
    masqueradeBit: 14,
    nodePortAddresses: 'primary',
    serviceCidrs: serviceCidrs.map(cidrOf),
  };
}
