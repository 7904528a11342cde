/**
 * Brings a Deployment's pods from one template to the next through ReplicaSets, one for each template.
 * Source: `syncDeployment`, kubernetes pkg/controller/deployment/deployment_controller.go.
 *
 * Simplified: a ReplicaSet of another owner that already has the wanted name is not worked around (`collisionCount`).
 */
import { type Deployment, isPodTerminal, type Key, type Moment, type ReplicaSet } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { Rollout } from './deployment-rollout.ts';
import { isScaled, scaleInProportion } from './deployment-scaling.ts';
import { notePause, statusIntents } from './deployment-status.ts';
import { deleteOldRevisions, recreate, rollingUpdate } from './deployment-strategies.ts';
import {
  type Claimable,
  claim,
  controllerOf,
  fileByOrphanLabel,
  fileByOwnerUid,
  fileBySelectorLabel,
  keyOfOwner,
  keysOfOwner,
  ownersWanting,
} from './ownership.ts';

const NO_KEYS: readonly Key[] = [];

export const deployment: Controller = {
  name: 'deployment-controller',
  program: 'kube-controller-manager',
  watches: {
    Deployment: (_object, _view, key) => [key],
    ReplicaSet: (replicaSet, view) => {
      const owner = controllerOf(replicaSet);
      if (owner === undefined) return ownersWanting('Deployment', replicaSet, view);
      return owner.kind === 'Deployment' ? keysOfOwner(replicaSet, owner) : NO_KEYS;
    },
    // A Deployment of type Recreate waits for its old pods to go; all others hear of pods through their ReplicaSets.
    Pod: (pod, view) => {
      if (!view.hasIndexed('Deployment', 'strategy', 'Recreate')) return NO_KEYS;
      const owner = controllerOf(pod);
      if (owner?.kind !== 'ReplicaSet') return NO_KEYS;
      const replicaSet = view.get('ReplicaSet', keyOfOwner(pod, owner)!);
      const above = replicaSet === undefined ? undefined : controllerOf(replicaSet);
      if (replicaSet === undefined || above?.kind !== 'Deployment') return NO_KEYS;
      const key = keyOfOwner(replicaSet, above)!;
      return view.get('Deployment', key)?.spec.strategy.type === 'Recreate' ? [key] : NO_KEYS;
    },
  },
  indexes: {
    Deployment: { selectorLabel: fileBySelectorLabel, strategy: ({ spec }) => [spec.strategy.type] },
    ReplicaSet: { ownerUid: fileByOwnerUid, orphanLabel: fileByOrphanLabel },
    Pod: { ownerUid: fileByOwnerUid },
  },
  reconcile(view, key, at) {
    const object = view.get('Deployment', key);
    if (object === undefined) return [];
    const { owned, intents } = claim(object, replicaSetsOf(view));
    return [...intents, ...sync(object, owned, view, at)];
  },
};

function replicaSetsOf(view: View): Claimable<ReplicaSet> {
  return {
    ownedBy: (uid) => view.byIndex('ReplicaSet', 'ownerUid', uid),
    orphans: (label) => view.byIndex('ReplicaSet', 'orphanLabel', label),
    adoptable: () => true,
  };
}

function sync(object: Deployment, owned: readonly ReplicaSet[], view: View, at: Moment): readonly Intent[] {
  const rollout = new Rollout(object, owned, at);
  const measureProgress = act(rollout, view);
  const replicaSets = rollout.replicaSetIntents();
  // The status is written against the Deployment as it was read, so it goes before the annotation that changes it.
  return [...replicaSets, ...statusIntents(rollout, measureProgress, at), ...rollout.revisionIntents()];
}

/** Does what there is to do and says whether it was a rollout, whose progress is to be measured. */
function act(rollout: Rollout, view: View): boolean {
  const { spec, metadata } = rollout.deployment;
  rollout.syncRevision();
  if (metadata.deletionTimestamp !== undefined) return false;
  notePause(rollout);
  if (spec.paused === true || isScaled(rollout)) {
    scaleInProportion(rollout);
    if (spec.paused === true) deleteOldRevisions(rollout);
    return false;
  }
  if (spec.strategy.type === 'Recreate') recreate(rollout, oldPodsRun(rollout, view));
  else rollingUpdate(rollout);
  return true;
}

/** Whether a pod of an old template is still there, terminating ones included. */
function oldPodsRun({ old }: Rollout, view: View): boolean {
  for (const { metadata } of old) {
    for (const pod of view.byIndex('Pod', 'ownerUid', metadata.uid)) if (!isPodTerminal(pod)) return true;
  }
  return false;
}
