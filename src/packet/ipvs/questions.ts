/** `-m set`, `-m ipvs` and `-m physdev` on the way of a packet. Sources: net/netfilter/xt_set.c, ipset/, xt_ipvs.c, xt_physdev.c. */
import { BALANCED, type IpvsMatch, type Match, numberOfAddress, type SetMatch } from '../../dataplane/index.ts';
import type { Address } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import type { Host } from '../world.ts';
import type { IpvsTable } from './table.ts';

export type AskedMatch = Extract<Match, { match: 'set' | 'ipvs' | 'physdev' }>;

type Question = (flight: Flight) => boolean;
type Side = 'src' | 'dst';

function addressAt(flight: Flight, side: Side | undefined): Address {
  return side === 'src' ? flight.sourceAddress : flight.destinationAddress;
}

function portAt(flight: Flight, side: Side | undefined): number {
  return side === 'src' ? flight.sourcePort : flight.destinationPort;
}

/** The host's sets; undefined where it has none, and none holds anything. */
function tableOf({ host, family }: Flight): IpvsTable | undefined {
  return host.ipvs?.(family);
}

/** Rules ask several sets about a packet's destination, one after another: the answer is kept. */
const asked = {
  flight: undefined as Flight | undefined,
  host: undefined as Host | undefined,
  destination: 0,
  port: 0,
  sets: 0,
};

/** The sets that hold the packet's destination on this host, by their bits. */
function setsAtDestination(flight: Flight): number {
  const { host, destination, destinationPort: port } = flight;
  const isSame = asked.flight === flight && asked.host === host;
  if (isSame && asked.destination === destination && asked.port === port) return asked.sets;
  asked.flight = flight;
  asked.host = host;
  asked.destination = destination;
  asked.port = port;
  asked.sets = tableOf(flight)?.setsAt(destination, port, flight.protocol) ?? 0;
  return asked.sets;
}

/** Whether the set holds, on this host, what the packet shows on the sides that the match names. */
function setQuestion({ set, sides: [first, second, third] }: SetMatch): Question {
  const bit = 1 << set.number;
  switch (set.type) {
    case 'hash:ip':
    case 'hash:ip,port':
      if (first === 'dst' && second !== 'src') return (flight) => (setsAtDestination(flight) & bit) !== 0;
      return (flight) => {
        const address = first === 'src' ? flight.source : flight.destination;
        const sets = tableOf(flight)?.setsAt(address, portAt(flight, second), flight.protocol) ?? 0;
        return (sets & bit) !== 0;
      };
    case 'bitmap:port':
      return (flight) => tableOf(flight)?.state.holds(set, 0, portAt(flight, first), flight.protocol, 0) === true;
    case 'hash:ip,port,ip':
    case 'hash:ip,port,net':
      return (flight) => {
        const port = portAt(flight, second);
        const other = addressAt(flight, third);
        return tableOf(flight)?.state.holds(set, addressAt(flight, first), port, flight.protocol, other) === true;
      };
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
export function questionOf(match: AskedMatch): Question {
  switch (match.match) {
    case 'set':
      return setQuestion(match);
    case 'ipvs':
      return (flight) => isBalanced(match, flight);
    case 'physdev':
      // Pods hang on routes, not on a bridge (Azure CNI's transparent mode).
      return () => false;
    default:
      return match satisfies never;
  }
}
