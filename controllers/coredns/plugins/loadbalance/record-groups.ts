/** A section's records by how loadbalance moves them. Source: CoreDNS plugin/loadbalance/loadbalance.go. */
import type { DnsRecord } from '../../../../src/model/index.ts';

export interface RecordGroups {
  readonly aliases: readonly DnsRecord[];
  readonly addresses: readonly DnsRecord[];
  readonly exchanges: readonly DnsRecord[];
  readonly others: readonly DnsRecord[];
}

export function groupsOf(records: readonly DnsRecord[]): RecordGroups {
  const groups = {
    aliases: [] as DnsRecord[],
    addresses: [] as DnsRecord[],
    exchanges: [] as DnsRecord[],
    others: [] as DnsRecord[],
  };
  for (const record of records) {
    if (record.type === 'CNAME') groups.aliases.push(record);
    else if (record.type === 'A' || record.type === 'AAAA') groups.addresses.push(record);
    else if (record.type === 'MX') groups.exchanges.push(record);
    else groups.others.push(record);
  }
  return groups;
}
