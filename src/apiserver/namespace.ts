/** Namespaces. Source: kubernetes pkg/registry/core/namespace/strategy.go. */
import { withFields } from '../model/index.ts';
import { labelName } from './names.ts';
import type { Strategy } from './strategy.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZER = 'kubernetes';

/** Namespaces that cannot be deleted (plugin/pkg/admission/namespace/lifecycle). */
export const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

export const NAMESPACE_STRATEGY: Strategy<'Namespace'> = {
  nameRule: labelName,
  applyDefaults(namespace) {
    const { metadata } = namespace;
    const name = metadata.name ?? '';
    if (name === '' || metadata.labels?.[NAME_LABEL] === name) return namespace;
    return { ...namespace, metadata: withFields(metadata, { labels: { ...metadata.labels, [NAME_LABEL]: name } }) };
  },
  prepareForCreate(namespace) {
    const finalizers = namespace.spec.finalizers ?? [];
    const complete = finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER];
    return { ...namespace, spec: { finalizers: complete }, status: { phase: 'Active' } };
  },
  prepareForUpdate: (namespace, before) => ({ ...namespace, spec: before.spec, status: before.status }),
  prepareForStatusUpdate: (namespace, before) => ({ ...namespace, spec: before.spec }),
  validate() {},
  validateUpdate() {},
};
