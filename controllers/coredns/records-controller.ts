/**
 * coredns-records: what CoreDNS's informers bring becomes what its kubernetes plugin answers from, one Service at a time.
 *
 * Source: CoreDNS plugin/kubernetes/controller.go (informers, indexers, `detectChanges`).
 */
import type { DnsRecords } from '../../src/dataplane/index.ts';
import { type EndpointSlice, isEqual, type Key, keyOf, type Moment } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { COREFILE } from './config-controller.ts';
import { saidByFiles } from './said-by-files.ts';
import { type MovedSerials, movedSerials } from './serials.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** shared by every controller of the program: the slices of a Service */
const SLICES_OF_SERVICE = 'coredns-slices-of-service';

/** A slice belongs to the Service that its label names, whatever its own name is. */
function servicesOf({ metadata }: EndpointSlice): readonly Key[] {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}

function recordsOf(view: View, key: Key): DnsRecords | undefined {
  const service = view.get('Service', key);
  const slices = [...view.byIndex('EndpointSlice', SLICES_OF_SERVICE, key)];
  if (service === undefined && slices.length === 0) return undefined;
  if (slices.length > 1) slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return { service, slices };
}

function sameObjects(a: DnsRecords | undefined, b: DnsRecords | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.service === b.service &&
    a.slices.length === b.slices.length &&
    a.slices.every((slice, i) => slice === b.slices[i])
  );
}

/** When a zone's records last changed, beside the change itself: the serial of its SOA. */
function modified(zone: keyof MovedSerials, at: Moment): Intent {
  return { do: 'program', piece: 'dnsModified', key: zone, value: at };
}

const isZonal = saidByFiles((file) => /^\s*zonal\s*$/m.test(file.get(COREFILE) ?? ''));

export const corednsRecords: Controller = {
  name: 'coredns-records',
  program: 'coredns',
  watches: {
    Service: (service) => [keyOf(service)],
    EndpointSlice: servicesOf,
  },
  indexes: { EndpointSlice: { [SLICES_OF_SERVICE]: servicesOf } },
  leftovers: ({ dataplane }) => dataplane.dns.keys(),
  reconcile(view, key, at) {
    const after = recordsOf(view, key);
    const before = view.dataplane.dns.get(key);
    if (sameObjects(before, after)) return [];
    const moved = movedSerials(before, after, isZonal(view.dataplane));
    const intents: Intent[] = [{ do: 'program', piece: 'dns', key, value: after }];
    for (const zone of ['external', 'internal'] as const) if (moved[zone]) intents.unshift(modified(zone, at));
    return intents;
  },
};

const NO_LABELS = {};

/** coredns-namespaces: which namespaces exist, and their labels. A name in a namespace that does not exist is NXDOMAIN. */
export const corednsNamespaces: Controller = {
  name: 'coredns-namespaces',
  program: 'coredns',
  watches: { Namespace: (namespace) => [namespace.metadata.name] },
  leftovers: ({ dataplane }) => dataplane.dnsNamespace.keys(),
  reconcile(view, key) {
    const namespace = view.get('Namespace', key);
    const value = namespace === undefined ? undefined : (namespace.metadata.labels ?? NO_LABELS);
    const before = view.dataplane.dnsNamespace.get(key);
    if (isEqual(value, before)) return [];
    return [{ do: 'program', piece: 'dnsNamespace', key, value }];
  },
};
