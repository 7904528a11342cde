/** `-m set`, `-m ipvs` and `-m physdev` on the way of a packet. Sources: net/netfilter/xt_set.c, ipset/, xt_ipvs.c, xt_physdev.c. */
import {
  BALANCED,
  type IpSet,
  type IpSetEntry,
  type IpvsMatch,
  type Match,
  numberOfAddress,
  protocolName,
  type SetMatch,
} from '../../dataplane/index.ts';
import { type Address, contains, formatAddress } from '../../model/index.ts';
import type { Flight } from '../flight.ts';

export type AskedMatch = Extract<Match, { match: 'set' | 'ipvs' | 'physdev' }>;

type Side = 'src' | 'dst';

function addressAt(flight: Flight, side: Side | undefined): Address {
  return side === 'src' ? flight.sourceAddress : flight.destinationAddress;
}

function portAt(flight: Flight, side: Side | undefined): number {
  return side === 'src' ? flight.sourcePort : flight.destinationPort;
}

/** Rules ask several sets for the same element, one after another: the one asked for last is kept. */
let asked = { address: undefined as Address | undefined, port: 0, protocol: 0, text: '' };

/** What stands before the third dimension in an element's text. */
function portKey(flight: Flight, [first, second]: readonly Side[]): string {
  const address = addressAt(flight, first);
  const port = portAt(flight, second);
  const { protocol } = flight;
  if (asked.address !== address || asked.port !== port || asked.protocol !== protocol)
    asked = { address, port, protocol, text: `${formatAddress(address)},${protocolName(protocol)}:${port}` };
  return asked.text;
}

const ranges = new WeakMap<IpSet, ReadonlyMap<string, readonly IpSetEntry[]>>();

/** The elements of a set of ranges by what stands before the range. */
function rangesOf(set: IpSet): ReadonlyMap<string, readonly IpSetEntry[]> {
  const known = ranges.get(set);
  if (known !== undefined) return known;
  const byKey = new Map<string, IpSetEntry[]>();
  for (const [text, entry] of set.entries) {
    const key = text.slice(0, text.lastIndexOf(','));
    byKey.set(key, [...(byKey.get(key) ?? []), entry]);
  }
  ranges.set(set, byKey);
  return byKey;
}

/** Whether the set holds what this packet shows on the sides that the match names. */
function isInSet({ set, sides }: SetMatch, flight: Flight): boolean {
  if (set.addresses?.has(addressAt(flight, sides[0])) === false) return false;
  switch (set.type) {
    case 'hash:ip':
      return set.entries.has(formatAddress(addressAt(flight, sides[0])));
    case 'bitmap:port':
      return set.entries.has(`${portAt(flight, sides[0])}`);
    case 'hash:ip,port':
      return set.entries.has(portKey(flight, sides));
    case 'hash:ip,port,ip':
      return set.entries.has(`${portKey(flight, sides)},${formatAddress(addressAt(flight, sides[2]))}`);
    case 'hash:ip,port,net': {
      const address = addressAt(flight, sides[2]);
      const found = rangesOf(set).get(portKey(flight, sides)) ?? [];
      return found.some((entry) => entry.type === 'hash:ip,port,net' && contains(entry.range, address));
    }
    default:
      return set.type satisfies never;
  }
}

/** Whether the packet's connection is one that IPVS has balanced for this virtual server. */
function isBalanced({ address, protocol, port }: IpvsMatch, { connection }: Flight): boolean {
  if (connection === undefined || (connection.status & BALANCED) === 0 || connection.protocol !== protocol)
    return false;
  return connection.destination === numberOfAddress(address) && (connection.ports & 0xffff) === port;
}

/** The question of such a match, its inversion left to whoever asks. */
export function questionOf(match: AskedMatch): (flight: Flight) => boolean {
  switch (match.match) {
    case 'set':
      return (flight) => isInSet(match, flight);
    case 'ipvs':
      return (flight) => isBalanced(match, flight);
    case 'physdev':
      // Pods hang on routes, not on a bridge (Azure CNI's transparent mode).
      return () => false;
    default:
      return match satisfies never;
  }
}
