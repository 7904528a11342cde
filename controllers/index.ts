/** The controllers of a cluster, explicit and in the order in which programs ask them about a change. */
import { type ClusterSettings, cidrOf, type NetworkProfile, nodeRouteTableOf } from '../src/model/index.ts';
import type { Controller } from '../src/reconcile/index.ts';
import {
  type CloudConfig,
  cloudConfigOf,
  nodeBackendPoolController,
  routeController,
  serviceController,
} from './azure/index.ts';
import { corednsConfig, corednsImports, corednsNamespaces, corednsPods, corednsRecords } from './coredns/index.ts';
import { endpointSliceController } from './endpoint-slice/index.ts';
import { cns, dnc, ipam, subnetState } from './ipam/index.ts';
import { kubeProxyController } from './kube-proxy/index.ts';
import { kubeletNode, kubeletPods } from './kubelet/index.ts';
import { nodeLifecycle, taintEviction } from './node-lifecycle/index.ts';
import { scheduler } from './scheduler/index.ts';
import { deployment, garbageCollector, namespace, podGarbageCollector, replicaSet } from './workloads/index.ts';

/** Azure CNI Overlay gives every node a /24 whatever its maxPods, and with dual stack a /80 of the IPv6 range, a /64. */
const NODE_MASK_SIZES = [24, 80];

export * as azure from './azure/index.ts';
export * as coredns from './coredns/index.ts';
export * as ipMasqAgent from './ip-masq-agent/index.ts';
/** What the emulator needs of a controller beside its reconciles: the rules that kube-proxy writes, the server that CoreDNS is. */
export { CLUSTER_CIDR_FILE } from './ipam/index.ts';
export * as kubeProxy from './kube-proxy/index.ts';
export * as kubelet from './kubelet/index.ts';

/** DNC and CNS, where pods get their addresses from pod subnets. */
function podSubnetControllers({ agentPoolProfiles, azureCns, virtualNetwork }: ClusterSettings): readonly Controller[] {
  const names = new Set(agentPoolProfiles.map(({ podSubnet }) => podSubnet));
  const subnets = virtualNetwork.subnets.filter(({ name }) => names.has(name));
  if (subnets.length === 0) return [];
  const { enableIPAMv2 = false, enableSubnetScarcity = false } = azureCns ?? {};
  return [dnc({ subnets }), ...(enableSubnetScarcity ? [subnetState(subnets)] : []), cns({ enableIPAMv2 })];
}

/** What nodes' blocks are cut from, a range for each family. */
function clusterCidrsOf({ podCidr, podCidrs = [] }: NetworkProfile): readonly string[] {
  return podCidr === undefined ? [] : [podCidr, ...podCidrs.slice(1)];
}

function nodeIpam(profile: NetworkProfile): readonly Controller[] {
  const clusterCidrs = clusterCidrsOf(profile);
  if (clusterCidrs.length === 0) return [];
  return [ipam({ clusterCidrs, nodeMaskSizes: NODE_MASK_SIZES.slice(0, clusterCidrs.length) })];
}

/** What runs in a cluster of these settings. */
export function controllersFor(settings: ClusterSettings): readonly Controller[] {
  const { networkProfile } = settings;
  return [
    deployment,
    replicaSet,
    garbageCollector,
    podGarbageCollector(),
    namespace,
    nodeLifecycle,
    taintEviction,
    ...nodeIpam(networkProfile),
    ...podSubnetControllers(settings),
    endpointSliceController,
    scheduler,
    kubeletNode,
    kubeletPods,
    kubeProxyController,
    corednsConfig,
    corednsNamespaces,
    corednsRecords,
    corednsPods,
    corednsImports,
    ...(settings.azure === undefined ? [] : cloudControllers(settings)),
  ];
}

/** What runs where the cluster has an Azure around it. */
function cloudControllers(settings: ClusterSettings): readonly Controller[] {
  const config = cloudConfigOf(settings);
  const byInterface = config.backendPoolType === 'nodeIPConfiguration' ? [nodeBackendPoolController(config)] : [];
  return [serviceController(config), ...byInterface, ...routeControllers(settings, config)];
}

function routeControllers(settings: ClusterSettings, config: CloudConfig): readonly Controller[] {
  const routeTable = nodeRouteTableOf(settings);
  const clusterCidrs = clusterCidrsOf(settings.networkProfile).map(cidrOf);
  if (routeTable === undefined || clusterCidrs.length === 0) return [];
  return [routeController({ config, routeTable, clusterCidrs, dualStack: clusterCidrs.length > 1 })];
}
