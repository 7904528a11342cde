/**
 * What one kube-proxy of one address family is told by its command line and finds on its node at start.
 * Names follow KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) where it has them.
 */
import { type Address, type Cidr, cidrOf, type Family } from '../../src/model/index.ts';

/** How kube-proxy tells pods of the cluster from everything else (`detectLocalMode`). */
export type LocalDetector =
  /** by source address: `clusterCIDR`. A CIDR of the other family detects nothing */
  | { readonly mode: 'ClusterCIDR'; readonly cidr: Cidr }
  /** by source address: the node's own pod CIDR */
  | { readonly mode: 'NodeCIDR' }
  /** by the interface that the packet came in on */
  | { readonly mode: 'BridgeInterface'; readonly name: string }
  | { readonly mode: 'InterfaceNamePrefix'; readonly prefix: string }
  | { readonly mode: 'none' };

export interface KubeProxyConfig {
  readonly family: Family;
  readonly localDetector: LocalDetector;
  readonly masqueradeAll: boolean;
  /** 14 by default: the mark is 2 to this power */
  readonly masqueradeBit: number;
  /** whether iptables knows `--random-fully` (1.6.2 and later) */
  readonly randomFully: boolean;
  /** whether node ports answer on 127.0.0.1: IPv4 only */
  readonly localhostNodePorts: boolean;
  /** on which of a node's addresses node ports answer; empty for all */
  readonly nodePortAddresses: readonly Cidr[];
  /** `bindAddress`: taken for the node's address. By default the node's first address of the family */
  readonly bindAddress?: Address;
  /** sysctl nf_conntrack_tcp_be_liberal: no rule then drops INVALID packets */
  readonly conntrackTcpBeLiberal: boolean;
  /** which counters the node's nfacct could make */
  readonly nfacct: { readonly ctStateInvalidDropped: boolean; readonly localhostNodePortsAccepted: boolean };
  /** more endpoints than this, and rules for endpoints lose their comments */
  readonly largeClusterEndpointsThreshold: number;
  /** whether the monitor's KUBE-PROXY-CANARY chains are there: always, outside of tests */
  readonly canary: boolean;
}

/** kube-proxy as it starts on a node of Linux with `--cluster-cidr` and nothing else. */
export function defaultKubeProxyConfig(clusterCidr: string, family: Family = 4): KubeProxyConfig {
  return {
    family,
    localDetector: { mode: 'ClusterCIDR', cidr: cidrOf(clusterCidr) },
    masqueradeAll: false,
    masqueradeBit: 14,
    randomFully: true,
    localhostNodePorts: family === 4,
    nodePortAddresses: [],
    conntrackTcpBeLiberal: false,
    nfacct: { ctStateInvalidDropped: true, localhostNodePortsAccepted: true },
    largeClusterEndpointsThreshold: 1000,
    canary: true,
  };
}
