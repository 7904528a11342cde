/**
 * coredns-pods: the addresses of pods, but only where the loaded Corefile says `pods verified`; otherwise CoreDNS does not
 * even watch them (plugin/kubernetes/kubernetes.go, `initPodCache`).
 */
import type { DnsPod } from '../../src/dataplane/index.ts';
import { type ConfigMap, type Key, keyOf, type Pod } from '../../src/model/index.ts';
import type { Controller, View } from '../../src/reconcile/index.ts';
import { COREFILE } from './config-controller.ts';

const VERIFIED = /\bpods\s+verified\b/;
const CONFIGS: readonly Key[] = ['kube-system/coredns', 'kube-system/coredns-custom'];

function watchesPods(view: View): boolean {
  return VERIFIED.test(view.dataplane.file.get(COREFILE) ?? '');
}

/** Terminating and finished pods have no name (plugin/kubernetes/object/pod.go). */
export function dnsPodOf({ metadata, status }: Pod): DnsPod | undefined {
  if (metadata.deletionTimestamp !== undefined || status.podIP === undefined) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  return { namespace: metadata.namespace ?? '', addresses: [status.podIP], labels: metadata.labels ?? {} };
}

/** A Corefile that wants pods starts their informer: every pod is read once. It may not be loaded yet, so its text decides. */
function everyPod(map: ConfigMap, view: View): readonly Key[] {
  const wanted = CONFIGS.includes(keyOf(map)) && Object.values(map.data ?? {}).some((text) => VERIFIED.test(text));
  return wanted ? [...view.list('Pod')].map(keyOf) : [];
}

export const corednsPods: Controller = {
  name: 'coredns-pods',
  program: 'coredns',
  watches: {
    Pod: (pod, view) => (watchesPods(view) ? [keyOf(pod)] : []),
    ConfigMap: everyPod,
  },
  leftovers: ({ dataplane }) => dataplane.dnsPod.keys(),
  reconcile(view, key, at) {
    const pod = view.get('Pod', key);
    const value = pod === undefined ? undefined : dnsPodOf(pod);
    const before = view.dataplane.dnsPod.get(key);
    if (value === before || JSON.stringify(value) === JSON.stringify(before)) return [];
    return [
      { do: 'program', piece: 'dnsModified', key: 'internal', value: at },
      { do: 'program', piece: 'dnsPod', key, value },
    ];
  },
};
