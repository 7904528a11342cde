/**
 * The steps of a rollout, one reconcile at a time.
 * Source: kubernetes pkg/controller/deployment (rolling.go, recreate.go, `cleanupDeployment` in sync.go).
 */
import type { ReplicaSet } from '../../src/model/index.ts';
import type { Rollout } from './deployment-rollout.ts';
import {
  maxUnavailableOf,
  newReplicasFor,
  numberIn,
  olderFirst,
  REVISION_ANNOTATION,
  specReplicas,
  sumOf,
} from './deployment-sizes.ts';
import { isComplete } from './deployment-status.ts';

/** Adds new pods as far as the surge allows, then takes old ones away as far as availability allows. */
export function rollingUpdate(rollout: Rollout): void {
  rollout.createNewest();
  if (growNewest(rollout) || shrinkOld(rollout)) return;
  if (isComplete(rollout.deployment, rollout.deployment.status)) deleteOldRevisions(rollout);
}

/** Takes all old pods away, waits until none is left, then makes the new ones. */
export function recreate(rollout: Rollout, oldPodsRun: boolean): void {
  let scaledDown = false;
  for (const replicaSet of rollout.activeOld) scaledDown = rollout.scale(replicaSet, 0) || scaledDown;
  if (scaledDown || oldPodsRun) return;
  rollout.createNewest();
  rollout.scale(rollout.newest!, rollout.deployment.spec.replicas);
  if (isComplete(rollout.deployment, rollout.deployment.status)) deleteOldRevisions(rollout);
}

/** Deletes the oldest revisions beyond revisionHistoryLimit, those that are empty. */
export function deleteOldRevisions(rollout: Rollout): void {
  const old = rollout.old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = old.length - rollout.deployment.spec.revisionHistoryLimit;
  if (surplus <= 0) return;
  const revision = (replicaSet: ReplicaSet) => numberIn(replicaSet, REVISION_ANNOTATION) ?? 0;
  const byRevision = [...old].sort((a, b) => revision(a) - revision(b) || olderFirst(a, b));
  for (const replicaSet of byRevision.slice(0, surplus)) {
    const { metadata, spec, status } = replicaSet;
    const observed = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
    if (status.replicas === 0 && spec.replicas === 0 && observed) rollout.delete(replicaSet);
  }
}

function growNewest(rollout: Rollout): boolean {
  const newest = rollout.newest!;
  const { replicas } = rollout.deployment.spec;
  const current = newest.spec.replicas;
  if (current === replicas) return false;
  const target = current > replicas ? replicas : newReplicasFor(rollout.deployment, rollout.all, current);
  return target !== current && rollout.scale(newest, target);
}

function shrinkOld(rollout: Rollout): boolean {
  if (rollout.activeOld.length === 0) return false;
  const newest = rollout.newest!;
  const minAvailable = rollout.deployment.spec.replicas - maxUnavailableOf(rollout.deployment);
  // New pods that are not available yet must not make room: they would take availability away twice.
  const newUnavailable = newest.spec.replicas - (newest.status.availableReplicas ?? 0);
  const most = specReplicas(rollout.all) - minAvailable - newUnavailable;
  if (most <= 0) return false;
  const unhealthy = shrink(rollout, most, ({ spec, status }) => spec.replicas - (status.availableReplicas ?? 0));
  const available = sumOf([...rollout.activeOld, rollout.newest!], ({ status }) => status.availableReplicas ?? 0);
  const healthy = shrink(rollout, available - minAvailable, ({ spec }) => spec.replicas);
  return unhealthy + healthy > 0;
}

/** Takes up to `most` pods from the old ReplicaSets, from each at most as many as `spare` says. Returns how many. */
function shrink(rollout: Rollout, most: number, spare: (replicaSet: ReplicaSet) => number): number {
  let taken = 0;
  for (const replicaSet of rollout.activeOld) {
    if (taken >= most) break;
    const fewer = Math.max(0, Math.min(most - taken, spare(replicaSet)));
    if (fewer > 0) rollout.scale(replicaSet, replicaSet.spec.replicas - fewer);
    taken += fewer;
  }
  return taken;
}
