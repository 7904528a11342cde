/**
 * Runs a node's pods: sandbox, start, readiness, stop. One controller plays the kubelets of all nodes.
 * Source: kubernetes pkg/kubelet (pod_workers.go, kubelet.go `SyncPod`, `SyncTerminatingPod`).
 *
 * Images are there and containers do not fail. What a container would do by itself is said by annotations, see switches.ts;
 * CoreDNS's do it, see container.ts.
 */
import type { PodNetwork } from '../../src/dataplane/index.ts';
import {
  fileByNodeName,
  formatAddress,
  isManual,
  isPodReady,
  isPodTerminal,
  type Key,
  keyOf,
  kubeletDownSince,
  type Moment,
  momentOf,
  type Node,
  type Pod,
  parseAddress,
  readyAfterMs,
  stopAfterMs,
} from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { forgetContainer, isProcessReady, startContainer, stopContainer } from './container.ts';
import { hasNetwork } from './pod-network.ts';
import { statusIntents } from './pod-status.ts';
import { addSandbox, assignedAt, deleteSandboxes } from './sandbox.ts';

/** From the sandbox to the running container, the image being on the node. */
export const START_AFTER_MS = 1000;
const START: Intent = { do: 'again', afterMs: START_AFTER_MS };

const NO_KEYS: readonly Key[] = [];
const NOTHING: readonly Intent[] = [];

export const kubeletPods: Controller = {
  name: 'kubelet',
  program: 'kubelet',
  watches: {
    Pod: (pod, _view, key) => (pod.spec.nodeName === undefined ? NO_KEYS : [key]),
    Node: ({ metadata }, view) => podsToLookAt(metadata.name, view),
  },
  pieces: { process: (key) => [key] },
  indexes: { Pod: { nodeName: fileByNodeName } },
  reconcile(view, key, at) {
    const pod = view.get('Pod', key);
    const network = view.dataplane.pod.get(key);
    const node = pod?.spec.nodeName === undefined ? undefined : view.get('Node', pod.spec.nodeName);
    if (pod === undefined || node === undefined) return tearDown(key, view);
    if (isManual(node)) return mirror(pod, node, network, view);
    if (kubeletDownSince(node) !== undefined) return [];
    // A sandbox of an earlier pod of this name, or on another node, has to go before this one's is made.
    if (network !== undefined && (network.uid !== pod.metadata.uid || network.node !== node.metadata.name)) {
      return [...tearDown(key, view), { do: 'again', afterMs: 0 }];
    }
    if (pod.metadata.deletionTimestamp !== undefined) return terminate(pod, view, at);
    if (isPodTerminal(pod)) return tearDown(key, view);
    return run(pod, key, node, network, view, at);
  },
};

/** The pods of a changed node that may be waiting for the change: not those that run as they should. */
function podsToLookAt(name: string, view: View): readonly string[] {
  const gone = view.get('Node', name) === undefined;
  const keys: string[] = [];
  for (const pod of view.byIndex('Pod', 'nodeName', name)) {
    const runs = pod.status.phase === 'Running' && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
    if (gone || !runs) keys.push(keyOf(pod));
  }
  return keys.sort();
}

function run(
  pod: Pod,
  key: Key,
  node: Node,
  network: PodNetwork | undefined,
  view: View,
  at: Moment,
): readonly Intent[] {
  const onHost = pod.spec.hostNetwork === true;
  if (!onHost && network === undefined) {
    // Without addresses for pods the CNI plugin is not configured: the node tells of it, and the pod waits.
    if (!hasNetwork(node, view)) return NOTHING;
    const forgotten = forgetContainer(key, view.dataplane);
    const added = addSandbox(pod, key, node, view.dataplane, at, START);
    return forgotten.length === 0 ? added : [...forgotten, ...added];
  }
  const assigned = network?.createdAt ?? assignedAt(pod);
  const startedAt = assigned + START_AFTER_MS;
  if (at < startedAt) return [{ do: 'again', afterMs: startedAt - at }];
  const starting = startContainer(pod, key, assigned, view.dataplane);
  if (starting.length > 0) return starting;
  const readyAfter = readyAfterMs(pod);
  const isTold = readyAfter !== undefined && at >= startedAt + readyAfter;
  const ready = isTold && isProcessReady(pod, key, view.dataplane);
  const podIPs = onHost ? internalAddresses(node) : network!.addresses.map(formatAddress);
  const status = statusIntents(pod, key, node, { podIPs, startedAt: assigned, ready }, at);
  if (isTold || readyAfter === undefined) return status;
  return [...status, { do: 'again', afterMs: startedAt + readyAfter - at }];
}

/** Nothing, where the pod has no sandbox. */
function tearDown(key: Key, { dataplane }: View): readonly Intent[] {
  return dataplane.pod.get(key) === undefined ? forgetContainer(key, dataplane) : deleteSandboxes([key], dataplane);
}

/** Waits for the containers to stop, then tears down the network, then lets go of the object. */
function terminate(pod: Pod, view: View, at: Moment): readonly Intent[] {
  const { deletionTimestamp = '', deletionGracePeriodSeconds, uid } = pod.metadata;
  const graceMs = (deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds) * 1000;
  const key = keyOf(pod);
  if (view.dataplane.container.get(key)?.uid === uid) {
    const stopping = stopContainer(key, graceMs, view.dataplane, at);
    if (stopping.length > 0) return stopping;
  } else {
    const toldAt = momentOf(deletionTimestamp) - graceMs;
    const stoppedAt = pod.status.phase === 'Running' ? toldAt + stopAfterMs(pod, graceMs) : toldAt;
    if (at < stoppedAt) return [{ do: 'again', afterMs: stoppedAt - at }];
  }
  const release: Intent = { do: 'delete', kind: 'Pod', key, precondition: { uid }, gracePeriodSeconds: 0 };
  return [...tearDown(key, view), release];
}

/**
 * A pod on a node whose statuses somebody else writes: the object is left alone, and the network is set up as its status
 * says, so that packets find it.
 */
function mirror(pod: Pod, node: Node, network: PodNetwork | undefined, view: View): readonly Intent[] {
  const key = keyOf(pod);
  const texts = pod.status.podIPs?.map(({ ip }) => ip) ?? (pod.status.podIP === undefined ? [] : [pod.status.podIP]);
  const addresses = texts.map(parseAddress).filter((address) => address !== undefined);
  const free = addresses.every((address) => (view.dataplane.pod.at(address)?.pod ?? key) === key);
  if (pod.spec.hostNetwork === true || addresses.length === 0 || isPodTerminal(pod) || !free) {
    return tearDown(key, view);
  }
  const { uid } = pod.metadata;
  const starting = pod.status.phase === 'Running' ? startContainer(pod, key, assignedAt(pod), view.dataplane) : [];
  if (network?.uid === uid && network.addresses.join() === addresses.join()) return starting;
  return [
    { do: 'program', piece: 'pod', key, value: { pod: key, uid, node: node.metadata.name, addresses } },
    ...starting,
  ];
}

function internalAddresses({ status }: Node): readonly string[] {
  return (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
}
