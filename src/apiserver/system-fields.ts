/** What the apiserver alone writes into metadata. Source: k8s.io/apiserver/pkg/registry/rest/{meta,create,update}.go. */
import {
  copyOf,
  deepFreeze,
  freezeParts,
  KIND_INFO,
  type Kind,
  type KubernetesObject,
  type ObjectMeta,
  type Pod,
  randomSuffix,
  randomUid,
  timestampOf,
} from '../model/index.ts';
import type { RequestContext } from './contract.ts';

const SUFFIX_LENGTH = 5;
/** names of 63 characters fit any rule; the base is cut so that the suffix fits (apiserver/pkg/storage/names) */
const GENERATED_LENGTH_MAX = 63;
/** a generated name that is taken is drawn again, this often at most */
const NAME_TRIES_MAX = 8;

type Fields = { -readonly [K in keyof ObjectMeta]?: ObjectMeta[K] } & { managedFields?: unknown; selfLink?: unknown };

/**
 * Metadata of a new object: what the client may not set is left out, what is the server's is set. Written field by field,
 * in one order: copies with fields taken out are slow, and this is done for every pod.
 */
export function newMetadata(
  kind: Kind,
  sent: Partial<ObjectMeta>,
  context: RequestContext,
  isTaken: (name: string, namespace: string | undefined) => boolean,
): ObjectMeta {
  const { namespaced, hasGeneration } = KIND_INFO[kind];
  const metadata: Fields = {};
  const uid = randomUid(context.dice);
  const namespace = sent.namespace ?? (namespaced ? 'default' : undefined);
  const generates = sent.generateName !== undefined && sent.name === undefined;
  const name = generates
    ? generateName(sent.generateName!, context, (candidate) => isTaken(candidate, namespace))
    : sent.name;
  if (name !== undefined) metadata.name = name;
  if (sent.generateName !== undefined) metadata.generateName = sent.generateName;
  if (namespace !== undefined) metadata.namespace = namespace;
  metadata.uid = uid;
  if (hasGeneration) metadata.generation = 1;
  metadata.creationTimestamp = timestampOf(context.at);
  if (sent.labels !== undefined) metadata.labels = sent.labels;
  if (sent.annotations !== undefined) metadata.annotations = sent.annotations;
  if (sent.ownerReferences !== undefined) metadata.ownerReferences = sent.ownerReferences;
  if (sent.finalizers !== undefined) metadata.finalizers = sent.finalizers;
  return metadata as ObjectMeta;
}

function generateName(generated: string, { dice }: RequestContext, isTaken: (name: string) => boolean): string {
  const base = generated.slice(0, GENERATED_LENGTH_MAX - SUFFIX_LENGTH);
  for (let tries = 1; ; tries++) {
    const name = base + randomSuffix(dice, SUFFIX_LENGTH);
    if (tries >= NAME_TRIES_MAX || !isTaken(name)) return name;
  }
}

/** what is not the client's to say: left out, or taken from the object as it is */
const NOT_KEPT: ReadonlySet<string> = new Set(['managedFields', 'selfLink', 'generation']);

/** Metadata of a changed object: what the client left out of the server's fields stays as it was. */
export function keptMetadata(sent: ObjectMeta, before: ObjectMeta): ObjectMeta {
  if (sent === before) return sent;
  // Copied name by name: V8 keeps a record that something was deleted from as a dictionary.
  const metadata: Fields & Record<string, unknown> = {};
  for (const name in sent) if (!NOT_KEPT.has(name)) metadata[name] = sent[name as keyof ObjectMeta];
  metadata.uid ??= before.uid;
  metadata.creationTimestamp ??= before.creationTimestamp;
  metadata.resourceVersion = before.resourceVersion;
  if (before.generation !== undefined) metadata.generation = before.generation;
  if (before.deletionTimestamp !== undefined) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  return metadata as ObjectMeta;
}

/**
 * The object as it is stored, in place of `before`: frozen, with its revision. Metadata that is not frozen yet is this
 * request's own, and gets its revision where it is.
 */
export function atRevision<T extends KubernetesObject>(object: T, revision: number, before: T | undefined): T {
  const isOwn = !Object.isFrozen(object.metadata);
  const metadata: Fields = isOwn ? object.metadata : copyOf(object.metadata);
  if (isOwn) freezeParts(object.metadata, before?.metadata);
  metadata.resourceVersion = String(revision);
  Object.freeze(metadata);
  if (object.kind === 'Pod') return storedPod(object, metadata as Pod['metadata'], before as Pod | undefined) as T;
  const stored = {} as T;
  for (const name in object) {
    const part = object[name];
    if (name === 'metadata') stored[name] = metadata as typeof part;
    else stored[name] = deepFreeze(part, before?.[name]);
  }
  return Object.freeze(stored);
}

/** Most of what is written are pods, and they always have these fields: they are not walked through. */
function storedPod({ apiVersion, kind, spec, status }: Pod, metadata: Pod['metadata'], before: Pod | undefined): Pod {
  return Object.freeze({
    apiVersion,
    kind,
    metadata,
    spec: deepFreeze(spec, before?.spec),
    status: deepFreeze(status, before?.status),
  });
}
