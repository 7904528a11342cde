/** Names outside of the cluster, as Azure's resolver answers them: those that a script makes known, and no others. */
import { type DnsMessage, type DnsRecord, parseAddress } from '../model/index.ts';

/** Addresses by name, without a final dot. */
export type PublicNames = Readonly<Record<string, readonly string[]>>;

const TTL_SECONDS = 300;
/** Of the root: nobody between it and these names is emulated. */
const ROOT: DnsRecord = {
  name: '.',
  type: 'SOA',
  ttl: 86_400,
  data: 'a.root-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 86400',
};

export function outsideAnswer(query: DnsMessage, names: PublicNames): DnsMessage {
  const { name, type } = query.question;
  const known = name.toLowerCase().replace(/\.$/, '');
  const addresses = Object.hasOwn(names, known) ? names[known]! : undefined;
  const answers = (addresses ?? [])
    .map((address) => ({ name, type: typeof parseAddress(address) === 'number' ? 'A' : 'AAAA', data: address }))
    .filter((record) => record.type === type)
    .map((record) => ({ ...record, ttl: TTL_SECONDS }));
  return {
    ...query,
    response: true,
    rcode: addresses === undefined ? 'NXDOMAIN' : 'NOERROR',
    authoritative: false,
    answers,
    authorities: answers.length === 0 ? [ROOT] : [],
    additionals: [],
  };
}
