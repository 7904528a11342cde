/** Whether a statement of nft matches a packet. */
import {
  DESTINATION_NAT,
  type NftDatum,
  type NftMember,
  type NftOperand,
  type NftSelector,
  type NftSet,
  SOURCE_NAT,
  STATE_DNAT,
  STATE_SNAT,
} from '../../dataplane/index.ts';
import { type Address, contains } from '../../model/index.ts';
import type { Flight } from '../flight.ts';

/** IPv6 addresses are filed apart from IPv4's in what hosts remember. */
const IPV6_OFFSET = 2 ** 40;

export function datumOf(flight: Flight, selector: NftSelector): NftDatum {
  switch (selector) {
    case 'saddr':
      return flight.sourceAddress;
    case 'daddr':
      return flight.destinationAddress;
    case 'l4proto':
      return flight.protocol;
    case 'sport':
      return flight.sourcePort;
    case 'dport':
      return flight.destinationPort;
    case 'iifname':
      return flight.inInterface;
    case 'oifname':
      return flight.outInterface;
    case 'mark':
      return flight.mark >>> 0;
    default:
      return selector satisfies never;
  }
}

export function keyOf(flight: Flight, selectors: readonly NftSelector[]): readonly NftDatum[] {
  return selectors.map((selector) => datumOf(flight, selector));
}

/** What a dynamic set remembers an address under. */
export function rememberedAddress(flight: Flight, selector: NftSelector): number {
  const address = selector === 'daddr' ? flight.destination : flight.source;
  return flight.family === 4 ? address : address + IPV6_OFFSET;
}

export function isAgainst(flight: Flight, selectors: readonly NftSelector[], against: NftOperand): boolean {
  const [selector] = selectors;
  if (selector === undefined) throw new Error('a match on nothing');
  switch (against.operand) {
    case 'set':
      return isInSet(flight, selectors, against.set);
    case 'value':
      return isMember(datumOf(flight, selector), against.value);
    case 'members': {
      const datum = datumOf(flight, selector);
      return against.members.some((member) => isMember(datum, member));
    }
    default:
      return against satisfies never;
  }
}

/** What packets have put into a set is remembered by the host: an element lives for less than its timeout. */
function isInSet(flight: Flight, selectors: readonly NftSelector[], set: NftSet): boolean {
  if (set.find(keyOf(flight, selectors)) !== undefined) return true;
  if (set.flags?.includes('dynamic') !== true) return false;
  const address = rememberedAddress(flight, selectors[0]!);
  // `recent` counts the last moment in, nft does not (nft_set_elem_expired).
  return flight.host.recent.seen(set.name, address, set.timeoutSeconds, flight.at + 1);
}

/** Interface names may end in `*`. */
function isMember(datum: NftDatum, member: NftMember): boolean {
  if (typeof member === 'object') return contains(member, datum as Address);
  if (typeof member === 'string' && member.endsWith('*')) return String(datum).startsWith(member.slice(0, -1));
  return datum === member;
}

/** `ct state` or `ct status`: any of the bits. */
export function hasCt(flight: Flight, bits: number): boolean {
  if ((bits & flight.state) !== 0) return true;
  const status = flight.connection?.status ?? 0;
  return (
    ((bits & STATE_DNAT) !== 0 && (status & DESTINATION_NAT) !== 0) ||
    ((bits & STATE_SNAT) !== 0 && (status & SOURCE_NAT) !== 0)
  );
}
