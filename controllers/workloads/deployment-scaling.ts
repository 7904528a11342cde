/**
 * A Deployment whose size was changed, or that is paused: its ReplicaSets grow and shrink in proportion.
 * Source: `scale` and `isScalingEvent`, kubernetes pkg/controller/deployment/sync.go; `GetReplicaSetProportion`, util.
 */
import type { ReplicaSet } from '../../src/model/index.ts';
import type { Rollout } from './deployment-rollout.ts';
import {
  DESIRED_REPLICAS_ANNOTATION,
  isActive,
  isRollingUpdate,
  largerThenNewerFirst,
  largerThenOlderFirst,
  MAX_REPLICAS_ANNOTATION,
  maxReplicasOf,
  numberIn,
  specReplicas,
} from './deployment-sizes.ts';

/** Whether the Deployment has been given another size since its ReplicaSets were last sized. */
export function isScaled(rollout: Rollout): boolean {
  const { replicas } = rollout.deployment.spec;
  return rollout.all
    .filter(isActive)
    .some((replicaSet) => (numberIn(replicaSet, DESIRED_REPLICAS_ANNOTATION) ?? replicas) !== replicas);
}

export function scaleInProportion(rollout: Rollout): void {
  const { deployment } = rollout;
  const { replicas } = deployment.spec;
  const only = activeOrLatest(rollout);
  if (only !== undefined) {
    if (only.spec.replicas !== replicas) rollout.scale(only, replicas);
    return;
  }
  if (isSaturated(rollout)) {
    for (const replicaSet of rollout.activeOld) rollout.scale(replicaSet, 0);
    return;
  }
  if (isRollingUpdate(deployment)) shareOut(rollout);
}

/** The one ReplicaSet to size where no more than one has pods; undefined where several have. */
function activeOrLatest(rollout: Rollout): ReplicaSet | undefined {
  const active = rollout.all.filter(isActive);
  if (active.length > 1) return undefined;
  return active[0] ?? rollout.newest ?? rollout.old.at(-1);
}

function isSaturated({ newest, deployment }: Rollout): boolean {
  const { replicas } = deployment.spec;
  return (
    newest?.spec.replicas === replicas &&
    numberIn(newest, DESIRED_REPLICAS_ANNOTATION) === replicas &&
    newest.status.availableReplicas === replicas
  );
}

/** Shares the difference out among the active ReplicaSets by their sizes; what rounding leaves goes to the largest. */
function shareOut(rollout: Rollout): void {
  const { deployment } = rollout;
  const active = rollout.all.filter(isActive);
  const allowed = deployment.spec.replicas > 0 ? maxReplicasOf(deployment) : 0;
  const toAdd = allowed - specReplicas(active);
  const ordered = active.sort(toAdd > 0 ? largerThenNewerFirst : largerThenOlderFirst);
  let added = 0;
  const sizes = ordered.map((replicaSet) => {
    const share = toAdd === 0 ? 0 : shareOf(replicaSet, rollout, toAdd, added);
    added += share;
    return replicaSet.spec.replicas + share;
  });
  ordered.forEach((replicaSet, i) => {
    const leftover = i === 0 ? toAdd - added : 0;
    rollout.scale(replicaSet, Math.max(0, sizes[i]! + leftover));
  });
}

function shareOf(replicaSet: ReplicaSet, { deployment }: Rollout, toAdd: number, added: number): number {
  const left = toAdd - added;
  if (replicaSet.spec.replicas === 0 || left === 0) return 0;
  const { replicas } = replicaSet.spec;
  const before = numberIn(replicaSet, MAX_REPLICAS_ANNOTATION) || (deployment.status.replicas ?? 0);
  if (before === 0 && deployment.spec.replicas !== 0) return 0;
  const fraction =
    deployment.spec.replicas === 0
      ? -replicas
      : roundAwayFromZero((replicas * maxReplicasOf(deployment)) / before) - replicas;
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function roundAwayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
