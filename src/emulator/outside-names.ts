/**
 * Name servers outside of the cluster: Azure's resolver, which knows the private zones that are linked to the network and
 * public names, and name servers of one's own.
 *
 * Source: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16,
 * https://learn.microsoft.com/azure/dns/private-dns-privatednszone; RFC 1034 section 4.3.2, RFC 2308.
 */
import {
  CLUSTER_NETWORK,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  type OutsideNames,
  type OutsideServer,
  type OutsideZone,
  type Rcode,
} from '../model/index.ts';

/** Azure's resolver: every virtual machine's, unless its network names others. */
export const AZURE_RESOLVER = '168.63.129.16';

/** What a script declares that says nothing of it. */
export const NO_NAMES: OutsideNames = { publicZones: [], privateDnsZones: [], nameServers: [] };

/** What a server says, and how long it takes. */
export interface NameServerReply {
  readonly message: DnsMessage;
  readonly afterMs: number;
}

/** A zone as one server sees it. */
interface ServedZone {
  readonly apex: string;
  readonly zone: OutsideZone;
  readonly soa: DnsRecord;
}

interface Found {
  readonly rcode: Rcode;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

const ALIASES_MAX = 8;
const FORWARDS_MAX = 4;

function absolute(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}

function isWithin(name: string, apex: string): boolean {
  return name === apex || name.endsWith(`.${apex}`);
}

/** The SOA that a zone declares, else the one that Azure gives every private zone, or a public zone's here. */
function soaOf(zone: OutsideZone, isPrivate: boolean): DnsRecord {
  const name = absolute(zone.name);
  const own = zone.records.find(({ type }) => type === 'SOA');
  if (own !== undefined) return { name, type: 'SOA', ttl: own.ttl, data: own.data };
  const data = isPrivate
    ? 'azureprivatedns.net. azureprivatedns-host.microsoft.com. 1 3600 300 2419200 10'
    : `ns1.${name} hostmaster.${name} 1 3600 600 604800 300`;
  return { name, type: 'SOA', ttl: 3600, data };
}

function servedZone(zone: OutsideZone, isPrivate: boolean): ServedZone {
  return { apex: absolute(zone.name), zone, soa: soaOf(zone, isPrivate) };
}

/** A denial lasts as long as the SOA and its last field allow (RFC 2308 section 5). */
function denial({ soa }: ServedZone): readonly DnsRecord[] {
  const minimum = Number(soa.data.split(' ').at(-1));
  return [{ ...soa, ttl: Math.min(soa.ttl, minimum) }];
}

/** The world without the zone: said as the root servers say it. */
const ROOT_DENIAL: readonly DnsRecord[] = [
  {
    name: '.',
    type: 'SOA',
    ttl: 86400,
    data: 'a.root-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 86400',
  },
];

/** The longest zone that the name lies in; of two, the first. */
function zoneFor(name: string, zones: readonly ServedZone[]): ServedZone | undefined {
  let longest: ServedZone | undefined;
  for (const served of zones) {
    if (isWithin(name, served.apex) && (longest === undefined || served.apex.length > longest.apex.length)) {
      longest = served;
    }
  }
  return longest;
}

function recordsAt(name: string, { apex, zone }: ServedZone): readonly DnsRecord[] {
  const owner = (relative: string) => (relative === '@' ? apex : `${relative.toLowerCase()}.${apex}`);
  return zone.records.filter((record) => owner(record.name) === name).map((record) => ({ ...record, name }));
}

function exists(name: string, { apex, zone }: ServedZone): boolean {
  return name === apex || zone.records.some((record) => isWithin(`${record.name.toLowerCase()}.${apex}`, name));
}

/** Looks a name up and follows its aliases as far as these zones go. */
function lookUp({ name, type }: DnsQuestion, zones: readonly ServedZone[], depth = 0): Found {
  const owner = absolute(name);
  const served = zoneFor(owner, zones);
  if (served === undefined) return { rcode: 'NXDOMAIN', answers: [], authorities: ROOT_DENIAL };
  const records = owner === served.apex && type === 'SOA' ? [served.soa] : recordsAt(owner, served);
  const alias = records.find((record) => record.type === 'CNAME');
  if (alias !== undefined && type !== 'CNAME' && depth < ALIASES_MAX) {
    const rest = lookUp({ name: alias.data, type }, zones, depth + 1);
    return { ...rest, answers: [alias, ...rest.answers] };
  }
  const answers = records.filter((record) => type === 'ANY' || record.type === type);
  if (answers.length > 0) return { rcode: 'NOERROR', answers, authorities: [] };
  return { rcode: exists(owner, served) ? 'NOERROR' : 'NXDOMAIN', answers: [], authorities: denial(served) };
}

const REFUSED: Found = { rcode: 'REFUSED', answers: [], authorities: [] };

function replyTo(query: DnsMessage, found: Found, authoritative: boolean): DnsMessage {
  const { edns: _, ...rest } = query;
  // Owners repeat the query's spelling.
  const spelled = (record: DnsRecord) =>
    record.name === absolute(query.question.name) ? { ...record, name: query.question.name } : record;
  return {
    ...rest,
    response: true,
    rcode: found.rcode,
    authoritative,
    authenticData: false,
    recursionAvailable: true,
    answers: found.answers.map(spelled),
    authorities: found.authorities,
    additionals: [],
  };
}

function resolverZones({ publicZones, privateDnsZones }: OutsideNames): readonly ServedZone[] {
  const linked = privateDnsZones.filter(({ virtualNetworkLinks }) => virtualNetworkLinks.includes(CLUSTER_NETWORK));
  // A linked private zone hides the public one of the same name, with all that is in it.
  return [...linked.map((zone) => servedZone(zone, true)), ...publicZones.map((zone) => servedZone(zone, false))];
}

function ownReply(
  server: OutsideServer,
  query: DnsMessage,
  names: OutsideNames,
  depth: number,
): NameServerReply | undefined {
  const zones = server.zones.map((zone) => servedZone(zone, false));
  const afterMs = server.answersAfterMs ?? 0;
  if (zoneFor(absolute(query.question.name), zones) !== undefined) {
    return { message: replyTo(query, lookUp(query.question, zones), true), afterMs };
  }
  if (server.forwardTo === undefined) return { message: replyTo(query, REFUSED, false), afterMs };
  const reply = depth < FORWARDS_MAX ? outsideReply(server.forwardTo, query, names, depth + 1) : undefined;
  return reply && { ...reply, afterMs: reply.afterMs + afterMs };
}

/** What the name server at an address answers; undefined where none is. */
export function outsideReply(
  address: string,
  query: DnsMessage,
  names: OutsideNames,
  depth = 0,
): NameServerReply | undefined {
  // Nobody outside serves another class than IN, and who serves no zone of a class refuses it.
  const isServedClass = (query.question.class ?? 'IN') === 'IN';
  if (address === AZURE_RESOLVER) {
    if (!isServedClass) return { message: replyTo(query, REFUSED, false), afterMs: 0 };
    return { message: replyTo(query, lookUp(query.question, resolverZones(names)), false), afterMs: 0 };
  }
  const server = names.nameServers.find((one) => one.address === address);
  if (server === undefined) return undefined;
  return isServedClass
    ? ownReply(server, query, names, depth)
    : { message: replyTo(query, REFUSED, false), afterMs: server.answersAfterMs ?? 0 };
}
