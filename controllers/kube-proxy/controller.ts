/**
 * kube-proxy's controller: turns a Service and its slices into the record that every node's rules are made from.
 *
 * Real kube-proxies each do this for themselves and come to the same result; here it is done once. What differs from node
 * to node (local endpoints, hints, the node's own addresses) is decided where rules are written.
 */

import type { EndpointSlice, Key, Labels, Service } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { keepUnchanged } from './same-record.ts';
import { serviceRecordOf } from './service-record.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Objects with one of these labels are not in kube-proxy's informers at all (cmd/kube-proxy/app/server.go). */
const SKIPPED_LABELS = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];
const NO_INTENTS: readonly Intent[] = [];
const BY_SERVICE = 'kube-proxy/service';

function isWatched(labels: Labels | undefined): boolean {
  return labels === undefined || !SKIPPED_LABELS.some((label) => label in labels);
}

/** The key of the Service that a slice belongs to, in a list; none where it has no such label or is of no use to kube-proxy. */
function servicesOf(slice: EndpointSlice): readonly Key[] {
  const { labels, namespace } = slice.metadata;
  const name = labels?.[SERVICE_NAME_LABEL] ?? '';
  if (name === '' || !isWatched(labels) || slice.addressType === 'FQDN') return [];
  return [`${namespace}/${name}`];
}

function recordOf(view: View, key: Key) {
  const service: Service | undefined = view.get('Service', key);
  if (service === undefined || !isWatched(service.metadata.labels)) return undefined;
  return serviceRecordOf(service, [...view.byIndex('EndpointSlice', BY_SERVICE, key)]);
}

export const kubeProxyController: Controller = {
  name: 'kube-proxy',
  program: 'kube-proxy',
  watches: {
    Service: (service) => [`${service.metadata.namespace}/${service.metadata.name}`],
    EndpointSlice: servicesOf,
  },
  indexes: { EndpointSlice: { [BY_SERVICE]: servicesOf } },
  // A kube-proxy that starts writes everything anew, and so drops the chains of Services that went while it was down.
  leftovers: ({ dataplane }) => Array.from(dataplane.service.records(), ({ key }) => key),
  reconcile(view, key) {
    const before = view.dataplane.service.get(key);
    const found = recordOf(view, key);
    const value = found === undefined ? undefined : keepUnchanged(before, found);
    return value === before ? NO_INTENTS : [{ do: 'program', piece: 'service', key, value }];
  },
};
