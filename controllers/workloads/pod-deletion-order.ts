/**
 * Which pods a ReplicaSet gives up first when it has too many.
 * Source: `ActivePodsWithRanks.Less`, kubernetes pkg/controller/controller_utils.go (LogarithmicScaleDown is on since 1.31).
 */
import { isPodReady, type Moment, momentOf, type Pod, readySince } from '../../src/model/index.ts';

export const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** The pods, those to delete first in front. `related` are the pods that share a node's worth: those of all sibling ReplicaSets. */
export function inDeletionOrder(pods: readonly Pod[], related: Iterable<Pod>, at: Moment): readonly Pod[] {
  const podsOnNode = new Map<string, number>();
  for (const { spec } of related) podsOnNode.set(spec.nodeName ?? '', (podsOnNode.get(spec.nodeName ?? '') ?? 0) + 1);
  const rank = (pod: Pod) => podsOnNode.get(pod.spec.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compare(a, b, rank, at));
}

function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, at: Moment): number {
  return (
    Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined) ||
    (PHASE_ORDER[a.status.phase] ?? 0) - (PHASE_ORDER[b.status.phase] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    compareAge(a, b, readySince, at) ||
    compareAge(a, b, ({ metadata }) => momentOf(metadata.creationTimestamp), at) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

/** Younger first, but ages of one power of two count as the same: then the uid decides, which is as good as chance. */
function compareAge(a: Pod, b: Pod, since: (pod: Pod) => Moment | undefined, at: Moment): number {
  const [sinceA, sinceB] = [since(a), since(b)];
  if (sinceA === sinceB) return 0;
  if (sinceA === undefined) return -1;
  if (sinceB === undefined) return 1;
  return magnitude(at - sinceA) - magnitude(at - sinceB) || (a.metadata.uid < b.metadata.uid ? -1 : 1);
}

/** The power of two of an age in nanoseconds; -1 for none. */
function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST_ANNOTATION];
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}
