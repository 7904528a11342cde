/** The zone's own records: SOA, and the name servers. Source: CoreDNS plugin/backend_lookup.go `SOA`, plugin/kubernetes/ns.go. */
import { type DnsHost, type DnsService, dnsHostOf } from '../../../../src/dataplane/index.ts';
import { type DnsRecord, EPOCH_MS } from '../../../../src/model/index.ts';
import type { ZoneContext } from '../../plugin.ts';
import { endpointLabel, isMulticluster, slicesOf } from './find.ts';
import type { KubernetesOptions } from './options.ts';

const SOA_TTL_MAX_SECONDS = 300;

/** The Unix time of the last change. */
export function serialOf(kind: 'internal' | 'external' | 'multicluster', { facts }: ZoneContext): number {
  return Math.floor((EPOCH_MS + (facts.dnsModified.get(kind) ?? 0)) / 1000);
}

/** `zone` in the query's spelling. */
export function soaOf(zone: string, options: KubernetesOptions, context: ZoneContext): DnsRecord {
  const serial = serialOf(isMulticluster(zone, options) ? 'multicluster' : 'internal', context);
  return {
    name: zone,
    type: 'SOA',
    ttl: Math.min(options.ttl, SOA_TTL_MAX_SECONDS),
    data: `ns.dns.${zone} hostmaster.${zone} ${serial} 7200 1800 86400 ${options.ttl}`,
  };
}

export interface NameServer {
  readonly name: string;
  readonly host: DnsHost;
}

function endpointServers(service: DnsService, base: string, options: KubernetesOptions): readonly NameServer[] {
  return slicesOf(service, options).flatMap((slice) =>
    slice.endpoints.map((endpoint) => ({ name: `${endpointLabel(endpoint, options)}.${base}`, host: endpoint.host })),
  );
}

function addressServers(hosts: readonly DnsHost[], name: string): readonly NameServer[] {
  return hosts.map((host) => ({ name, host }));
}

type ServersOf = (service: DnsService) => readonly NameServer[];

/** Of the Services that have one of the server's own addresses as an endpoint; `ns.dns.<zone>` there where none has. */
function serversOf(zone: string, options: KubernetesOptions, context: ZoneContext, of: ServersOf) {
  const servers: NameServer[] = [];
  let found = false;
  for (const address of context.localAddresses) {
    for (const service of options.noEndpoints ? [] : context.facts.dns.withEndpoint(address)) {
      found = true;
      if (service.exists) servers.push(...of(service));
    }
  }
  if (found) return servers;
  return context.localAddresses.map((address) => ({ name: `ns.dns.${zone}`, host: dnsHostOf(address) }));
}

/** Who serves the zone, inside of the cluster. */
export function nameServersOf(zone: string, options: KubernetesOptions, context: ZoneContext): readonly NameServer[] {
  return serversOf(zone, options, context, (service) => {
    const base = `${service.name}.${service.namespace}.svc.${zone}`;
    return service.headless ? endpointServers(service, base, options) : addressServers(service.clusterIPs, base);
  });
}

/** Who serves the zone of k8s_external: the same Services, at their external addresses. */
export function externalServersOf(
  zone: string,
  headless: boolean,
  options: KubernetesOptions,
  context: ZoneContext,
): readonly NameServer[] {
  return serversOf(zone, options, context, (service) => {
    const base = `${service.name}.${service.namespace}.${zone}`;
    if (headless && service.headless) return endpointServers(service, base, options);
    return addressServers(service.externalIPs, base);
  });
}
