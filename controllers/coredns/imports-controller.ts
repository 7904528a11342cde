/**
 * coredns-imports: ServiceImports and the slices of other clusters, but only where the Corefile has a multicluster zone:
 * otherwise CoreDNS does not even watch them.
 *
 * Source: CoreDNS plugin/kubernetes/controller.go (`svcImportLister`, `mcEpLister`), object/multicluster_endpoint.go.
 */
import type { DnsImportRecords } from '../../src/dataplane/index.ts';
import { type EndpointSlice, type Key, keyOf } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { saidByFiles } from './said-by-files.ts';
import { movedByImport } from './serials.ts';

const SERVICE_NAME_LABEL = 'multicluster.kubernetes.io/service-name';
const NO_KEYS: readonly Key[] = [];
const SLICES_OF_IMPORT = 'coredns-slices-of-import';

const wantsImports = saidByFiles((file) => file.some((text) => /^\s*multicluster\b/m.test(text)));

/** A slice belongs to the import that its label names. */
function importsOf({ metadata }: EndpointSlice): readonly Key[] {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? NO_KEYS : [`${metadata.namespace}/${name}`];
}

function recordsOf(view: View, key: Key): DnsImportRecords | undefined {
  const serviceImport = view.get('ServiceImport', key);
  const slices = [...view.byIndex('EndpointSlice', SLICES_OF_IMPORT, key)];
  if (serviceImport === undefined && slices.length === 0) return undefined;
  slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return { serviceImport, slices };
}

function sameObjects(a: DnsImportRecords | undefined, b: DnsImportRecords | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const sameSlices = a.slices.length === b.slices.length && a.slices.every((slice, i) => slice === b.slices[i]);
  return a.serviceImport === b.serviceImport && sameSlices;
}

export const corednsImports: Controller = {
  name: 'coredns-imports',
  program: 'coredns',
  watches: { ServiceImport: (serviceImport) => [keyOf(serviceImport)], EndpointSlice: importsOf },
  needs: { ServiceImport: wantsImports },
  indexes: { EndpointSlice: { [SLICES_OF_IMPORT]: importsOf } },
  leftovers: ({ dataplane }) => dataplane.dnsImport.keys(),
  reconcile(view, key, at) {
    const after = wantsImports(view.dataplane) ? recordsOf(view, key) : undefined;
    const before = view.dataplane.dnsImport.get(key);
    if (sameObjects(before, after)) return [];
    const write: Intent = { do: 'program', piece: 'dnsImport', key, value: after };
    if (!movedByImport(before, after)) return [write];
    return [{ do: 'program', piece: 'dnsModified', key: 'multicluster', value: at }, write];
  },
};
