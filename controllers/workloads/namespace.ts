/**
 * Empties a namespace that is being deleted, then lets go of it.
 * Source: kubernetes pkg/controller/namespace/deletion (namespaced_resources_deleter.go, status_condition_utils.go).
 */
import {
  type Condition,
  findCondition,
  isEqual,
  KIND_INFO,
  type KubernetesObject,
  keyOf,
  type Moment,
  type Namespace,
  timestampOf,
} from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';

const FINALIZER = 'kubernetes';

const CONTENT_KINDS = ['ConfigMap', 'Deployment', 'EndpointSlice', 'Event', 'Pod', 'ReplicaSet', 'Service'] as const;

const NO_NAMES: readonly string[] = [];

export const namespace: Controller = {
  name: 'namespace-controller',
  program: 'kube-controller-manager',
  watches: {
    Namespace: ({ metadata }) => (metadata.deletionTimestamp === undefined ? [] : [metadata.name]),
    ConfigMap: dyingNamespace,
    Deployment: dyingNamespace,
    EndpointSlice: dyingNamespace,
    Event: dyingNamespace,
    Pod: dyingNamespace,
    ReplicaSet: dyingNamespace,
    Service: dyingNamespace,
  },
  indexes: {
    ConfigMap: { namespace: fileByNamespace },
    Deployment: { namespace: fileByNamespace },
    EndpointSlice: { namespace: fileByNamespace },
    Event: { namespace: fileByNamespace },
    Pod: { namespace: fileByNamespace },
    ReplicaSet: { namespace: fileByNamespace },
    Service: { namespace: fileByNamespace },
  },
  reconcile(view, key, at) {
    const object = view.get('Namespace', key);
    if (object?.metadata.deletionTimestamp === undefined) return [];
    const contents = contentsOf(view, key);
    const deletions = contents.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(deletionOf);
    if (deletions.length > 0) return deletions;
    return contents.length > 0 ? writeConditions(object, contents, at) : finalize(object);
  },
};

/** What was filed last: the index keeps the list, and objects of one namespace come in rows. */
let lastFiled: readonly string[] = [''];

/** Index `namespace`: an object under the namespace it lives in. */
function fileByNamespace({ metadata: { namespace: name = '' } }: KubernetesObject): readonly string[] {
  if (lastFiled[0] !== name) lastFiled = [name];
  return lastFiled;
}

fileByNamespace.reads = [] as const;

function dyingNamespace({ metadata }: KubernetesObject, view: View): readonly string[] {
  const name = metadata.namespace ?? '';
  return view.get('Namespace', name)?.metadata.deletionTimestamp === undefined ? NO_NAMES : [name];
}

function contentsOf(view: View, name: string): readonly KubernetesObject[] {
  return CONTENT_KINDS.flatMap((kind): KubernetesObject[] =>
    [...view.byIndex(kind, 'namespace', name)].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  );
}

function deletionOf(object: KubernetesObject): Intent {
  return { do: 'delete', kind: object.kind, key: keyOf(object), precondition: { uid: object.metadata.uid } };
}

function finalize({ metadata, spec }: Namespace): readonly Intent[] {
  const left = spec.finalizers?.filter((finalizer) => finalizer !== FINALIZER) ?? [];
  if (left.length === (spec.finalizers ?? []).length) return [];
  const patch = { spec: { finalizers: left } };
  const precondition = { uid: metadata.uid };
  return [{ do: 'patch', kind: 'Namespace', key: metadata.name, patch, finalize: true, precondition }];
}

function writeConditions(object: Namespace, contents: readonly KubernetesObject[], at: Moment): readonly Intent[] {
  const now = timestampOf(at);
  const before = object.status.conditions;
  const conditions = conditionsOf(contents).map((condition): Condition => {
    const current = findCondition(before, condition.type);
    const unchanged = current?.status === condition.status && current.message === condition.message;
    return { ...condition, lastTransitionTime: (unchanged ? current.lastTransitionTime : undefined) ?? now };
  });
  if (isEqual(conditions, before ?? [])) return [];
  return [{ do: 'update-status', object: { ...object, status: { ...object.status, conditions } } }];
}

/** What is left when everything has been told to go: pods in their grace period, objects with finalizers. */
function conditionsOf(contents: readonly KubernetesObject[]): readonly Condition[] {
  const kinds = tally(contents.map(({ kind }) => `${KIND_INFO[kind].plural}.${KIND_INFO[kind].group}`));
  const finalizers = tally(contents.flatMap(({ metadata }) => metadata.finalizers ?? []));
  const remaining = kinds.map(([resource, count]) => `${resource} has ${count} resource instances`).join(', ');
  const held = finalizers.map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).join(', ');
  return [
    told('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'),
    told(
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    told(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    told('NamespaceContentRemaining', 'True', 'SomeResourcesRemain', `Some resources are remaining: ${remaining}`),
    held === ''
      ? told(
          'NamespaceFinalizersRemaining',
          'False',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : told(
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held}`,
        ),
  ];
}

function told(type: string, status: Condition['status'], reason: string, message: string): Condition {
  return { type, status, reason, message };
}

function tally(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
