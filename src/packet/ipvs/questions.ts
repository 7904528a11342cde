/** `-m set`, `-m ipvs` and `-m physdev` on the way of a packet. Sources: net/netfilter/xt_set.c, ipset/, xt_ipvs.c, xt_physdev.c. */
import { BALANCED, type IpvsMatch, type Match, numberOfAddress, type SetMatch } from '../../dataplane/index.ts';
import type { Address } from '../../model/index.ts';
import type { Flight } from '../flight.ts';

export type AskedMatch = Extract<Match, { match: 'set' | 'ipvs' | 'physdev' }>;

type Side = 'src' | 'dst';

function addressAt(flight: Flight, side: Side | undefined): Address {
  return side === 'src' ? flight.sourceAddress : flight.destinationAddress;
}

function portAt(flight: Flight, side: Side | undefined): number {
  return side === 'src' ? flight.sourcePort : flight.destinationPort;
}

/** Whether the set holds, on this host, what the packet shows on the sides that the match names. */
function isInSet({ set, sides }: SetMatch, flight: Flight): boolean {
  const ipvs = flight.host.ipvs?.(flight.family);
  if (ipvs === undefined) return false;
  const [first, second, third] = sides;
  switch (set.type) {
    case 'hash:ip':
    case 'hash:ip,port': {
      const address = first === 'src' ? flight.source : flight.destination;
      return (ipvs.setsAt(address, portAt(flight, second), flight.protocol) & (1 << set.number)) !== 0;
    }
    case 'bitmap:port':
      return ipvs.state.holds(set, 0, portAt(flight, first), flight.protocol, 0);
    case 'hash:ip,port,ip':
    case 'hash:ip,port,net': {
      const other = addressAt(flight, third);
      return ipvs.state.holds(set, addressAt(flight, first), portAt(flight, second), flight.protocol, other);
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
