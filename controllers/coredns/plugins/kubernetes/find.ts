/**
 * Which addresses or names a name leads to. The result tells "no such name" (undefined) from "nothing of that kind" (empty).
 *
 * Source: CoreDNS plugin/kubernetes/kubernetes.go, `Records`, `findServices`, `findPods`.
 */
import {
  type DnsEndpoint,
  type DnsHost,
  type DnsPort,
  type DnsService,
  dnsHostOf,
} from '../../../../src/dataplane/index.ts';
import { matchesSelector } from '../../../../src/model/index.ts';
import type { DnsFacts } from '../../plugin.ts';
import { inZone, isReverse } from '../../zones.ts';
import { type NameParts, parseName } from './name.ts';
import type { KubernetesOptions } from './options.ts';

export interface Hit {
  readonly host: DnsHost;
  /** -1 where no port is declared; 0 where ports have no meaning */
  readonly port: number;
  /** the name of the record that this is, without the zone: what an SRV record's target is made of */
  readonly owner: string;
}

export type Found = readonly Hit[] | undefined;

const NO_HITS: readonly Hit[] = [];

export function namespaceExposed(namespace: string, options: KubernetesOptions, facts: DnsFacts): boolean {
  if (options.namespaces.size > 0 && !options.namespaces.has(namespace)) return false;
  const labels = facts.dnsNamespace.get(namespace);
  if (labels === undefined) return false;
  return options.namespaceLabels === undefined || matchesSelector(options.namespaceLabels, labels);
}

export function isMulticluster(zone: string, options: KubernetesOptions): boolean {
  return options.multicluster.some((other) => inZone(zone.toLowerCase(), other));
}

export function portMatches(parts: Pick<NameParts, 'port' | 'protocol'>, port: DnsPort): boolean {
  if (parts.port !== '' && parts.port !== port.name) return false;
  return parts.protocol === '' || parts.protocol === port.protocol;
}

export function endpointLabel(endpoint: DnsEndpoint, options: KubernetesOptions): string {
  return options.endpointPodNames ? endpoint.podLabel : endpoint.label;
}

/** The Service's slices that the plugin has: none with `noendpoints`, and only those that `labels` selects. */
export function slicesOf(service: DnsService, options: KubernetesOptions): DnsService['slices'] {
  if (options.noEndpoints) return [];
  const { labels } = options;
  return labels === undefined
    ? service.slices
    : service.slices.filter((slice) => matchesSelector(labels, slice.labels));
}

/** `base` is the Service's own name in the zone; `zone` limits to a topology zone, empty for any. */
export function findEndpoints(
  service: DnsService,
  parts: Pick<NameParts, 'endpoint' | 'port' | 'protocol'>,
  options: KubernetesOptions,
  base: string,
  zone = '',
): Hit[] {
  const hits: Hit[] = [];
  for (const { endpoints, ports } of slicesOf(service, options)) {
    for (const endpoint of endpoints) {
      const label = endpointLabel(endpoint, options);
      if (zone !== '' && endpoint.zone !== zone) continue;
      if (parts.endpoint !== '' && parts.endpoint !== label.toLowerCase()) continue;
      for (const port of ports) {
        if (portMatches(parts, port)) hits.push({ host: endpoint.host, port: port.port, owner: `${label}.${base}` });
      }
    }
  }
  return hits;
}

function findHeadless(service: DnsService, parts: NameParts, options: KubernetesOptions): Found {
  const base = `${service.name}.${service.namespace}.svc`;
  let hits = findEndpoints(service, parts, options, base, parts.topologyZone);
  if (hits.length === 0 && parts.prefersZone) hits = findEndpoints(service, parts, options, base);
  // A name with a topology zone exists for every headless Service: an empty zone is no data, not a wrong name.
  return hits.length === 0 && parts.topologyZone === '' ? undefined : hits;
}

/** Where each of the matching ports leads, at every address; undefined where no port matches. */
export function findAddresses(
  hosts: readonly DnsHost[],
  ports: readonly DnsPort[],
  parts: Pick<NameParts, 'port' | 'protocol'>,
  owner: string,
): Found {
  const matching = ports.filter((port) => portMatches(parts, port));
  if (matching.length === 0) return undefined;
  return matching.flatMap(({ port }) => hosts.map((host) => ({ host, port, owner })));
}

function findClusterIPs({ clusterIPs, ports, name, namespace }: DnsService, parts: NameParts): Found {
  return findAddresses(clusterIPs, ports, parts, `${name}.${namespace}.svc`);
}

