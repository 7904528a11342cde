/** What one kube-proxy of one address family is told in IPVS mode. Names follow KubeProxyIPVSConfiguration where it has them. */
import type { SchedulerName } from '../../../src/dataplane/index.ts';
import { type Cidr, cidrOf, type Family } from '../../../src/model/index.ts';
import type { KubeProxyConfig } from '../config.ts';

export interface IpvsConfig
  extends Pick<
    KubeProxyConfig,
    'family' | 'localDetector' | 'masqueradeAll' | 'masqueradeBit' | 'randomFully' | 'nodePortAddresses' | 'bindAddress'
  > {
  /** `ipvs.scheduler` */
  readonly scheduler: SchedulerName;
  /** `ipvs.excludeCIDRs`: virtual servers at these addresses are someone else's and stay */
  readonly excludeCidrs: readonly Cidr[];
  /** the family that IP sets are named after and made for: the proxy's own, outside of tests */
  readonly setFamily: Family;
}

/** kube-proxy as it starts on a node of Linux with `--proxy-mode ipvs --cluster-cidr` and nothing else. */
export function defaultIpvsConfig(clusterCidr: string, family: Family = 4): IpvsConfig {
  return {
    family,
    localDetector: { mode: 'ClusterCIDR', cidr: cidrOf(clusterCidr) },
    masqueradeAll: false,
    masqueradeBit: 14,
    randomFully: true,
    nodePortAddresses: [],
    scheduler: 'rr',
    excludeCidrs: [],
    setFamily: family,
  };
}
