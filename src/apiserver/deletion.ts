/**
 * What a DELETE makes of an object: gone at once, marked and left to its finalizers or its grace period, or left as it is.
 * Source: k8s.io/apiserver/pkg/registry/rest/delete.go `BeforeDelete` and pkg/registry/generic/registry/store.go.
 */
import {
  KIND_INFO,
  type KubernetesObject,
  type Moment,
  momentOf,
  type Pod,
  timestampOf,
  withFields,
} from '../model/index.ts';
import type { DeleteOptions } from './contract.ts';
import { deepEqual } from './sharing.ts';
import { deleteConflict, type Refused } from './status.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
const MS = 1000;

export type DeletionPlan =
  /** already on its way: nothing changes */
  | { readonly do: 'nothing' }
  /** marked, and stays until its finalizers are gone or its grace has passed */
  | { readonly do: 'mark'; readonly object: KubernetesObject }
  /** marked, so that watchers see it going, and removed */
  | { readonly do: 'mark-and-remove'; readonly object: KubernetesObject }
  | { readonly do: 'remove' };

export function checkPreconditions(object: KubernetesObject, options: DeleteOptions): Refused | undefined {
  const { uid, resourceVersion, name } = object.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid})`;
    return deleteConflict(object.kind, name, `${why}. The object might have been deleted and then recreated`);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const versions = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match`;
    const why = `${versions} the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    return deleteConflict(object.kind, name, why);
  }
  return undefined;
}

export function planDeletion(object: KubernetesObject, options: DeleteOptions, at: Moment): DeletionPlan {
  const finalizers = finalizersFor(object, options);
  return object.kind === 'Pod' ? planPod(object, options, finalizers, at) : planOther(object, finalizers, at);
}

function planOther(object: KubernetesObject, finalizers: readonly string[], at: Moment): DeletionPlan {
  if (finalizers.length === 0) return { do: 'remove' };
  const marked = withFinalizers(object, finalizers);
  if (object.metadata.deletionTimestamp !== undefined)
    return marked === object ? { do: 'nothing' } : { do: 'mark', object: marked };
  return { do: 'mark', object: withDeletion(marked, at, 0, nextGeneration(object)) };
}

function planPod(pod: Pod, options: DeleteOptions, finalizers: readonly string[], at: Moment): DeletionPlan {
  const { deletionTimestamp, deletionGracePeriodSeconds: pending } = pod.metadata;
  if (deletionTimestamp === undefined) {
    const grace = graceOf(pod, options);
    const object = withDeletion(withFinalizers(pod, finalizers), at + grace * MS, grace, nextGeneration(pod));
    return finish(object, finalizers, grace);
  }
  if (pending === undefined) return { do: 'remove' };
  const asked = options.gracePeriodSeconds === undefined ? pending : positive(options.gracePeriodSeconds);
  if (asked >= pending) return { do: 'nothing' };
  const sooner = momentOf(deletionTimestamp) - (pending - asked) * MS;
  return finish(withDeletion(pod, sooner, asked, pod.metadata.generation), finalizers, asked);
}

function finish(object: KubernetesObject, finalizers: readonly string[], grace: number): DeletionPlan {
  return { do: finalizers.length > 0 || grace > 0 ? 'mark' : 'mark-and-remove', object };
}

/** Pods that no kubelet runs, and those that ended, need no grace (pkg/registry/core/pod/strategy.go). */
function graceOf(pod: Pod, options: DeleteOptions): number {
  const { phase } = pod.status;
  if (pod.spec.nodeName === undefined || phase === 'Failed' || phase === 'Succeeded') return 0;
  return positive(options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds);
}

/** A negative period counts as one second. */
function positive(seconds: number): number {
  return seconds < 0 ? 1 : seconds;
}

function nextGeneration({ kind, metadata }: KubernetesObject): number | undefined {
  return KIND_INFO[kind].hasGeneration ? (metadata.generation ?? 0) + 1 : undefined;
}

/** The finalizers that the propagation policy adds or takes away; as they are where nothing is said. */
function finalizersFor({ metadata }: KubernetesObject, { propagationPolicy }: DeleteOptions): readonly string[] {
  const finalizers = metadata.finalizers ?? [];
  if (propagationPolicy === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  if (propagationPolicy === 'Background') return others;
  return [...others, propagationPolicy === 'Foreground' ? FOREGROUND : ORPHAN];
}

export function withFinalizers<T extends KubernetesObject>(object: T, finalizers: readonly string[]): T {
  if (deepEqual(finalizers, object.metadata.finalizers ?? [])) return object;
  const { finalizers: _, ...metadata } = object.metadata;
  return { ...object, metadata: finalizers.length === 0 ? metadata : withFields(metadata, { finalizers }) };
}

function withDeletion<T extends KubernetesObject>(object: T, at: Moment, grace: number, generation?: number): T {
  const metadata = {
    ...object.metadata,
    deletionTimestamp: timestampOf(at),
    deletionGracePeriodSeconds: grace,
    ...(generation === undefined ? {} : { generation }),
  };
  return { ...object, metadata };
}

/** Marks a namespace and turns it to Terminating; its contents go first (pkg/registry/core/namespace/storage). */
export function terminateNamespace<T extends KubernetesObject & { readonly kind: 'Namespace' }>(
  namespace: T,
  options: DeleteOptions,
  at: Moment,
): T {
  const kept = withFinalizers(namespace, finalizersFor(namespace, options));
  const metadata = { ...kept.metadata, deletionTimestamp: timestampOf(at) };
  return { ...kept, metadata, status: { ...kept.status, phase: 'Terminating' } };
}

/** Whether a write that leaves `object` so lets go of it for good. */
export function isReleased(object: KubernetesObject, before: KubernetesObject): boolean {
  if (before.metadata.deletionTimestamp === undefined || (object.metadata.finalizers?.length ?? 0) > 0) return false;
  if (object.kind === 'Namespace' && (object.spec.finalizers?.length ?? 0) > 0) return false;
  return (before.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