/** An ExternalName has neither endpoints nor ports, and one that looks like an address has no records at all. */
function findExternal(service: DnsService, external: DnsHost, parts: NameParts): Found {
  if (parts.endpoint !== '' || parts.port !== '' || parts.protocol !== '' || external.type !== 'CNAME')
    return undefined;
  return [{ host: external, port: 0, owner: `${service.name}.${service.namespace}.svc` }];
}

function findService(parts: NameParts, options: KubernetesOptions, facts: DnsFacts): Found {
  if (parts.service === '') return NO_HITS;
  const service = facts.dns.service(`${parts.namespace}/${parts.service}`);
  if (service?.exists !== true) return undefined;
  if (options.labels !== undefined && !matchesSelector(options.labels, service.labels)) return undefined;
  const { external, headless } = service;
  if (options.ignoreEmptyService && external === undefined && !headless) {
    if (slicesOf(service, options).every((slice) => slice.endpoints.length === 0)) return undefined;
  }
  if (parts.topologyZone !== '' && !headless) return undefined;
  if (external !== undefined) return findExternal(service, external, parts);
  if (headless || parts.endpoint !== '') return findHeadless(service, parts, options);
  return findClusterIPs(service, parts);
}

/** `10-244-1-10` as an address: dots where it can be IPv4, colons otherwise. */
function podAddress(label: string): string {
  const ipv4 = label.split('-').length === 4 && !label.includes('--');
  return label.replaceAll('-', ipv4 ? '.' : ':');
}

function findPod(parts: NameParts, options: KubernetesOptions, facts: DnsFacts): Found {
  if (options.pods === 'disabled') return undefined;
  if (parts.service === '') return NO_HITS;
  const address = podAddress(parts.service);
  const host = dnsHostOf(address);
  const hit = { host, port: 0, owner: `${parts.service}.${parts.namespace}.pod` };
  if (options.pods === 'insecure') return host.type === 'CNAME' ? undefined : [hit];
  const { labels } = options;
  const pods = facts.dnsPod.at(address).filter((pod) => {
    return pod.namespace === parts.namespace && (labels === undefined || matchesSelector(labels, pod.labels));
  });
  return pods.length === 0 ? undefined : pods.map(() => hit);
}

/** An endpoint's name in a multicluster zone says its cluster too. */
function findImportEndpoints(service: DnsService, parts: NameParts, options: KubernetesOptions): Found {
  const hits: Hit[] = [];
  const base = `${service.name}.${service.namespace}.svc`;
  for (const { endpoints, ports, cluster } of slicesOf(service, options)) {
    if (parts.endpoint !== '' && parts.cluster !== cluster.toLowerCase()) continue;
    for (const endpoint of endpoints) {
      const label = endpointLabel(endpoint, options);
      if (parts.endpoint !== '' && parts.endpoint !== label.toLowerCase()) continue;
      for (const port of ports) {
        if (!portMatches(parts, port)) continue;
        hits.push({ host: endpoint.host, port: port.port, owner: `${label}.${cluster}.${base}` });
      }
    }
  }
  return hits.length === 0 ? undefined : hits;
}

function findImport(parts: NameParts, options: KubernetesOptions, facts: DnsFacts): Found {
  if (parts.service === '') return NO_HITS;
  const service = facts.dnsImport.service(`${parts.namespace}/${parts.service}`);
  if (service?.exists !== true) return undefined;
  // The option selects namespaces, but CoreDNS lists ServiceImports by it as well.
  if (options.namespaceLabels !== undefined && !matchesSelector(options.namespaceLabels, service.labels))
    return undefined;
  const { headless } = service;
  if (options.ignoreEmptyService && !headless) {
    if (slicesOf(service, options).every((slice) => slice.endpoints.length === 0)) return undefined;
  }
  if (headless || parts.endpoint !== '') return findImportEndpoints(service, parts, options);
  return findClusterIPs(service, parts);
}

/** What a lower-case name in `zone` leads to. */
export function find(name: string, zone: string, options: KubernetesOptions, facts: DnsFacts): Found {
  const multicluster = isMulticluster(zone, options);
  const parts = parseName(name, zone, { multicluster, zonal: options.zonal });
  if (parts === undefined) return undefined;
  if (parts.kind === '') return NO_HITS;
  if (isReverse(name)) return undefined;
  if (!namespaceExposed(parts.namespace, options, facts)) return undefined;
  if (parts.kind === 'pod') return findPod(parts, options, facts);
  if (multicluster) return findImport(parts, options, facts);
  return findService(parts, options, facts);
}
