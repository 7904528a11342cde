/**
 * The cluster's zone as a zone file that `named-checkzone` accepts: what a transfer of the zone would hold.
 *
 * Source: RFC 1035, 5; CoreDNS plugin/kubernetes/xfr.go for which records there are.
 */
import { EPOCH_MS, type Moment } from '../model/index.ts';
import type { DnsEndpoint, DnsPort, DnsService } from './dns-records.ts';
import type { DnsZone } from './dns-zone.ts';

export interface ZoneFileOptions {
  /** with its final dot: `cluster.local.` */
  readonly zone: string;
  /** seconds */
  readonly ttl: number;
  /** where `ns.dns.<zone>` leads: the servers' addresses or their Service's */
  readonly nameServers: readonly string[];
  readonly modifiedAt: Moment;
  readonly endpointPodNames?: boolean;
}

interface Line {
  readonly name: string;
  readonly type: string;
  readonly data: string;
}

const SOA_TTL_MAX_SECONDS = 300;

function addressType(address: string): 'A' | 'AAAA' {
  return address.includes(':') ? 'AAAA' : 'A';
}

/** `_http._tcp` where the port has a name and a protocol: only then is it asked for by them. */
function portLines(
  name: string,
  target: string,
  ports: readonly DnsPort[],
  zone: string,
  weight: number,
): readonly Line[] {
  return ports
    .filter(({ port }) => port !== -1)
    .flatMap((port) => {
      const data = `0 ${weight} ${port.port} ${target}.${zone}`;
      const named = port.name !== '' && port.protocol !== '';
      const plain = { name, type: 'SRV', data };
      return named ? [plain, { name: `_${port.name}._${port.protocol}.${name}`, type: 'SRV', data }] : [plain];
    });
}

/** As an answer weighs them: 100 shared by all that match, at least 1. */
function weightOf(count: number): number {
  return Math.max(1, Math.floor(100 / count));
}

function endpointLines(service: DnsService, options: ZoneFileOptions): readonly Line[] {
  const name = `${service.name}.${service.namespace}.svc`;
  const label = (endpoint: DnsEndpoint) => (options.endpointPodNames === true ? endpoint.podLabel : endpoint.label);
  const targets = service.slices
    .flatMap(({ endpoints, ports }) => endpoints.map((endpoint) => ({ endpoint, ports })))
    .filter(({ endpoint }) => endpoint.host.type !== 'CNAME');
  const weight = weightOf(targets.length);
  return targets.flatMap(({ endpoint, ports }) => {
    const owner = `${label(endpoint)}.${name}`;
    const { type, data } = endpoint.host;
    const own = { name: owner, type, data };
    if (!service.headless) return [own];
    return [own, { name, type, data }, ...portLines(name, owner, ports, options.zone, weight)];
  });
}

function serviceLines(service: DnsService, options: ZoneFileOptions): readonly Line[] {
  const name = `${service.name}.${service.namespace}.svc`;
  if (!service.exists) return [];
  if (service.external !== undefined) {
    const { type, data } = service.external;
    return type === 'CNAME' ? [{ name, type, data }] : [];
  }
  const addresses = service.clusterIPs.map(({ type, data }) => ({ name, type, data }));
  const ports = service.headless ? [] : portLines(name, name, service.ports, options.zone, 100);
  return [...addresses, ...ports, ...endpointLines(service, options)];
}

/** Every record of the zone, each once, in an order that does not depend on that of changes. Walks all Services. */
export function zoneFile(records: DnsZone, options: ZoneFileOptions): string {
  const { zone, ttl, nameServers, modifiedAt } = options;
  const serial = Math.floor((EPOCH_MS + modifiedAt) / 1000);
  const lines: Line[] = [
    { name: 'dns-version', type: 'TXT', data: '"1.1.0"' },
    ...nameServers.map((data) => ({ name: 'ns.dns', type: addressType(data), data })),
    ...records.services().flatMap((service) => serviceLines(service, options)),
  ];
  const soaTtl = Math.min(ttl, SOA_TTL_MAX_SECONDS);
  const text = [
    `$ORIGIN ${zone}`,
    `$TTL ${ttl}`,
    `@ ${soaTtl} IN SOA ns.dns.${zone} hostmaster.${zone} ${serial} 7200 1800 86400 ${ttl}`,
    `@ ${ttl} IN NS ns.dns.${zone}`,
    ...new Set(lines.map(({ name, type, data }) => `${name} ${type === 'TXT' ? 28_800 : ttl} IN ${type} ${data}`)),
  ];
  return `${text.join('\n')}\n`;
}
