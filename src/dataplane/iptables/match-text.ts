/**
 * Matches as iptables prints them. Source: the `save` functions of iptables' extensions (libxt_*.c, libipt_*.c), 1.8.9.
 */
import {
  type Cidr,
  type Family,
  formatAddress,
  formatCidr,
  ICMP,
  ICMPV6,
  type ProtocolNumber,
  SCTP,
  TCP,
  UDP,
} from '../../model/index.ts';
import {
  type Match,
  STATE_DNAT,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  STATE_SNAT,
  STATE_UNTRACKED,
} from '../netfilter.ts';
import { fixedText } from './fixed-text.ts';

/** In the order in which the conntrack match prints them. */
const STATE_NAMES: readonly (readonly [number, string])[] = [
  [STATE_INVALID, 'INVALID'],
  [STATE_NEW, 'NEW'],
  [STATE_RELATED, 'RELATED'],
  [STATE_ESTABLISHED, 'ESTABLISHED'],
  [STATE_UNTRACKED, 'UNTRACKED'],
  [STATE_SNAT, 'SNAT'],
  [STATE_DNAT, 'DNAT'],
];

export function protocolName(protocol: ProtocolNumber): string {
  switch (protocol) {
    case TCP:
      return 'tcp';
    case UDP:
      return 'udp';
    case SCTP:
      return 'sctp';
    case ICMP:
      return 'icmp';
    case ICMPV6:
      return 'ipv6-icmp';
    default:
      return protocol satisfies never;
  }
}

export function stateNames(states: number): string {
  return STATE_NAMES.filter(([bit]) => (states & bit) !== 0)
    .map(([, name]) => name)
    .join(',');
}

/** A string as xtables prints it: in quotes unless it is made of letters, digits, `_` and `-`. */
export function quoted(text: string): string {
  return /^[-_0-9A-Za-z]+$/.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`;
}

export function not(inverted: boolean): string {
  return inverted ? '! ' : '';
}

function addressText(flag: '-s' | '-d', cidr: Cidr, inverted: boolean): string {
  // Every address: iptables keeps no trace of such a match, unless it is inverted.
  if (cidr.prefixLength === 0 && !inverted) return '';
  return `${not(inverted)}${flag} ${formatCidr(cidr)}`;
}

function rangeText([from, to]: readonly [number, number]): string {
  return from === to ? `${from}` : `${from}:${to}`;
}

function portsText(match: Extract<Match, { match: 'ports' }>): string {
  let text = `-m ${protocolName(match.protocol)}`;
  if (match.source !== undefined) text += ` ${not(match.sourceInverted ?? false)}--sport ${rangeText(match.source)}`;
  if (match.destination !== undefined)
    text += ` ${not(match.destinationInverted ?? false)}--dport ${rangeText(match.destination)}`;
  return text;
}

function recentText(match: Extract<Match, { match: 'recent' }>, family: Family): string {
  const seconds = match.seconds === undefined ? '' : ` --seconds ${match.seconds}`;
  const reap = match.reap === true ? ' --reap' : '';
  const mask = family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  return `-m recent --${match.action}${seconds}${reap} --name ${match.name} --mask ${mask} --rsource`;
}

/** The kernel keeps a probability as 31 bits; iptables prints what is left of it with eleven decimals. */
function probabilityText(probability: number): string {
  return fixedText(Math.round(probability * 2 ** 31) / 2 ** 31, 11);
}

export function markText(value: number, mask: number): string {
  const text = `0x${value.toString(16)}`;
  return mask === 0xffffffff ? text : `${text}/0x${mask.toString(16)}`;
}

/** One match as iptables-save prints it; empty where it prints none. */
export function matchText(match: Match, family: Family): string {
  switch (match.match) {
    case 'source':
      return addressText('-s', match.cidr, match.inverted);
    case 'destination':
      return addressText('-d', match.cidr, match.inverted);
    case 'in-interface':
      return `${not(match.inverted)}-i ${match.name}`;
    case 'out-interface':
      return `${not(match.inverted)}-o ${match.name}`;
    case 'protocol':
      return `${not(match.inverted)}-p ${protocolName(match.protocol)}`;
    case 'ports':
      return portsText(match);
    case 'comment':
      return `-m comment --comment ${quoted(match.text)}`;
    case 'conntrack':
      return `-m conntrack ${not(match.inverted)}--ctstate ${stateNames(match.states)}`;
    case 'mark':
      return `-m mark ${not(match.inverted)}--mark ${markText(match.value, match.mask)}`;
    case 'address-type':
      return `-m addrtype ${not(match.inverted)}--${match.side === 'source' ? 'src' : 'dst'}-type ${match.type}`;
    case 'statistic':
      return `-m statistic --mode random --probability ${probabilityText(match.probability)}`;
    case 'recent':
      return recentText(match, family);
    case 'nfacct':
      // Two spaces: the option and xtables_save_string each print one.
      return `-m nfacct --nfacct-name  ${quoted(match.name)}`;
    case 'set':
      return `-m set --match-set ${match.set.name} ${match.sides.join(',')}`;
    case 'ipvs':
      return `-m ipvs --vproto ${match.protocol} --vaddr ${formatAddress(match.address)} --vport ${match.port}`;
    case 'physdev':
      return `-m physdev ${not(match.inverted)}--physdev-is-in`;
    default:
      return match satisfies never;
  }
}
