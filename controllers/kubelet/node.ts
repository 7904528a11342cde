/**
 * Tells of a node: its place in the network, and whether it is ready.
 * Source: kubernetes pkg/kubelet/nodestatus/setters.go; containerd's words for a CNI plugin without configuration.
 *
 * Heartbeats are not written: they would be a write for each node every ten seconds that says nothing new.
 */
import type { NodeFacts } from '../../src/dataplane/index.ts';
import {
  type Condition,
  findCondition,
  isEqual,
  isManual,
  type Key,
  kubeletDownSince,
  type Moment,
  type Node,
  parseAddress,
  timestampOf,
} from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { hasNetwork, podNetworkFacts } from './pod-network.ts';
import { sweepSandboxes } from './sandbox.ts';

const NETWORK_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
  'message:Network plugin returns error: cni plugin not initialized';

type Told = Required<Pick<Condition, 'type' | 'status' | 'reason' | 'message'>>;

const READY: Told = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
};
const NOT_READY: Told = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: NETWORK_NOT_READY };

const NO_PRESSURE: readonly Told[] = [
  {
    type: 'MemoryPressure',
    status: 'False',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
];

/** What a node says of itself, with its network set up and without. */
const TOLD_IF_CONFIGURED: readonly Told[] = [...NO_PRESSURE, READY];
const TOLD_IF_NOT: readonly Told[] = [...NO_PRESSURE, NOT_READY];

const NOTHING: readonly Intent[] = [];
const NO_CONDITIONS: readonly Condition[] = [];

export const kubeletNode: Controller = {
  name: 'kubelet-node-status',
  program: 'kubelet',
  watches: {
    Node: ({ metadata }) => [metadata.name],
    NodeNetworkConfig: ({ metadata }) => [metadata.name],
  },
  leftovers: ({ dataplane }) => dataplane.node.keys(),
  reconcile(view, key, at) {
    const node = view.get('Node', key);
    if (node === undefined) return forget(view, key);
    const orphans = sandboxesWithoutPod(view, key);
    const network = [...placeInNetwork(node, view), ...sweepSandboxes(orphans, key, view.dataplane)];
    if (isManual(node) || kubeletDownSince(node) !== undefined) return network;
    return [...network, ...writeStatus(node, view, at)];
  },
};

/**
 * The machine is gone, and all that ran on it. Its place in the network goes last: while that is programmed, a kubelet
 * program that dies over this finds the machine again.
 */
function forget({ dataplane }: View, name: string): readonly Intent[] {
  const pods = Array.from(dataplane.pod.on(name), ([, pod]) => pod).sort();
  const sandboxes = sweepSandboxes(pods, name, dataplane);
  if (!dataplane.node.has(name)) return sandboxes;
  return [...sandboxes, { do: 'program', piece: 'node', key: name, value: undefined }];
}

/** What was left when a pod went while nobody was looking. */
function sandboxesWithoutPod(view: View, name: string): readonly Key[] {
  const orphans: Key[] = [];
  for (const { pod, uid } of view.dataplane.pod.sandboxesOn(name)) {
    if (view.get('Pod', pod)?.metadata.uid !== uid) orphans.push(pod);
  }
  return orphans.length > 1 ? orphans.sort() : orphans;
}

function placeInNetwork(node: Node, view: View): readonly Intent[] {
  const facts = factsOf(node, view);
  if (facts === undefined) return NOTHING;
  const before = view.dataplane.node.get(facts.name);
  if (isEqual(before, facts)) return NOTHING;
  return [{ do: 'program', piece: 'node', key: facts.name, value: facts }];
}

/** Undefined until the node has been given addresses for pods. */
function factsOf(node: Node, view: View): NodeFacts | undefined {
  const network = podNetworkFacts(node, view);
  if (network === undefined) return undefined;
  const { metadata, status } = node;
  const internal = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  const addresses = internal.map(({ address }) => parseAddress(address)).filter((address) => address !== undefined);
  const zone = metadata.labels?.['topology.kubernetes.io/zone'];
  return { name: metadata.name, addresses, ...network, ...(zone === undefined ? {} : { zone }) };
}

function writeStatus(node: Node, view: View, at: Moment): readonly Intent[] {
  const before = node.status.conditions ?? NO_CONDITIONS;
  const told = hasNetwork(node, view) ? TOLD_IF_CONFIGURED : TOLD_IF_NOT;
  if (told.every((condition) => says(findCondition(before, condition.type), condition))) return NOTHING;
  const own = told.map((condition) => observe(condition, findCondition(before, condition.type), at));
  const others = before.filter(({ type }) => !told.some((condition) => condition.type === type));
  const patch = { status: { conditions: [...others, ...own] } };
  const { name, uid } = node.metadata;
  return [{ do: 'patch', kind: 'Node', key: name, patch, status: true, precondition: { uid } }];
}

function says(condition: Condition | undefined, { status, reason, message }: Told): boolean {
  return condition?.status === status && condition.reason === reason && condition.message === message;
}

/** The condition that is there already, where it says the same. */
function observe(told: Told, before: Condition | undefined, at: Moment): Condition {
  if (before !== undefined && says(before, told)) return before;
  const { type, status, reason, message } = told;
  const now = timestampOf(at);
  const since = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message };
}
