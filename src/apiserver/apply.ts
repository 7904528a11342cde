/**
 * The manifest that `kubectl apply` remembers in an annotation, to tell at the next apply what was taken out of it.
 * Source: k8s.io/kubectl/pkg/util/apply.go.
 */
import { type Key, type KubernetesObject, keyOf, withFields, withSortedKeys } from '../model/index.ts';
import { isFields } from './patch/merge.ts';
import type { Draft } from './read.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

type Fields = Readonly<Record<string, unknown>>;

export interface Applied {
  /** the manifest with the annotation in it */
  readonly manifest: Draft;
  /** undefined where it has no name */
  readonly key: Key | undefined;
  /** the manifest that was applied to an object before, undefined where none was */
  lastOf(object: KubernetesObject): unknown;
}

export function withLastApplied(draft: Draft, namespaced: boolean): Applied {
  const sent = isFields(draft['metadata']) ? draft['metadata'] : {};
  const located: Fields = namespaced ? withFields(sent, { namespace: sent['namespace'] ?? 'default' }) : sent;
  const annotations = isFields(located['annotations']) ? withoutLast(located['annotations']) : {};
  const plain = { ...draft, metadata: withFields(located, { annotations }) };
  // As Go prints a map.
  const text = `${JSON.stringify(withSortedKeys(plain))}\n`;
  const metadata = withFields(located, { annotations: { ...annotations, [LAST_APPLIED]: text } });
  const manifest: Draft = { ...draft, metadata };
  const { name, namespace } = located as { name?: string; namespace?: string };
  const key =
    typeof name === 'string'
      ? keyOf({ metadata: namespace === undefined ? { name } : { name, namespace } })
      : undefined;
  return { manifest, key, lastOf };
}

function withoutLast({ [LAST_APPLIED]: _, ...annotations }: Fields): Fields {
  return annotations;
}

function lastOf(object: KubernetesObject): unknown {
  const text = object.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  const last = JSON.parse(text) as Fields;
  const metadata = isFields(last['metadata']) ? last['metadata'] : {};
  const annotations = isFields(metadata['annotations']) ? metadata['annotations'] : {};
  return { ...last, metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}
