/**
 * What CoreDNS's kubernetes plugin knows of Services in other clusters, for its multicluster zones: ServiceImports and the
 * slices that name the cluster they come from.
 *
 * Source: KEP-1645 (Multi-Cluster Services API); CoreDNS plugin/kubernetes/object/{serviceimport,multicluster_endpoint}.go.
 */
import { type EndpointSlice, type Key, type Labels, type ServiceImport, splitKey } from '../model/index.ts';
import { type DnsServiceNames, dnsHostOf, dnsPortsOf } from './dns-records.ts';

export interface DnsImportRecords {
  /** undefined where slices name one that does not exist */
  readonly serviceImport: ServiceImport | undefined;
  /** by name */
  readonly slices: readonly EndpointSlice[];
}

const NO_LABELS: Labels = {};

/** An import's names, as those of a Service: a slice tells its cluster by its labels. */
export function dnsImportOf(key: Key, { serviceImport }: DnsImportRecords): DnsServiceNames {
  const spec = serviceImport?.spec;
  // Unlike a Service's, ports that are left out match nothing.
  const hasPorts = spec?.ports !== undefined && spec.ports.length > 0;
  return {
    ...splitKey(key),
    key,
    exists: serviceImport !== undefined,
    labels: serviceImport?.metadata.labels ?? NO_LABELS,
    headless: spec?.type === 'Headless',
    external: undefined,
    clusterIPs: (spec?.ips ?? []).map(dnsHostOf),
    externalIPs: [],
    ports: hasPorts ? dnsPortsOf(spec.ports) : [],
  };
}
