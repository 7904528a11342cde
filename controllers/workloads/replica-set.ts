/**
 * Keeps as many pods of a template as a ReplicaSet asks for.
 * Source: kubernetes pkg/controller/replicaset (replica_set.go, replica_set_utils.go).
 *
 * The Events SuccessfulCreate and SuccessfulDelete are left out: they would be two writes for each pod.
 */
import {
  availableAfterMs,
  deepFreeze,
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Key,
  KIND_INFO,
  keyOf,
  type Labels,
  type Moment,
  matchesLabels,
  matchesSelector,
  type Pod,
  type ReplicaSet,
} from '../../src/model/index.ts';
import type { Controller, Draft, Intent, View } from '../../src/reconcile/index.ts';
import {
  byName,
  type Claimable,
  claim,
  controllerOf,
  controllerReference,
  fileByOrphanLabel,
  fileByOwnerUid,
  fileBySelectorLabel,
  keysOfOwner,
  ownersWanting,
} from './ownership.ts';
import { inDeletionOrder } from './pod-deletion-order.ts';

const NO_KEYS: readonly Key[] = [];
const NO_INTENTS: readonly Intent[] = [];
const NO_LABELS: Labels = {};

/** Pods created or deleted in one reconcile (`BurstReplicas`). */
export const BURST_REPLICAS = 500;

export const replicaSet: Controller = {
  name: 'replicaset-controller',
  program: 'kube-controller-manager',
  watches: {
    ReplicaSet: (_object, _view, key) => [key],
    Pod: (pod, view) => {
      const owner = controllerOf(pod);
      if (owner === undefined) return ownersWanting('ReplicaSet', pod, view);
      return owner.kind === 'ReplicaSet' ? keysOfOwner(pod, owner) : NO_KEYS;
    },
  },
  indexes: {
    Pod: { ownerUid: fileByOwnerUid, orphanLabel: fileByOrphanLabel },
    ReplicaSet: { ownerUid: fileByOwnerUid, selectorLabel: fileBySelectorLabel },
  },
  reconcile(view, key, at) {
    const object = view.get('ReplicaSet', key);
    if (object === undefined) return [];
    const { owned, intents } = claim(object, podsOf(view));
    const active: Pod[] = [];
    let terminating = 0;
    for (const pod of owned) {
      if (isPodActive(pod)) active.push(pod);
      else if (!isPodTerminal(pod)) terminating++;
    }
    const scaling = object.metadata.deletionTimestamp === undefined ? scale(object, active, view, at) : NO_INTENTS;
    return [...intents, ...scaling, ...writeStatus(object, active, terminating, at)];
  },
};

function podsOf(view: View): Claimable<Pod> {
  return {
    ownedBy: (uid) => view.byIndex('Pod', 'ownerUid', uid),
    orphans: (label) => view.byIndex('Pod', 'orphanLabel', label),
    adoptable: isPodActive,
  };
}

function scale(object: ReplicaSet, active: readonly Pod[], view: View, at: Moment): readonly Intent[] {
  const surplus = active.length - object.spec.replicas;
  if (surplus < 0) {
    // Frozen: the apiserver reads once what all of them share.
    const create: Intent = { do: 'create', object: deepFreeze(podDraft(object)) };
    return Array.from({ length: Math.min(-surplus, BURST_REPLICAS) }, () => create);
  }
  if (surplus === 0) return NO_INTENTS;
  // Where all are to go their order does not matter, and their siblings need not be looked up.
  const named = active.toSorted(byName);
  const order = object.spec.replicas === 0 ? named : inDeletionOrder(named, relatedPods(object, view), at);
  return order.slice(0, Math.min(surplus, BURST_REPLICAS)).map((pod) => ({
    do: 'delete',
    kind: 'Pod',
    key: keyOf(pod),
    precondition: { uid: pod.metadata.uid },
  }));
}

/** The active pods of all ReplicaSets with the same controller, as `getIndirectlyRelatedPods` finds them. */
function* relatedPods(object: ReplicaSet, view: View): Iterable<Pod> {
  const owner = controllerOf(object);
  const siblings = owner === undefined ? [object] : view.byIndex('ReplicaSet', 'ownerUid', owner.uid);
  for (const sibling of siblings) {
    for (const pod of view.byIndex('Pod', 'ownerUid', sibling.metadata.uid)) {
      if (isPodActive(pod) && matchesSelector(sibling.spec.selector, pod.metadata.labels)) yield pod;
    }
  }
}

/** The pod that the template describes. Its spec is the template's own, shared by all pods. */
function podDraft(object: ReplicaSet): Draft<'Pod'> {
  const { namespace, name } = object.metadata;
  const { metadata, spec } = object.spec.template;
  const { labels, annotations } = metadata;
  return {
    apiVersion: KIND_INFO.Pod.apiVersion,
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(object)],
    },
    spec,
  };
}

function writeStatus(
  object: ReplicaSet,
  active: readonly Pod[],
  terminatingReplicas: number,
  at: Moment,
): readonly Intent[] {
  const { minReadySeconds = 0, template, replicas } = object.spec;
  const { labels: wanted = NO_LABELS } = template.metadata;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  let againAfterMs = Number.POSITIVE_INFINITY;
  for (const pod of active) {
    if (matchesLabels(wanted, pod.metadata.labels)) fullyLabeledReplicas++;
    if (!isPodReady(pod)) continue;
    readyReplicas++;
    const afterMs = availableAfterMs(pod, minReadySeconds, at);
    if (afterMs === 0) availableReplicas++;
    else if (afterMs !== undefined) againAfterMs = Math.min(againAfterMs, afterMs);
  }
  const status = replicaSetStatus({
    replicas: active.length,
    fullyLabeledReplicas,
    readyReplicas,
    availableReplicas,
    terminatingReplicas,
    observedGeneration: object.metadata.generation ?? 0,
  });
  const intents: Intent[] = [];
  if (!sameStatus(object.status, status)) intents.push({ do: 'update-status', object: withStatus(object, status) });
  if (Number.isFinite(againAfterMs) && replicas > 0) intents.push({ do: 'again', afterMs: againAfterMs });
  return intents;
}

/** Field by field: a spread is slow. */
function withStatus({ apiVersion, kind, metadata, spec }: ReplicaSet, status: ReplicaSet['status']): ReplicaSet {
  return { apiVersion, kind, metadata, spec, status };
}

/** Counts of zero are left out as the real one's JSON leaves them out; `replicas` and `terminatingReplicas` are always there. */
function replicaSetStatus(counts: Required<ReplicaSet['status']>): ReplicaSet['status'] {
  const status: { -readonly [C in keyof ReplicaSet['status']]: ReplicaSet['status'][C] } = {
    replicas: counts.replicas,
  };
  for (const name of LEFT_OUT_WHERE_ZERO) if (counts[name] !== 0) status[name] = counts[name];
  status.terminatingReplicas = counts.terminatingReplicas;
  return status;
}

const LEFT_OUT_WHERE_ZERO = [
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'observedGeneration',
] as const;

function sameStatus(a: ReplicaSet['status'], b: ReplicaSet['status']): boolean {
  return (
    a.replicas === b.replicas &&
    (a.fullyLabeledReplicas ?? 0) === (b.fullyLabeledReplicas ?? 0) &&
    (a.readyReplicas ?? 0) === (b.readyReplicas ?? 0) &&
    (a.availableReplicas ?? 0) === (b.availableReplicas ?? 0) &&
    a.terminatingReplicas === b.terminatingReplicas &&
    (a.observedGeneration ?? 0) === (b.observedGeneration ?? 0)
  );
}
