/** POST pods/binding: a pod gets its node. Source: kubernetes pkg/registry/core/pod/storage/storage.go `setPodNodeAndMetadata`. */
import {
  type Condition,
  copyOf,
  deepFreeze,
  type KubernetesObject,
  keyOf,
  type Node,
  type Pod,
  timestampOf,
} from '../model/index.ts';
import type { RequestContext } from './contract.ts';
import { etcdKey } from './keys.ts';
import { labelTopology } from './pod/admission.ts';
import { rawSpec } from './pod/raw.ts';
import { type Refused, refused } from './status.ts';

export type Bound = { readonly ok: true; readonly pod: Pod } | Refused;

export function bindPod(
  pod: Pod,
  uid: string,
  nodeName: string,
  node: Node | undefined,
  context: RequestContext,
): Bound {
  const { name, deletionTimestamp } = pod.metadata;
  if (uid !== '' && uid !== pod.metadata.uid) return bindingConflict(name, uidMismatch(pod, uid));
  if (deletionTimestamp !== undefined)
    return bindingConflict(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName !== undefined)
    return bindingConflict(name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (rawSpec(pod.spec).schedulingGates !== undefined)
    return bindingConflict(name, `pod ${name} has non-empty .spec.schedulingGates`);
  const metadata = labelTopology(pod.metadata, node);
  const at = timestampOf(context.at);
  const { conditions: before = [] } = pod.status;
  const conditions = before.length === 0 ? onlyScheduled(at) : withScheduled(before, at);
  const { apiVersion, kind } = pod;
  const spec = boundSpec(pod.spec, nodeName);
  return { ok: true, pod: { apiVersion, kind, metadata, spec, status: boundStatus(pod.status, conditions) } };
}

/** Frozen here, as a copy that is frozen later is copied once more. */
function boundSpec(spec: Pod['spec'], nodeName: string): Pod['spec'] {
  const bound: { -readonly [F in keyof Pod['spec']]: Pod['spec'][F] } = copyOf(spec);
  bound.nodeName = nodeName;
  return Object.freeze(bound);
}

/** The storage layer's text for a uid that is not the record's (apiserver/pkg/storage/interfaces.go). */
export function uidMismatch(object: KubernetesObject, uid: string): string {
  const precondition = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`;
  const where = `Key: ${etcdKey(object.kind, keyOf(object))}, ResourceVersion: 0`;
  return `StorageError: invalid object, Code: 4, ${where}, AdditionalErrorMsg: ${precondition}`;
}

function bindingConflict(name: string, why: string): Refused {
  const message = `Operation cannot be fulfilled on pods/binding ${JSON.stringify(name)}: ${why}`;
  return refused({ code: 409, reason: 'Conflict', message, details: { name, kind: 'pods/binding' } });
}

// Thousands of new pods are bound within a second: they share what is said of them.
let lastOnlyScheduled: readonly Condition[] = [];
let lastBound: { readonly before: Pod['status']; readonly status: Pod['status'] } | undefined;

function boundStatus(before: Pod['status'], conditions: readonly Condition[]): Pod['status'] {
  if (lastBound === undefined || lastBound.before !== before || lastBound.status.conditions !== conditions)
    lastBound = { before, status: deepFreeze({ ...before, conditions }) };
  return lastBound.status;
}

function onlyScheduled(at: string): readonly Condition[] {
  if (lastOnlyScheduled[0]?.lastTransitionTime !== at) lastOnlyScheduled = deepFreeze([scheduledSince(at)]);
  return lastOnlyScheduled;
}

function scheduledSince(lastTransitionTime: string): Condition {
  return { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime };
}

/** Source: kubernetes pkg/api/v1/pod/util.go `UpdatePodCondition`. */
function withScheduled(conditions: readonly Condition[], lastTransitionTime: string): readonly Condition[] {
  const scheduled = scheduledSince(lastTransitionTime);
  const i = conditions.findIndex(({ type }) => type === 'PodScheduled');
  if (i < 0) return [...conditions, scheduled];
  const before = conditions[i]!;
  const kept = before.status === 'True' ? { lastTransitionTime: before.lastTransitionTime ?? null } : {};
  return conditions.with(i, { ...scheduled, ...kept });
}
