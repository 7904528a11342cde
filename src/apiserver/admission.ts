/**
 * What stands between a new object and its storage: the namespace must be there and alive, pods get what the default
 * plugins give them. Source: k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle.
 */
import { KIND_INFO, type KubernetesObject, type Namespace, type Node, type Pod } from '../model/index.ts';
import { admitPodSpec, labelTopology } from './pod/admission.ts';
import { forbidden, notFound, type Refused } from './status.ts';

/** Looks up what admission depends on. */
export interface Surroundings {
  namespace(name: string): Namespace | undefined;
  node(name: string): Node | undefined;
}

export type Admitted = { readonly ok: true; readonly object: KubernetesObject } | Refused;

/** `trusted`: the pod's spec has been through admission before. */
export function admit(object: KubernetesObject, surroundings: Surroundings, trusted: boolean): Admitted {
  const refusal = KIND_INFO[object.kind].namespaced ? checkNamespace(object, surroundings) : undefined;
  if (refusal !== undefined) return refusal;
  return object.kind === 'Pod' ? admitPod(object, surroundings, trusted) : { ok: true, object };
}

function checkNamespace({ kind, metadata }: KubernetesObject, surroundings: Surroundings): Refused | undefined {
  const name = metadata.namespace!;
  const namespace = surroundings.namespace(name);
  if (namespace === undefined) return notFound('Namespace', name);
  if (namespace.status.phase !== 'Terminating') return undefined;
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${name} is being terminated`,
    field: 'metadata.namespace',
  };
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  return forbidden(kind, metadata.name ?? '', why, { causes: [cause] });
}

function admitPod(pod: Pod, surroundings: Surroundings, trusted: boolean): Admitted {
  const admitted = trusted ? undefined : admitPodSpec(pod.metadata.name ?? '', pod.spec);
  if (admitted?.ok === false) return admitted;
  const spec = admitted?.spec ?? pod.spec;
  const node = spec.nodeName === undefined ? undefined : surroundings.node(spec.nodeName);
  const metadata = labelTopology(pod.metadata, node);
  const same = metadata === pod.metadata && spec === pod.spec;
  return { ok: true, object: same ? pod : { ...pod, metadata, spec } };
}
