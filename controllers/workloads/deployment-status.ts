/**
 * What a Deployment says of itself: counts, and the conditions Available and Progressing.
 * Source: kubernetes pkg/controller/deployment (`calculateStatus` in sync.go, progress.go).
 */
import { type Deployment, isEqual, type Moment, momentOf, type ReplicaSet } from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';
import type { Rollout } from './deployment-rollout.ts';
import { maxUnavailableOf, specReplicas, sumOf } from './deployment-sizes.ts';

/** A deadline of this many seconds means none (MaxInt32). */
const NO_DEADLINE_SECONDS = 2 ** 31 - 1;

type Status = Deployment['status'];

/** Whether all pods are of the present template, and available. */
export function isComplete({ spec, metadata }: Deployment, status: Status): boolean {
  return (
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

/** Notes that progress is not measured while a Deployment is paused, and that it is again. */
export function notePause({ deployment, conditions }: Rollout): void {
  if (!hasDeadline(deployment)) return;
  const { reason } = conditions.find('Progressing') ?? {};
  if (reason === 'ProgressDeadlineExceeded') return;
  const paused = deployment.spec.paused === true;
  if (paused === (reason === 'DeploymentPaused')) return;
  conditions.set({
    type: 'Progressing',
    status: 'Unknown',
    reason: paused ? 'DeploymentPaused' : 'DeploymentResumed',
    message: paused ? 'Deployment is paused' : 'Deployment is resumed',
  });
}

/** The status to write, if it changed; else, while a rollout waits, when to look whether it has timed out. */
export function statusIntents(rollout: Rollout, measureProgress: boolean, at: Moment): readonly Intent[] {
  const { deployment, conditions } = rollout;
  const counts = countsOf(rollout);
  noteAvailability(rollout, counts);
  if (!hasDeadline(deployment)) conditions.remove('Progressing');
  else if (measureProgress) noteProgress(rollout, counts, at);
  const status = shownStatus(counts, conditions.all);
  if (!isEqual(status, deployment.status)) {
    // Field by field: a spread is slow.
    const { apiVersion, kind, metadata, spec } = deployment;
    return [{ do: 'update-status', object: { apiVersion, kind, metadata, spec, status } }];
  }
  return measureProgress ? deadlineIntents(deployment, at) : [];
}

function countsOf({ deployment, all, newest }: Rollout): Status {
  const available = sumOf(all, ({ status }) => status.availableReplicas ?? 0);
  const terminating = terminatingOf(all);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sumOf(all, ({ status }) => status.replicas),
    updatedReplicas: newest?.status.replicas ?? 0,
    readyReplicas: sumOf(all, ({ status }) => status.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, specReplicas(all) - available),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
  };
}

/** Unknown until every ReplicaSet has said how many of its pods are terminating. */
function terminatingOf(all: readonly ReplicaSet[]): number | undefined {
  if (all.some(({ status }) => status.terminatingReplicas === undefined)) return undefined;
  return sumOf(all, ({ status }) => status.terminatingReplicas ?? 0);
}

/** Go leaves zero counts out of the JSON; terminatingReplicas is a pointer there, and shows its zero. */
function shownStatus(counts: Status, conditions: Status['conditions']): Status {
  const status: Record<string, unknown> = {};
  for (const name in counts) {
    const count = counts[name as keyof Status];
    if (count !== 0 || name === 'terminatingReplicas') status[name] = count;
  }
  status['conditions'] = conditions;
  return status;
}

function noteAvailability({ deployment, conditions }: Rollout, counts: Status): void {
  const enough = (counts.availableReplicas ?? 0) >= deployment.spec.replicas - maxUnavailableOf(deployment);
  conditions.set({
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  });
}

function noteProgress({ deployment, conditions, newest }: Rollout, counts: Status, at: Moment): void {
  const current = conditions.find('Progressing');
  if (counts.replicas === counts.updatedReplicas && current?.reason === 'NewReplicaSetAvailable') return;
  const subject =
    newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, counts)) {
    const message = `${subject} has successfully progressed.`;
    conditions.set({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message });
  } else if (madeProgress(deployment.status, counts)) {
    const message = `${subject} is progressing.`;
    conditions.renew({ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message });
  } else if (hasTimedOut(deployment, current, at)) {
    const message = `${subject} has timed out progressing.`;
    conditions.set({ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message });
  }
}

function madeProgress(before: Status, now: Status): boolean {
  const oldReplicas = (status: Status) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldReplicas(now) < oldReplicas(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

type Progress = ReturnType<Rollout['conditions']['find']>;

function hasTimedOut({ spec }: Deployment, progress: Progress, at: Moment): boolean {
  if (progress === undefined || progress.reason === 'NewReplicaSetAvailable') return false;
  if (progress.reason === 'ProgressDeadlineExceeded') return true;
  return momentOf(progress.lastUpdateTime ?? '') + spec.progressDeadlineSeconds * 1000 < at;
}

function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== NO_DEADLINE_SECONDS;
}

/** Looks again a second after the deadline, as `requeueStuckDeployment` does. */
function deadlineIntents(deployment: Deployment, at: Moment): readonly Intent[] {
  const { spec, status } = deployment;
  const progress = status.conditions?.find(({ type }) => type === 'Progressing');
  if (!hasDeadline(deployment) || typeof progress?.lastUpdateTime !== 'string' || isComplete(deployment, status))
    return [];
  if (progress.reason === 'ProgressDeadlineExceeded') return [];
  const leftMs = momentOf(progress.lastUpdateTime) + spec.progressDeadlineSeconds * 1000 - at;
  return [{ do: 'again', afterMs: Math.max(0, leftMs) + 1000 }];
}
