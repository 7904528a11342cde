/**
 * The annotation by which one measures how long a change takes to reach the nodes: when the oldest change began that a
 * write carries. Source: k8s.io/endpointslice util/trigger_time_tracker.go.
 *
 * The real tracker remembers what it saw at the last sync. A pure function cannot: what the slices hold stands for that
 * memory. A change of a pod that was in no slice counts as first seen when it enters one.
 */
import type { Endpoint, Pod, Service } from '../../src/model/index.ts';
import { readyConditionOf } from './endpoints.ts';

/**
 * RFC 3339, or undefined where nothing with a time has changed: then the annotation goes.
 * @param isNew the Service has no slices yet: its creation is what triggered the write
 * @param changed endpoints that came or whose serving condition changed
 */
export function triggerTimeOf(
  service: Service,
  isNew: boolean,
  changed: readonly Endpoint[],
  pods: readonly Pod[],
): string | undefined {
  if (isNew) return service.metadata.creationTimestamp;
  if (changed.length === 0) return undefined;
  const names = new Set(changed.map(({ targetRef }) => targetRef?.name));
  let earliest: string | undefined;
  for (const pod of pods) {
    if (!names.has(pod.metadata.name)) continue;
    const time = readyConditionOf(pod)?.lastTransitionTime ?? undefined;
    if (time !== undefined && (earliest === undefined || time < earliest)) earliest = time;
  }
  return earliest;
}
