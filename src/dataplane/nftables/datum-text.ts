/** Single values of nft, as both `nft list` and nft commands spell them. */
import { type Address, type Cidr, type Family, formatAddress, SCTP, TCP, UDP } from '../../model/index.ts';
import type { NftDatum, NftDestination, NftSelector, NftType } from './ruleset.ts';

/** /etc/protocols, as far as nft knows its names in `inet_proto`. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [58, 'ipv6-icmp'],
  [SCTP, 'sctp'],
]);

export function protocolText(number: number): string {
  return PROTOCOL_NAMES.get(number) ?? String(number);
}

export function protocolNumber(text: string): number | undefined {
  for (const [number, name] of PROTOCOL_NAMES) if (name === text) return number;
  return /^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : undefined;
}

export function datumText(datum: NftDatum, type: NftType): string {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return formatAddress(datum);
    case 'inet_proto':
      return protocolText(Number(datum));
    case 'inet_service':
    case 'ifname':
      return String(datum);
    case 'mark':
      return markText(Number(datum));
    default:
      return type satisfies never;
  }
}

/** The type of what a selector takes from a packet. */
export function typeOf(selector: NftSelector, family: Family): NftType {
  switch (selector) {
    case 'saddr':
    case 'daddr':
      return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    case 'l4proto':
      return 'inet_proto';
    case 'sport':
    case 'dport':
      return 'inet_service';
    case 'iifname':
    case 'oifname':
      return 'ifname';
    case 'mark':
      return 'mark';
    default:
      return selector satisfies never;
  }
}

export function familyText(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

/** In concatenations and alone. A mark alone is written `mark` in commands and `meta mark` in lists. */
export function selectorText(selector: NftSelector, family: Family): string {
  switch (selector) {
    case 'saddr':
    case 'daddr':
      return `${familyText(family)} ${selector}`;
    case 'l4proto':
      return 'meta l4proto';
    case 'sport':
    case 'dport':
      return `th ${selector}`;
    case 'iifname':
    case 'oifname':
      return selector;
    case 'mark':
      return 'meta mark';
    default:
      return selector satisfies never;
  }
}

export function selectorsText(selectors: readonly NftSelector[], family: Family): string {
  return selectors.map((selector) => selectorText(selector, family)).join(' . ');
}

/** Eight digits, as `nft list` prints marks and kube-proxy's `%#08x` its own. */
export function markText(value: number, digits = 8): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** `10.0.0.1 . 80`, as maps of destinations have it. */
export function destinationText({ address, port }: NftDestination): string {
  return `${formatAddress(address)} . ${port}`;
}

export function isCidr(member: Cidr | Address): member is Cidr {
  return typeof member === 'object';
}
