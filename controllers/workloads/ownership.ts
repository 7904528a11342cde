/**
 * Who controls whom: owner references, and the adoption and release of objects by selector.
 * Source: kubernetes pkg/controller/controller_ref_manager.go.
 *
 * Selectors are found through one label each: an owner is filed under the first pair of its selector, an orphan under all
 * of its labels. So a changed orphan asks for its few labels, and never walks the owners of its namespace.
 */
import {
  type Deployment,
  isKind,
  type Key,
  KIND_INFO,
  type KubernetesObject,
  keyOf,
  type LabelSelector,
  matchesSelector,
  type OwnerReference,
  type ReplicaSet,
} from '../../src/model/index.ts';
import type { Intent, View } from '../../src/reconcile/index.ts';

const NONE: readonly string[] = [];

/** The owner that manages the object, of which there is at most one. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  const { ownerReferences } = object.metadata;
  // Asked several times for every object that changes: no closure.
  if (ownerReferences !== undefined)
    for (let i = 0; i < ownerReferences.length; i++)
      if (ownerReferences[i]!.controller === true) return ownerReferences[i];
  return undefined;
}

interface Located {
  readonly namespace: string | undefined;
  /** of the one owner; none for a kind that is not emulated */
  readonly keys: readonly Key[];
}

/** Objects of one template share their frozen owner references: where each lies is spelled out once. */
const located = new WeakMap<OwnerReference, Located>();

/** Where an object's owner would be; undefined for a kind that is not emulated. */
export function keyOfOwner(object: KubernetesObject, reference: OwnerReference): Key | undefined {
  return keysOfOwner(object, reference)[0];
}

/** The same as a list, which is made once. */
export function keysOfOwner({ metadata }: KubernetesObject, reference: OwnerReference): readonly Key[] {
  const { namespace } = metadata;
  let place = located.get(reference);
  if (place === undefined || place.namespace !== namespace) {
    const { kind, name } = reference;
    const keys = !isKind(kind) ? NONE : [KIND_INFO[kind].namespaced ? `${namespace}/${name}` : name];
    place = { namespace, keys };
    located.set(reference, place);
  }
  return place.keys;
}

/** What was filed last: the index keeps the list, and the objects of one owner come in rows. */
let lastFiled: readonly string[] = [''];

/** Index `ownerUid`: an object under the uid of each of its owners. */
export function fileByOwnerUid(object: KubernetesObject): readonly string[] {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined) return NONE;
  if (ownerReferences.length !== 1) return ownerReferences.map(({ uid }) => uid);
  const { uid } = ownerReferences[0]!;
  if (lastFiled[0] !== uid) lastFiled = [uid];
  return lastFiled;
}

fileByOwnerUid.reads = ['ownerReferences'] as const;

/** Index `orphanLabel`: an object that nobody controls, under each of its labels and under its bare namespace. */
export function fileByOrphanLabel(object: KubernetesObject): readonly string[] {
  if (controllerOf(object) !== undefined) return NONE;
  const { namespace = '', labels = {} } = object.metadata;
  return [`${namespace}/`, ...Object.entries(labels).map(([key, value]) => `${namespace}/${key}=${value}`)];
}

fileByOrphanLabel.reads = ['ownerReferences', 'labels'] as const;

/** Index `selectorLabel`: an owner under the first pair of its selector, under its bare namespace where it has no pair. */
export function fileBySelectorLabel(owner: Deployment | ReplicaSet): readonly string[] {
  return [selectorLabelOf(owner.metadata.namespace ?? '', owner.spec.selector)];
}

interface SelectorLabel {
  readonly namespace: string;
  readonly label: string;
}

/** Asked at every reconcile of the owner, whose selector stays as it is. */
const selectorLabels = new WeakMap<LabelSelector, SelectorLabel>();

fileBySelectorLabel.reads = ['selector'] as const;

