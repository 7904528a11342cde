/**
 * Deletes what has lost its owners, in the background; keeps owners that wait for their dependents (finalizer
 * `foregroundDeletion`) or let go of them (finalizer `orphan`) until that is done.
 * Source: kubernetes pkg/controller/garbagecollector.
 *
 * A key names one owner: how it is thought to be, its kind, its key and its uid. The real one asks the apiserver before it
 * takes an owner that its informers have never shown for gone; a view cannot, so such an owner is given time to appear.
 */
import {
  type Key,
  type Kind,
  type KubernetesObject,
  keyOf,
  type Moment,
  momentOf,
  type OwnerReference,
} from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { fileByOwnerUid, keyOfOwner, patchOwners } from './ownership.ts';

/** How old a dependent must be before an owner that was never seen counts as gone. */
export const UNSEEN_OWNER_AFTER_MS = 60_000;

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** The kinds that can have owners; Nodes can only be one. Events have none, and there are many of them. */
const DEPENDENT_KINDS = ['Pod', 'ReplicaSet', 'Deployment', 'Service', 'EndpointSlice', 'ConfigMap'] as const;

export const garbageCollector: Controller = {
  name: 'garbage-collector',
  program: 'kube-controller-manager',
  watches: {
    Pod: concernedOwners,
    ReplicaSet: concernedOwners,
    Deployment: concernedOwners,
    Service: concernedOwners,
    EndpointSlice: concernedOwners,
    ConfigMap: concernedOwners,
    Node: concernedOwners,
  },
  indexes: {
    Pod: { ownerUid: fileByOwnerUid },
    ReplicaSet: { ownerUid: fileByOwnerUid },
    Deployment: { ownerUid: fileByOwnerUid },
    Service: { ownerUid: fileByOwnerUid },
    EndpointSlice: { ownerUid: fileByOwnerUid },
    ConfigMap: { ownerUid: fileByOwnerUid },
  },
  reconcile(view, key, at) {
    const [state, kind, ownerKey, uid] = key.split(' ') as [OwnerState, Kind, Key, string];
    const owner = view.get(kind, ownerKey);
    if (owner?.metadata.uid !== uid) return collect(dependentsOf(view, uid), view, state === 'gone' ? undefined : at);
    if (owner.metadata.deletionTimestamp === undefined) return [];
    if (owner.metadata.finalizers?.includes(ORPHAN)) return orphan(owner, view);
    return owner.metadata.finalizers?.includes(FOREGROUND) ? deleteInForeground(owner, view) : [];
  },
};

const NO_OWNERS: readonly OwnerReference[] = [];
const NO_KEYS: readonly Key[] = [];

/** `gone`: it was seen, and seen deleted. `unseen`: a dependent names it. `deleting`: it waits for its dependents. */
type OwnerState = 'gone' | 'unseen' | 'deleting';

function ownerName(state: OwnerState, kind: string, key: Key, uid: string): Key {
  return `${state} ${kind} ${key} ${uid}`;
}

/** The owners to look at. An object that lives, and whose owners live, concerns nobody: that is nearly every event. */
function concernedOwners(object: KubernetesObject, view: View, key: Key): readonly Key[] {
  const { uid, ownerReferences = NO_OWNERS } = object.metadata;
  const lives = view.get(object.kind, key)?.metadata.uid === uid;
  if (lives && !waitsForDependents(object) && areSettled(ownerReferences, object, view)) return NO_KEYS;
  const keys: Key[] = [];
  if (!lives && hasDependents(view, uid)) keys.push(ownerName('gone', object.kind, key, uid));
  if (lives && waitsForDependents(object)) keys.push(ownerName('deleting', object.kind, key, uid));
  for (const reference of ownerReferences) {
    const ownerKey = keyOfOwner(object, reference);
    if (ownerKey === undefined) continue;
    const owner = view.get(reference.kind as Kind, ownerKey);
    if (owner?.metadata.uid !== reference.uid) {
      if (lives) keys.push(ownerName('unseen', reference.kind, ownerKey, reference.uid));
    } else if (waitsForDependents(owner)) keys.push(ownerName('deleting', reference.kind, ownerKey, reference.uid));
  }
  return keys;
}

