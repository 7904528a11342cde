/** The suites, by the order in which they are listed to people. */
import type { Suite } from '../suite.ts';
import { azureSuite } from './azure.ts';
import { clusterSuite } from './cluster.ts';
import { corednsSuite } from './coredns.ts';
import { kubeProxyConntrackSuite } from './kube-proxy-conntrack.ts';
import { kubeProxyIptablesSuite } from './kube-proxy-iptables.ts';
import { kubeProxyIpvsSuite } from './kube-proxy-ipvs.ts';
import { kubeProxyNftablesSuite } from './kube-proxy-nftables.ts';
import { kubeProxyTopologySuite } from './kube-proxy-topology.ts';

export const SUITES: readonly Suite[] = [
  azureSuite,
  clusterSuite,
  corednsSuite,
  kubeProxyIptablesSuite,
  kubeProxyNftablesSuite,
  kubeProxyConntrackSuite,
  kubeProxyIpvsSuite,
  kubeProxyTopologySuite,
];
