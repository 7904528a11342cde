/** Whether a rule matches a packet. The way of every packet: no allocation, one shape of rule. */
import { DESTINATION_NAT, SOURCE_NAT, STATE_DNAT, STATE_SNAT, sharesPrefix, wordsOfIpv6 } from '../dataplane/index.ts';
import type { Address } from '../model/index.ts';
import type { Flight } from './flight.ts';
import {
  type AddressConditions,
  ASKED,
  DESTINATION,
  DESTINATION_TYPE,
  IN_INTERFACE,
  type LinkedRule,
  MARK,
  type OtherConditions,
  OUT_INTERFACE,
  PORTS,
  type PortConditions,
  PROTOCOL,
  RECENT,
  SOURCE,
  SOURCE_TYPE,
  STATES,
  STATISTIC,
} from './linked-rule.ts';

const ADDRESSES = SOURCE | DESTINATION;
const OTHERS = STATES | MARK | SOURCE_TYPE | DESTINATION_TYPE | IN_INTERFACE | OUT_INTERFACE;

/** The order of the tests is the one that ends soonest; those with an effect come last, when all others hold. */
export function matches(rule: LinkedRule, flight: Flight): boolean {
  const { checks, inverted } = rule;
  if ((checks & PROTOCOL) !== 0 && (flight.protocol === rule.protocol) === ((inverted & PROTOCOL) !== 0)) return false;
  if ((checks & OTHERS) !== 0 && !matchOthers(checks, inverted, rule.other!, flight)) return false;
  if ((checks & ADDRESSES) !== 0 && !matchAddresses(checks, inverted, rule.addresses!, flight)) return false;
  if ((checks & PORTS) !== 0 && !matchPorts(rule.ports!, flight)) return false;
  if ((checks & ASKED) !== 0 && rule.other!.asked!(flight) === ((inverted & ASKED) !== 0)) return false;
  if ((checks & STATISTIC) !== 0 && !flight.chance.happens(rule.threshold)) return false;
  if ((checks & RECENT) !== 0 && !matchRecent(rule.other!, flight)) return false;
  return rule.more === undefined || matches(rule.more, flight);
}

function matchAddresses(checks: number, inverted: number, conditions: AddressConditions, flight: Flight): boolean {
  if ((checks & SOURCE) !== 0) {
    const { sourcePrefix, sourceMask, sourceNetwork } = conditions;
    const inside =
      sourcePrefix === undefined
        ? (flight.source & sourceMask) === sourceNetwork
        : sharesPrefix(sourcePrefix.words, wordsOfIpv6(flight.source), sourcePrefix.length);
    if (inside === ((inverted & SOURCE) !== 0)) return false;
  }
  if ((checks & DESTINATION) === 0) return true;
  const { destinationPrefix, destinationMask, destinationNetwork } = conditions;
  const inside =
    destinationPrefix === undefined
      ? (flight.destination & destinationMask) === destinationNetwork
      : sharesPrefix(destinationPrefix.words, wordsOfIpv6(flight.destination), destinationPrefix.length);
  return inside !== ((inverted & DESTINATION) !== 0);
}

function matchPorts(conditions: PortConditions, flight: Flight): boolean {
  if (flight.protocol !== conditions.protocol) return false;
  const { sourcePort, destinationPort } = flight;
  const destinationIn = destinationPort >= conditions.destinationFrom && destinationPort <= conditions.destinationTo;
  if (destinationIn === conditions.destinationInverted) return false;
  const sourceIn = sourcePort >= conditions.sourceFrom && sourcePort <= conditions.sourceTo;
  return sourceIn !== conditions.sourceInverted;
}

function matchOthers(checks: number, inverted: number, conditions: OtherConditions, flight: Flight): boolean {
  if ((checks & STATES) !== 0 && matchStates(conditions.states, flight) === ((inverted & STATES) !== 0)) return false;
  if ((checks & MARK) !== 0) {
    if (((flight.mark & conditions.markMask) === conditions.mark) === ((inverted & MARK) !== 0)) return false;
  }
  return (checks & ~(STATES | MARK) & OTHERS) === 0 || matchHost(checks, inverted, conditions, flight);
}

function matchStates(states: number, flight: Flight): boolean {
  if ((states & flight.state) !== 0) return true;
  if ((states & (STATE_DNAT | STATE_SNAT)) === 0 || flight.connection === undefined) return false;
  const { status } = flight.connection;
  return (
    ((states & STATE_DNAT) !== 0 && (status & DESTINATION_NAT) !== 0) ||
    ((states & STATE_SNAT) !== 0 && (status & SOURCE_NAT) !== 0)
  );
}

function matchHost(checks: number, inverted: number, conditions: OtherConditions, flight: Flight): boolean {
  if ((checks & SOURCE_TYPE) !== 0) {
    const is = isOfType(flight, flight.sourceAddress, conditions.sourceType);
    if (is === ((inverted & SOURCE_TYPE) !== 0)) return false;
  }
  if ((checks & DESTINATION_TYPE) !== 0) {
    const is = isOfType(flight, flight.destinationAddress, conditions.destinationType);
    if (is === ((inverted & DESTINATION_TYPE) !== 0)) return false;
  }
  if ((checks & IN_INTERFACE) !== 0) {
    if (isInterface(conditions.inInterface, flight.inInterface) === ((inverted & IN_INTERFACE) !== 0)) return false;
  }
  if ((checks & OUT_INTERFACE) === 0) return true;
  return isInterface(conditions.outInterface, flight.outInterface) !== ((inverted & OUT_INTERFACE) !== 0);
}

/** A name that ends in `+` stands for all that begin so. */
function isInterface(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** xt_addrtype: the kind of route that leads to the address from this host. */
function isOfType(flight: Flight, address: Address, type: string): boolean {
  if (type === 'LOCAL') return flight.host.isLocal(address);
  return typeOf(flight, address) === type;
}

function typeOf(flight: Flight, address: Address): string {
  if (address === 0 || address === '::') return 'UNSPEC';
  if (address === 0xffffffff) return 'BROADCAST';
  const multicast = typeof address === 'number' ? address >>> 28 === 14 : address.startsWith('ff');
  if (multicast) return 'MULTICAST';
  return flight.host.isLocal(address) ? 'LOCAL' : 'UNICAST';
}

/** IPv6 addresses are filed apart from IPv4's: their numbers begin above all of those. */
const IPV6_OFFSET = 2 ** 40;

function matchRecent(conditions: OtherConditions, flight: Flight): boolean {
  const { name, action, seconds } = conditions.recent!;
  const address = flight.family === 4 ? flight.source : flight.source + IPV6_OFFSET;
  if (action === 'rcheck') return flight.host.recent.seen(name, address, seconds, flight.at);
  (flight.remembered ??= []).push({ host: flight.host, name, address });
  return true;
}