/** Whether each of the owners is there and not waiting for its dependents. */
function areSettled(references: readonly OwnerReference[], dependent: KubernetesObject, view: View): boolean {
  // Asked twice for every object that changes: no closure, no iterator.
  for (let i = 0; i < references.length; i++) {
    const reference = references[i]!;
    const ownerKey = keyOfOwner(dependent, reference);
    if (ownerKey === undefined) continue;
    const owner = view.get(reference.kind as Kind, ownerKey);
    if (owner?.metadata.uid !== reference.uid || waitsForDependents(owner)) return false;
  }
  return true;
}

function waitsForDependents({ metadata }: KubernetesObject): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  return metadata.finalizers?.some((finalizer) => finalizer === FOREGROUND || finalizer === ORPHAN) ?? false;
}

/** An owner of a kind that is not emulated is taken to exist. */
function lives(view: View, dependent: KubernetesObject, reference: OwnerReference): boolean {
  const key = keyOfOwner(dependent, reference);
  return key === undefined || view.get(reference.kind as Kind, key)?.metadata.uid === reference.uid;
}

function hasDependents(view: View, uid: string): boolean {
  return DEPENDENT_KINDS.some((kind) => view.hasIndexed(kind, 'ownerUid', uid));
}

function dependentsOf(view: View, uid: string): readonly KubernetesObject[] {
  const dependents = DEPENDENT_KINDS.flatMap((kind): KubernetesObject[] => [...view.byIndex(kind, 'ownerUid', uid)]);
  const order = (object: KubernetesObject) => `${object.kind} ${keyOf(object)}`;
  return dependents.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Deletes the dependents that no owner is left of, and strikes lost owners from the others. `at` given: only old ones. */
function collect(dependents: readonly KubernetesObject[], view: View, at: Moment | undefined): readonly Intent[] {
  const intents: Intent[] = [];
  let againAfterMs = Number.POSITIVE_INFINITY;
  for (const dependent of dependents) {
    const { creationTimestamp, ownerReferences = [] } = dependent.metadata;
    const waitMs = at === undefined ? 0 : momentOf(creationTimestamp) + UNSEEN_OWNER_AFTER_MS - at;
    if (waitMs > 0) {
      againAfterMs = Math.min(againAfterMs, waitMs);
      continue;
    }
    const living = ownerReferences.filter((reference) => lives(view, dependent, reference));
    if (living.length > 0) intents.push(patchOwners(dependent, living));
    else if (dependent.metadata.deletionTimestamp === undefined) intents.push(deletionOf(dependent));
  }
  if (Number.isFinite(againAfterMs)) intents.push({ do: 'again', afterMs: againAfterMs });
  return intents;
}

function deletionOf(object: KubernetesObject): Intent {
  return { do: 'delete', kind: object.kind, key: keyOf(object), precondition: { uid: object.metadata.uid } };
}

function orphan(owner: KubernetesObject, view: View): readonly Intent[] {
  const { uid } = owner.metadata;
  const released = dependentsOf(view, uid).map((dependent) => {
    return patchOwners(
      dependent,
      dependent.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [],
    );
  });
  return [...released, withoutFinalizer(owner, ORPHAN)];
}

function deleteInForeground(owner: KubernetesObject, view: View): readonly Intent[] {
  const { uid } = owner.metadata;
  const dependents = dependentsOf(view, uid);
  const blocks = ({ metadata }: KubernetesObject) =>
    metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true);
  const deletions = dependents.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(deletionOf);
  return dependents.some(blocks) ? deletions : [...deletions, withoutFinalizer(owner, FOREGROUND)];
}

function withoutFinalizer(object: KubernetesObject, finalizer: string): Intent {
  const { uid, finalizers = [] } = object.metadata;
  const left = finalizers.filter((name) => name !== finalizer);
  const patch = { metadata: { finalizers: left.length === 0 ? null : left } };
  return { do: 'patch', kind: object.kind, key: keyOf(object), patch, precondition: { uid } };
}
