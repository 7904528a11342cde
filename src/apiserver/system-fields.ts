/** What the apiserver alone writes into metadata. Source: k8s.io/apiserver/pkg/registry/rest/{meta,create,update}.go. */
import {
  KIND_INFO,
  type Kind,
  type KubernetesObject,
  type ObjectMeta,
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

/** Metadata of a new object: what the client may not set is dropped, what is the server's is set. */
export function newMetadata(
  kind: Kind,
  sent: ObjectMeta,
  context: RequestContext,
  isTaken: (metadata: ObjectMeta) => boolean,
): ObjectMeta {
  const metadata: Fields = { ...sent };
  for (const name of ['managedFields', 'selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const)
    if (name in metadata) delete metadata[name];
  if (KIND_INFO[kind].namespaced) metadata.namespace ??= 'default';
  metadata.uid = randomUid(context.dice);
  metadata.creationTimestamp = timestampOf(context.at);
  if (KIND_INFO[kind].hasGeneration) metadata.generation = 1;
  const named = metadata as ObjectMeta;
  return sent.generateName !== undefined && sent.name === undefined ? generateName(named, context, isTaken) : named;
}

function generateName(
  metadata: ObjectMeta,
  { dice }: RequestContext,
  isTaken: (metadata: ObjectMeta) => boolean,
): ObjectMeta {
  const base = metadata.generateName!.slice(0, GENERATED_LENGTH_MAX - SUFFIX_LENGTH);
  for (let tries = 1; ; tries++) {
    const named = { ...metadata, name: base + randomSuffix(dice, SUFFIX_LENGTH) };
    if (tries >= NAME_TRIES_MAX || !isTaken(named)) return named;
  }
}

/** Metadata of a changed object: what the client left out of the server's fields stays as it was. */
export function keptMetadata(sent: ObjectMeta, before: ObjectMeta): ObjectMeta {
  if (sent === before) return sent;
  const metadata: Fields = { ...sent };
  delete metadata.managedFields;
  delete metadata.selfLink;
  metadata.uid ??= before.uid;
  metadata.creationTimestamp ??= before.creationTimestamp;
  metadata.resourceVersion = before.resourceVersion;
  delete metadata.generation;
  if (before.generation !== undefined) metadata.generation = before.generation;
  if (before.deletionTimestamp !== undefined) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  return metadata as ObjectMeta;
}

/** The object as it is stored: with its revision. Copies only what is frozen; what is not is this request's own. */
export function atRevision<T extends KubernetesObject>(object: T, revision: number): T {
  const metadata = (Object.isFrozen(object.metadata) ? { ...object.metadata } : object.metadata) as Fields;
  metadata.resourceVersion = String(revision);
  return metadata === object.metadata ? object : { ...object, metadata: metadata as ObjectMeta };
}