function selectorLabelOf(namespace: string, selector: LabelSelector): string {
  let found = selectorLabels.get(selector);
  if (found === undefined || found.namespace !== namespace) {
    const { matchLabels = {} } = selector;
    const [first] = Object.keys(matchLabels).sort();
    const label = first === undefined ? `${namespace}/` : `${namespace}/${first}=${matchLabels[first]}`;
    found = { namespace, label };
    selectorLabels.set(selector, found);
  }
  return found.label;
}

/** The keys of those owners of a kind whose selector matches an orphan, by their index `selectorLabel`. */
export function ownersWanting(kind: 'Deployment' | 'ReplicaSet', orphan: KubernetesObject, view: View): readonly Key[] {
  const keys: Key[] = [];
  for (const label of fileByOrphanLabel(orphan)) {
    for (const owner of view.byIndex(kind, 'selectorLabel', label)) {
      if (matchesSelector(owner.spec.selector, orphan.metadata.labels)) keys.push(keyOf(owner));
    }
  }
  return keys;
}

export interface Claim<T> {
  /** those that the owner controls, adopted ones among them, in no particular order */
  readonly owned: readonly T[];
  /** the adoptions and releases to write */
  readonly intents: readonly Intent[];
}

/** What an owner reads from: the objects under its uid, and the orphans under a label. */
export interface Claimable<T> {
  readonly ownedBy: (uid: string) => Iterable<T>;
  readonly orphans: (label: string) => Iterable<T>;
  readonly adoptable: (object: T) => boolean;
}

/** Keeps what matches the owner's selector, releases what no longer does, adopts orphans that do. */
export function claim<T extends KubernetesObject>(owner: Deployment | ReplicaSet, from: Claimable<T>): Claim<T> {
  const { uid, namespace = '', deletionTimestamp } = owner.metadata;
  const { selector } = owner.spec;
  const owned: T[] = [];
  const intents: Intent[] = [];
  for (const object of from.ownedBy(uid)) {
    if (controllerOf(object)?.uid !== uid) continue;
    if (matchesSelector(selector, object.metadata.labels)) owned.push(object);
    else if (deletionTimestamp === undefined) intents.push(release(object, uid));
  }
  if (deletionTimestamp === undefined) {
    for (const orphan of from.orphans(selectorLabelOf(namespace, selector))) {
      if (orphan.metadata.deletionTimestamp !== undefined || !from.adoptable(orphan)) continue;
      if (!matchesSelector(selector, orphan.metadata.labels)) continue;
      owned.push(orphan);
      intents.push(adopt(orphan, owner));
    }
  }
  // Indexes give no order, and what is written must not depend on one.
  if (intents.length > 1) intents.sort((a, b) => (targetKey(a) < targetKey(b) ? -1 : 1));
  return { owned, intents };
}

export function byName(a: KubernetesObject, b: KubernetesObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** The reference that makes `owner` the controller of what carries it. */
export function controllerReference(owner: Deployment | ReplicaSet): OwnerReference {
  const { name, uid } = owner.metadata;
  const { apiVersion } = KIND_INFO[owner.kind];
  return { apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Writes an object's owner references anew, if it is still the same object. */
export function patchOwners(object: KubernetesObject, owners: readonly OwnerReference[]): Intent {
  const ownerReferences = owners.length === 0 ? null : owners;
  const { kind } = object;
  const precondition = { uid: object.metadata.uid };
  return { do: 'patch', kind, key: keyOf(object), patch: { metadata: { ownerReferences } }, precondition };
}

function adopt(orphan: KubernetesObject, owner: Deployment | ReplicaSet): Intent {
  return patchOwners(orphan, [...(orphan.metadata.ownerReferences ?? []), controllerReference(owner)]);
}

function release(object: KubernetesObject, ownerUid: string): Intent {
  return patchOwners(object, object.metadata.ownerReferences?.filter(({ uid }) => uid !== ownerUid) ?? []);
}

function targetKey(intent: Intent): string {
  return intent.do === 'patch' ? intent.key : '';
}
