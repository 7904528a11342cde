/** The controllers of a cluster, explicit and in the order in which programs ask them about a change. */
import type { ClusterSettings } from '../src/model/index.ts';
import type { Controller } from '../src/reconcile/index.ts';
import { corednsConfig, corednsNamespaces, corednsPods, corednsRecords } from './coredns/index.ts';
import { endpointSliceController } from './endpoint-slice/index.ts';
import { ipam } from './ipam/index.ts';
import { kubeProxyController } from './kube-proxy/index.ts';
import { kubeletNode, kubeletPods } from './kubelet/index.ts';
import { nodeLifecycle, taintEviction } from './node-lifecycle/index.ts';
import { scheduler } from './scheduler/index.ts';
import { deployment, garbageCollector, namespace, podGarbageCollector, replicaSet } from './workloads/index.ts';

/** Azure CNI Overlay gives every node a /24 whatever its maxPods. */
const OVERLAY_NODE_MASK_SIZE = 24;

/** What the emulator needs of a controller beside its reconciles: the rules that kube-proxy writes, the server that CoreDNS is. */
export * as coredns from './coredns/index.ts';
export * as ipMasqAgent from './ip-masq-agent/index.ts';
export * as kubeProxy from './kube-proxy/index.ts';
export * as kubelet from './kubelet/index.ts';

/** What runs in a cluster of these settings. */
export function controllersFor({ networkProfile }: ClusterSettings): readonly Controller[] {
  return [
    deployment,
    replicaSet,
    garbageCollector,
    podGarbageCollector(),
    namespace,
    nodeLifecycle,
    taintEviction,
    ...(networkProfile.podCidr === undefined
      ? []
      : [ipam({ clusterCidrs: [networkProfile.podCidr], nodeMaskSizes: [OVERLAY_NODE_MASK_SIZE] })]),
    endpointSliceController,
    scheduler,
    kubeletNode,
    kubeletPods,
    kubeProxyController,
    corednsConfig,
    corednsNamespaces,
    corednsRecords,
    corednsPods,
  ];
}
