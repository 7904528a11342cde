/** Matches that have no operation of their own, as questions: asked in few rules, mostly about the host. */
import { DESTINATION_NAT, type Match, SOURCE_NAT, STATE_DNAT, STATE_SNAT } from '../../dataplane/index.ts';
import type { Address } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import type { Question } from './code.ts';

type MatchOf<M extends Match['match']> = Extract<Match, { match: M }>;

/** Any of the states, those of a translated connection among them. */
export function statesQuestion(states: number): Question {
  return ({ state, connection }) => {
    if ((states & state) !== 0) return true;
    const status = connection?.status ?? 0;
    return (
      ((states & STATE_DNAT) !== 0 && (status & DESTINATION_NAT) !== 0) ||
      ((states & STATE_SNAT) !== 0 && (status & SOURCE_NAT) !== 0)
    );
  };
}

/** A name that ends in `+` stands for all that begin so. */
export function interfaceQuestion({ match, name }: MatchOf<'in-interface' | 'out-interface'>): Question {
  const isIt = name.endsWith('+')
    ? (device: string) => device.startsWith(name.slice(0, -1))
    : (device: string) => device === name;
  return match === 'in-interface' ? ({ inInterface }) => isIt(inInterface) : ({ outInterface }) => isIt(outInterface);
}

/** xt_addrtype: the kind of route that leads to the address from this host. */
export function addressTypeQuestion({ side, type }: MatchOf<'address-type'>): Question {
  const address =
    side === 'source' ? (flight: Flight) => flight.sourceAddress : (flight: Flight) => flight.destinationAddress;
  if (type === 'LOCAL') return (flight) => flight.host.isLocal(address(flight));
  return (flight) => typeOf(flight, address(flight)) === type;
}

function typeOf({ host }: Flight, address: Address): string {
  if (address === 0 || address === '::') return 'UNSPEC';
  if (address === 0xffffffff) return 'BROADCAST';
  const multicast = typeof address === 'number' ? address >>> 28 === 14 : address.startsWith('ff');
  if (multicast) return 'MULTICAST';
  return host.isLocal(address) ? 'LOCAL' : 'UNICAST';
}

/** IPv6 addresses are filed apart from IPv4's: their numbers begin above all of those. */
const IPV6_OFFSET = 2 ** 40;

/** `rcheck` looks; `set` remembers, when the walk is committed, and matches. */
export function recentQuestion({ name, action, seconds }: MatchOf<'recent'>): Question {
  const addressIn = ({ family, source }: Flight) => (family === 4 ? source : source + IPV6_OFFSET);
  if (action === 'rcheck') return (flight) => flight.host.recent.seen(name, addressIn(flight), seconds, flight.at);
  return (flight) => {
    (flight.remembered ??= []).push({ host: flight.host, name, address: addressIn(flight) });
    return true;
  };
}
