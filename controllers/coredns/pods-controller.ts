/**
 * coredns-pods: the addresses of pods, but only where the Corefile says `pods verified`; otherwise CoreDNS does not
 * even watch them (plugin/kubernetes/kubernetes.go, `initPodCache`).
 */
import type { DnsPod } from '../../src/dataplane/index.ts';
import { keyOf, type Pod } from '../../src/model/index.ts';
import type { Controller, Intent } from '../../src/reconcile/index.ts';
import { saidByFiles } from './said-by-files.ts';
import { movedByPod } from './serials.ts';

const wantsPods = saidByFiles((file) => file.some((text) => /\bpods\s+verified\b/.test(text)));

/** Terminating and finished pods have no name (plugin/kubernetes/object/pod.go). */
export function dnsPodOf({ metadata, status }: Pod): DnsPod | undefined {
  if (metadata.deletionTimestamp !== undefined || status.podIP === undefined) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    addresses: [status.podIP],
    labels: metadata.labels ?? {},
  };
}

export const corednsPods: Controller = {
  name: 'coredns-pods',
  program: 'coredns',
  watches: { Pod: (pod) => [keyOf(pod)] },
  needs: { Pod: wantsPods },
  leftovers: ({ dataplane }) => dataplane.dnsPod.keys(),
  reconcile(view, key, at) {
    const pod = view.get('Pod', key);
    const value = pod === undefined ? undefined : dnsPodOf(pod);
    const before = view.dataplane.dnsPod.get(key);
    if (value === before || JSON.stringify(value) === JSON.stringify(before)) return [];
    const write: Intent = { do: 'program', piece: 'dnsPod', key, value };
    if (!movedByPod(before, value)) return [write];
    return [{ do: 'program', piece: 'dnsModified', key: 'internal', value: at }, write];
  },
};
