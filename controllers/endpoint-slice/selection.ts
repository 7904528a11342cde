/**
 * Who selects whom, by indexes: a Service's pods without walking the namespace's pods, a pod's Services without walking
 * the namespace's Services.
 *
 * A pod is filed under each of its label pairs, but those of its topology; a Service under one pair of its selector. A
 * Service that selects a pod has all of its pairs among the pod's, so looking up each of the pod's pairs finds it.
 */
import { type Key, keyOf, type Labels, matchesLabels, type Pod, type Service } from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';

const NO_PAIRS: readonly string[] = [];

/** What pods get from their nodes: a zone's pods are thousands, and hardly a Service selects by nothing else. */
const TOPOLOGY_PREFIX = 'topology.kubernetes.io/';

interface Filed {
  readonly namespace: string;
  /** of all labels */
  readonly pairs: readonly string[];
  /** the same without topology */
  readonly own: readonly string[];
}

/** Pods of one template share their frozen labels, and a status change keeps them: their pairs are spelled out once. */
const filedByLabels = new WeakMap<Labels, Filed>();

function pairText(namespace: string, label: string, value: string): string {
  return `${namespace}/${label}=${value}`;
}

function pairsOf(labels: Labels, namespace: string): Filed {
  const known = filedByLabels.get(labels);
  if (known !== undefined && known.namespace === namespace) return known;
  const pairs: string[] = [];
  const own: string[] = [];
  for (const label in labels) {
    const pair = pairText(namespace, label, labels[label]!);
    pairs.push(pair);
    if (!label.startsWith(TOPOLOGY_PREFIX)) own.push(pair);
  }
  const filed = { namespace, pairs, own };
  filedByLabels.set(labels, filed);
  return filed;
}

/** The values that a pod is filed under: `namespace/label=value` for each of its labels that it has not from its node. */
export function labelPairsOf(pod: Pod): readonly string[] {
  const { namespace = '', labels } = pod.metadata;
  return labels === undefined ? NO_PAIRS : pairsOf(labels, namespace).own;
}

labelPairsOf.reads = ['labels'] as const;

/** The value that a Service is filed under: its selector's first pair in sorted order. Undefined without a selector. */
export function selectorPairOf(service: Service): string | undefined {
  const { selector } = service.spec;
  if (selector === undefined) return undefined;
  let first: string | undefined;
  for (const label in selector) if (first === undefined || label < first) first = label;
  return first === undefined ? undefined : pairText(service.metadata.namespace ?? '', first, selector[first] ?? '');
}

/** The keys of the Services whose selector matches the pod, sorted. */
export function servicesSelecting(view: View, pod: Pod): readonly Key[] {
  const keys: Key[] = [];
  const { namespace = '', labels } = pod.metadata;
  const pairs = labels === undefined ? NO_PAIRS : pairsOf(labels, namespace).pairs;
  for (let i = 0; i < pairs.length; i++) {
    // Most pairs are nobody's.
    if (!view.hasIndexed('Service', 'selector-pair', pairs[i]!)) continue;
    for (const service of view.byIndex('Service', 'selector-pair', pairs[i]!)) {
      if (matchesLabels(service.spec.selector ?? {}, labels)) keys.push(keyOf(service));
    }
  }
  return keys.length > 1 ? keys.sort() : keys;
}

/**
 * The pods that a Service selects, in no particular order. Walks the index entries of the selector's pairs side by side
 * and stops with the shortest: `app=web, tier=1` costs what the fewer of the two have, times the number of pairs. Whoever
 * selects by topology alone wants a good part of all pods, and walks them.
 */
export function podsSelectedBy(view: View, service: Service): readonly Pod[] {
  const { selector } = service.spec;
  if (selector === undefined) return [];
  const { namespace = '' } = service.metadata;
  const pairs = pairsOf(selector, namespace).own;
  if (pairs.length === 0) return Array.from(view.list('Pod')).filter((pod) => isSelected(pod, service));
  if (pairs.length === 1) {
    const pods = [...view.byIndex('Pod', 'label-pair', pairs[0]!)];
    return Object.keys(selector).length === 1 ? pods : pods.filter((pod) => isSelected(pod, service));
  }
  const entries = pairs.map((pair) => view.byIndex('Pod', 'label-pair', pair));
  const walks = entries.map((pods) => ({ pods: [] as Pod[], rest: pods[Symbol.iterator]() }));
  while (walks.length > 0) {
    for (const { pods, rest } of walks) {
      const next = rest.next();
      if (next.done === true) return pods.filter((pod) => isSelected(pod, service));
      pods.push(next.value);
    }
  }
  return [];
}

function isSelected({ metadata }: Pod, service: Service): boolean {
  return (
    metadata.namespace === service.metadata.namespace && matchesLabels(service.spec.selector ?? {}, metadata.labels)
  );
}
