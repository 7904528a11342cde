/**
 * A pod's sandbox: what kubelet, containerd, the Azure CNI plugin and CNS do between them when a pod is set up.
 * Source: Azure/azure-container-networking cni/network/invoker_cns.go, cns/restserver/ipam.go. On Linux all 256 addresses of
 * a node's /24 are handed out, .0 and .255 among them (cns/kubecontroller/nodenetworkconfig/conversion_linux.go).
 */
import type { Dataplane } from '../../src/dataplane/index.ts';
import {
  type Address,
  type Cidr,
  contains,
  findCondition,
  type Ipv4,
  keyOf,
  type Moment,
  momentOf,
  type Node,
  POD_IP_ANNOTATION,
  type Pod,
  parseAddress,
  parseCidr,
  sizeOf,
} from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';

/** A sandbox that could not be made is tried again after as long as the pod has waited, within these bounds. */
const RETRY_FIRST_MS = 10_000;
const RETRY_LONGEST_MS = 300_000;

/** CNI ADD: the sandbox with its address; or, where the node has none left, the Event that tells of it. */
export function addSandbox(pod: Pod, node: Node, dataplane: Dataplane, at: Moment): readonly Intent[] {
  const address = chooseAddress(pod, node, dataplane);
  if (address === undefined) return refused(pod, node, at);
  const key = keyOf(pod);
  const value = { pod: key, uid: pod.metadata.uid, node: node.metadata.name, addresses: [address], createdAt: at };
  return [{ do: 'program', piece: 'pod', key, value }];
}

/** CNI DEL: the sandbox goes, its address is free. */
export function deleteSandbox(pod: string): Intent {
  return { do: 'program', piece: 'pod', key: pod, value: undefined };
}

function chooseAddress(pod: Pod, node: Node, dataplane: Dataplane): Address | undefined {
  const block = blockOf(node);
  if (block === undefined) return undefined;
  const text = pod.metadata.annotations?.[POD_IP_ANNOTATION];
  const wanted = text === undefined ? undefined : parseAddress(text);
  if (wanted !== undefined && contains(block, wanted) && dataplane.pod.at(wanted) === undefined) return wanted;
  return dataplane.pod.freeAddress(node.metadata.name, block.network as Ipv4, sizeOf(block));
}

const blocks = new WeakMap<Node['spec'], { readonly block: Cidr | undefined }>();

/** The node's IPv4 block. Asked for each of its pods: read from a spec once. */
export function blockOf({ spec }: Node): Cidr | undefined {
  let read = blocks.get(spec);
  if (read === undefined) {
    const texts = spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]);
    read = { block: texts.map(parseCidr).find((cidr) => cidr?.family === 4) };
    blocks.set(spec, read);
  }
  return read.block;
}

function refused(pod: Pod, node: Node, at: Moment): readonly Intent[] {
  const afterMs = Math.min(Math.max(at - assignedAt(pod), RETRY_FIRST_MS), RETRY_LONGEST_MS);
  return [
    {
      do: 'event',
      about: pod,
      type: 'Warning',
      reason: 'FailedCreatePodSandBox',
      message: exhaustedMessage(pod, node),
      host: node.metadata.name,
    },
    { do: 'again', afterMs },
  ];
}

/** When the pod came to its node, in whole seconds. */
export function assignedAt({ metadata, status }: Pod): Moment {
  const scheduled = findCondition(status.conditions, 'PodScheduled');
  const since = scheduled?.status === 'True' ? scheduled.lastTransitionTime : undefined;
  return momentOf(since ?? metadata.creationTimestamp);
}

/** The identifiers in it, which are random on a real node, are made of the pod's and the node's uids. */
function exhaustedMessage({ metadata }: Pod, node: Node): string {
  const container = metadata.uid.replaceAll('-', '').padEnd(32, '0').repeat(2).slice(0, 64);
  const context = JSON.stringify({ PodName: metadata.name, PodNamespace: metadata.namespace });
  const request =
    `[IPConfigRequest: DesiredIPAddress , PodInterfaceID ${container.slice(0, 8)}-eth0, ` +
    `InfraContainerID ${container}, OrchestratorContext ${context}]`;
  const reason =
    `AllocateIPConfig failed: not enough IPs available of type IPv4 for ${node.metadata.uid}, ` +
    `waiting on Azure CNS to allocate more with NC Status: , IP config request is ${request}`;
  return (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox ' +
    `"${container}": plugin type="azure-vnet" failed (add): IPAM Invoker Add failed with error: ` +
    `Failed to get IP address from CNS: ${reason}`
  );
}
