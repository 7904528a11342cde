/**
 * Annotations and labels that steer the emulated kubelets. They stand for what a real kubelet finds out by itself: whether
 * a container's probe succeeds, how long a process takes to stop, whether the machine lives.
 */
import type { Node, Pod } from './kubernetes.ts';
import { type Moment, momentOf } from './moment.ts';

/** On a pod, `5s`: the probe first succeeds this long after the container started. */
export const READY_AFTER_ANNOTATION = 'orrery.dev/ready-after';
/** On a pod, `"false"`: the probe fails for as long as the annotation is there. */
export const READY_ANNOTATION = 'orrery.dev/ready';
/** On a pod, `3s`: the process takes this long to stop after it was asked to; at most the grace period. */
export const STOP_AFTER_ANNOTATION = 'orrery.dev/stop-after';
/** On a pod: the address to ask the CNI plugin for. Taken where it is free and in the node's block. */
export const POD_IP_ANNOTATION = 'orrery.dev/pod-ip';
/** On a pod, `musl`: its processes look names up as musl does, as in Alpine's images; as glibc does otherwise. */
export const LIBC_ANNOTATION = 'orrery.dev/libc';
/** On a node, `manual`: statuses of the node and its pods are written by somebody else. */
export const KUBELET_LABEL = 'orrery.dev/kubelet';
/** On a node, `kubenet`: which network plugin its kubelet was started with; the Azure plugins where it is absent. */
export const NETWORK_PLUGIN_LABEL = 'orrery.dev/network-plugin';
/** On a node: since when its kubelet is down, as an RFC 3339 time or in milliseconds of virtual time. */
export const KUBELET_DOWN_SINCE = 'orrery.dev/kubelet-down-since';

const STOP_AFTER_MS = 1000;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function isManual(node: Node): boolean {
  return node.metadata.labels?.[KUBELET_LABEL] === 'manual';
}

export function kubeletDownSince(node: Node): Moment | undefined {
  const text = node.metadata.annotations?.[KUBELET_DOWN_SINCE];
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : momentOf(text);
}

/** How long after its start the pod is ready; undefined while it is kept unready. */
export function readyAfterMs({ metadata }: Pod): number | undefined {
  if (metadata.annotations?.[READY_ANNOTATION] === 'false') return undefined;
  return durationMs(metadata.annotations?.[READY_AFTER_ANNOTATION]) ?? 0;
}

/** How long after it was told to stop the pod's containers are gone. */
export function stopAfterMs({ metadata }: Pod, graceMs: number): number {
  return Math.min(durationMs(metadata.annotations?.[STOP_AFTER_ANNOTATION]) ?? STOP_AFTER_MS, graceMs);
}

/** `1500ms`, `5s`, `2m`; undefined for anything else. */
function durationMs(text: string | undefined): number | undefined {
  const parts = text === undefined ? null : DURATION.exec(text);
  return parts === null ? undefined : Number(parts[1]) * UNIT_MS[parts[2]!]!;
}
