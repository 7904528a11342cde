/** What a pod's status says, as the workload controllers ask it (kubernetes pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go). */
import type { Condition, Pod } from './kubernetes.ts';
import { type Moment, momentOf } from './moment.ts';

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  // Asked several times for every pod that changes: no closure, no iterator.
  if (conditions !== undefined)
    for (let i = 0; i < conditions.length; i++) if (conditions[i]!.type === type) return conditions[i];
  return undefined;
}

export function isPodReady(pod: Pod): boolean {
  return findCondition(pod.status.conditions, 'Ready')?.status === 'True';
}

/** Whether a pod is one of the cluster's name servers, by the label that Service kube-dns selects. */
export function isNameServer({ metadata }: Pod): boolean {
  return metadata.labels?.['k8s-app'] === 'kube-dns';
}

/** Whether the pod's containers have ended for good. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** Whether the pod counts as a replica: neither finished nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

/** When the pod became ready; undefined where it is not, or where whoever wrote its status did not say. */
export function readySince(pod: Pod): Moment | undefined {
  const ready = findCondition(pod.status.conditions, 'Ready');
  if (ready?.status !== 'True' || typeof ready.lastTransitionTime !== 'string') return undefined;
  return momentOf(ready.lastTransitionTime);
}

/**
 * How long until a pod counts as available, in milliseconds: 0 where it does, undefined where time alone will not help.
 * Source: `IsPodAvailable`, pkg/api/v1/pod/util.go.
 */
export function availableAfterMs(pod: Pod, minReadySeconds: number, at: Moment): number | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = readySince(pod);
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - at);
}

/** The node that a pod was given, as an index of pods by node asks for it (index `nodeName`). */
export function fileByNodeName({ spec }: Pod): readonly string[] {
  return spec.nodeName === undefined ? UNASSIGNED : [spec.nodeName];
}

fileByNodeName.reads = ['nodeName'] as const;

const UNASSIGNED: readonly string[] = [];
