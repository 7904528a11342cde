/** A zone's records as a zone file that `named-checkzone` accepts. Source: RFC 1035, 5. */
import type { DnsRecord } from '../model/index.ts';

/** `www.cluster.local.` within `cluster.local.` is `www`; the zone itself is `@`. */
function relative(name: string, zone: string): string {
  if (name === zone) return '@';
  return name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : name;
}

/** Each record once, in the order given; `zone` with its final dot, `cluster.local.`. */
export function zoneFile(zone: string, records: readonly DnsRecord[]): string {
  const lines = records.map(({ name, type, ttl, data }) => `${relative(name, zone)} ${ttl} IN ${type} ${data}`);
  return [`$ORIGIN ${zone}`, ...new Set(lines), ''].join('\n');
}
