/**
 * How many pods a Deployment's ReplicaSets may and must have.
 * Source: kubernetes pkg/controller/deployment/util/deployment_util.go; rounding: apimachinery pkg/util/intstr.
 */
import type { Deployment, ReplicaSet } from '../../src/model/index.ts';

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY_ANNOTATION = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS_ANNOTATION = 'deployment.kubernetes.io/max-replicas';

export function isRollingUpdate(deployment: Deployment): boolean {
  return deployment.spec.strategy.type === 'RollingUpdate';
}

/** A number as it is; `25%` of the total, rounded the way that is asked for. */
function resolve(value: number | string, total: number, round: (fraction: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100);
}

/** Surge is rounded up and unavailability down; where that leaves nothing to move with, one pod may be unavailable. */
function fenceposts({ spec }: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate ?? { maxSurge: '25%', maxUnavailable: '25%' };
  const surge = resolve(maxSurge, spec.replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, spec.replicas, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function maxSurgeOf(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailableOf(deployment: Deployment): number {
  if (!isRollingUpdate(deployment) || deployment.spec.replicas === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, deployment.spec.replicas);
}

/** Pods over all revisions at most. */
export function maxReplicasOf(deployment: Deployment): number {
  return deployment.spec.replicas + maxSurgeOf(deployment);
}

export function sumOf(replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((sum, replicaSet) => sum + count(replicaSet), 0);
}

export function specReplicas(replicaSets: readonly ReplicaSet[]): number {
  return sumOf(replicaSets, ({ spec }) => spec.replicas);
}

export function isActive({ spec }: ReplicaSet): boolean {
  return spec.replicas > 0;
}

/** The number in an annotation; undefined where there is none. */
export function numberIn(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[annotation];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The size that the newest ReplicaSet should have, seen what all of them have. */
export function newReplicasFor(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const { replicas } = deployment.spec;
  if (!isRollingUpdate(deployment)) return replicas;
  const room = maxReplicasOf(deployment) - specReplicas(all);
  return room <= 0 ? current : current + Math.min(room, replicas - current);
}

/** Oldest first (`ReplicaSetsByCreationTimestamp`). */
export function olderFirst(a: ReplicaSet, b: ReplicaSet): number {
  const [atA, atB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return atA === atB ? (a.metadata.name < b.metadata.name ? -1 : 1) : atA < atB ? -1 : 1;
}

/** Largest first, of one size the newer (`ReplicaSetsBySizeNewer`). */
export function largerThenNewerFirst(a: ReplicaSet, b: ReplicaSet): number {
  return b.spec.replicas - a.spec.replicas || olderFirst(b, a);
}

/** Largest first, of one size the older (`ReplicaSetsBySizeOlder`). */
export function largerThenOlderFirst(a: ReplicaSet, b: ReplicaSet): number {
  return b.spec.replicas - a.spec.replicas || olderFirst(a, b);
}
