/** Addresses of some networks before all others, network by network. Source: CoreDNS plugin/loadbalance/prefer.go. */
import { addressOf, type Cidr, contains, type DnsRecord } from '../../../../src/model/index.ts';
import { groupsOf } from './record-groups.ts';

/** CNAMEs, addresses, MX, then the rest; addresses keep their order within a network. */
export function preferred(records: readonly DnsRecord[], networks: readonly Cidr[]): readonly DnsRecord[] {
  const { aliases, addresses, exchanges, others } = groupsOf(records);
  const rank = ({ data }: DnsRecord) => {
    const first = networks.findIndex((network) => contains(network, addressOf(data)));
    return first < 0 ? networks.length : first;
  };
  const sorted = addresses.map((record) => ({ record, rank: rank(record) })).sort((a, b) => a.rank - b.rank);
  return [...aliases, ...sorted.map(({ record }) => record), ...exchanges, ...others];
}
