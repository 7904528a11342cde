/** A zone's records for a transfer. Walks every Service. Source: CoreDNS plugin/kubernetes/xfr.go. */
import type { DnsHost, DnsPort, DnsService } from '../../../../src/dataplane/index.ts';
import type { DnsRecord } from '../../../../src/model/index.ts';
import type { ZoneContext } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { nameServersOf, serialOf, soaOf } from './apex.ts';
import { endpointLabel, isMulticluster, namespaceExposed, slicesOf } from './find.ts';
import type { KubernetesOptions } from './options.ts';

interface Zone {
  readonly name: string;
  readonly options: KubernetesOptions;
}

function addressRecord(name: string, { type, data }: DnsHost, { options }: Zone): DnsRecord {
  return { name, type, ttl: options.ttl, data };
}

function serviceRecord(name: string, weight: number, port: number, target: string, { options }: Zone): DnsRecord {
  return { name, type: 'SRV', ttl: options.ttl, data: `0 ${weight} ${port} ${target}` };
}

/** A port without a name has no name of its own. */
function portName({ name, protocol }: DnsPort, base: string): string | undefined {
  return name === '' ? undefined : `_${name}._${protocol}.${base}`;
}

function clusterIPRecords(service: DnsService, base: string, zone: Zone): readonly DnsRecord[] {
  const records = service.clusterIPs.map((host) => addressRecord(base, host, zone));
  for (const port of service.ports) {
    records.push(serviceRecord(base, 100, port.port, base, zone));
    const named = portName(port, base);
    if (named !== undefined) records.push(serviceRecord(named, 100, port.port, base, zone));
  }
  return records;
}

/** Weights are shared within a slice here, and not, as in answers, among all that match. */
function endpointRecords(service: DnsService, base: string, zone: Zone): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  for (const { endpoints, ports } of slicesOf(service, zone.options)) {
    const weight = Math.max(1, Math.floor(100 / endpoints.length));
    for (const endpoint of endpoints) {
      const owner = `${endpointLabel(endpoint, zone.options)}.${base}`;
      records.push(addressRecord(base, endpoint.host, zone), addressRecord(owner, endpoint.host, zone));
      for (const port of ports) {
        const named = portName(port, base);
        if (named !== undefined) records.push(serviceRecord(named, weight, port.port, owner, zone));
      }
    }
  }
  return records;
}

function recordsOf(service: DnsService, zone: Zone): readonly DnsRecord[] {
  const base = `${service.name}.${service.namespace}.svc.${zone.name}`;
  if (!service.exists) return [];
  if (service.external !== undefined) {
    return service.external.type === 'CNAME' ? [addressRecord(base, service.external, zone)] : [];
  }
  if (service.headless || service.clusterIPs.length === 0) return endpointRecords(service, base, zone);
  return clusterIPRecords(service, base, zone);
}

function serverRecords(zone: Zone, context: ZoneContext): readonly DnsRecord[] {
  const servers = nameServersOf(zone.name, zone.options, context);
  const { ttl } = zone.options;
  return [
    ...[...new Set(servers.map(({ name }) => name))].map((data) => ({ name: zone.name, type: 'NS', ttl, data })),
    ...servers.map(({ name, host }) => addressRecord(name, host, zone)),
  ];
}

/** Undefined where the zone is not this plugin's; only the SOA where the client has this serial already. */
export function zoneRecords(
  name: string,
  serial: number | undefined,
  options: KubernetesOptions,
  context: ZoneContext,
): readonly DnsRecord[] | undefined {
  if (zoneOf(name, options.zones) === undefined) return undefined;
  const soa = soaOf(name, options, context);
  const multicluster = isMulticluster(name, options);
  if (serial !== undefined && serial === serialOf(multicluster ? 'multicluster' : 'internal', context)) return [soa];
  const { dns, dnsImport } = context.facts;
  const services = (multicluster ? dnsImport : dns)
    .services()
    .filter(({ namespace }) => namespaceExposed(namespace, options, context.facts));
  const zone = { name, options };
  return [soa, ...serverRecords(zone, context), ...services.flatMap((service) => recordsOf(service, zone)), soa];
}
