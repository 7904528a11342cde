/**
 * Addresses and CIDRs. An IPv4 address is an unsigned 32-bit number; an IPv6 address is its canonical text (RFC 5952).
 * Parsing is as strict as Go's `netip.ParseAddr`: no leading zeros, no shorthand IPv4.
 */
import ip6addr from 'ip6addr';

export type Ipv4 = number;
export type Ipv6 = string;
export type Address = Ipv4 | Ipv6;
export type Family = 4 | 6;

export interface Cidr {
  readonly family: Family;
  /** the network's first address: host bits are cleared */
  readonly network: Address;
  readonly prefixLength: number;
  /** IPv4 only: the netmask as an unsigned 32-bit number; 0 for IPv6 */
  readonly mask: number;
}

export function familyOf(address: Address): Family {
  return typeof address === 'number' ? 4 : 6;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** Digit by digit: every pod's address is read some ten times on its way, and a pattern takes five times as long. */
function parseIpv4(text: string): Ipv4 | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
    } else {
      if (code < ZERO || code > NINE || (digits > 0 && octet === 0)) return undefined;
      octet = octet * 10 + code - ZERO;
      digits++;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined;
}

/** The address that `text` spells, or undefined. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  if (text.includes('%') || text.includes('/')) return undefined;
  try {
    const parsed = ip6addr.parse(text);
    if (parsed.kind() === 'ipv4') return parseIpv4(parsed.toString({ format: 'v4' }));
    return parsed.toString({ format: 'v6' });
  } catch {
    return undefined;
  }
}

/** As `parseAddress`, for text that the program itself wrote or has checked before. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`not an IP address: ${text}`);
  return address;
}

export function formatAddress(address: Address): string {
  if (typeof address === 'string') return address;
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** An address as it goes on the wire: 4 or 16 bytes, first byte first. */
export function addressBytesOf(address: Address): readonly number[] {
  if (typeof address === 'number') return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  const digits = ip6addr.parse(address).toString({ format: 'v6', zeroElide: false, zeroPad: true }).replaceAll(':', '');
  return Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** `ip:port`, IPv6 in brackets, as Go's `net.JoinHostPort`. */
export function formatEndpoint(address: Address, port: number): string {
  return typeof address === 'string' ? `[${address}]:${port}` : `${formatAddress(address)}:${port}`;
}

export function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The CIDR that `text` spells (host bits are cleared), or undefined. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(length) || (length.length > 1 && length.startsWith('0')))
    return undefined;
  const prefixLength = Number(length);
  if (typeof address === 'number') {
    if (prefixLength > 32) return undefined;
    const mask = maskOf(prefixLength);
    return { family: 4, network: (address & mask) >>> 0, prefixLength, mask };
  }
  if (prefixLength > 128) return undefined;
  const network = ip6addr.createCIDR(address, prefixLength).address().toString({ format: 'v6' });
  return { family: 6, network, prefixLength, mask: 0 };
}

export function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`not a CIDR: ${text}`);
  return cidr;
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.network)}/${cidr.prefixLength}`;
}

/** Whether `address` lies in `cidr`. Families never match each other. */
export function contains(cidr: Cidr, address: Address): boolean {
  if (typeof address === 'number') return cidr.family === 4 && (address & cidr.mask) >>> 0 === cidr.network;
  if (cidr.family === 4) return false;
  return ip6addr.createCIDR(cidr.network as string, cidr.prefixLength).contains(address);
}

/** Whether two CIDRs of one family share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefixLength <= b.prefixLength ? contains(a, b.network) : contains(b, a.network);
}

/** Whether all of `inner` lies in `outer`. */
export function encloses(outer: Cidr, inner: Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && contains(outer, inner.network);
}

/** How many addresses an IPv4 CIDR holds. */
export function sizeOf(cidr: Cidr): number {
  return 2 ** ((cidr.family === 4 ? 32 : 128) - cidr.prefixLength);
}

/** The address that lies `count` behind this one; the caller stays within its family's range. */
export function addressPlus(address: Address, count: number | bigint): Address {
  if (typeof address === 'number') return address + Number(count);
  return addressOfBigInt(bigIntOfAddress(address) + BigInt(count), 6);
}

/** An address as one number, in network order. */
export function bigIntOfAddress(address: Address): bigint {
  if (typeof address === 'number') return BigInt(address);
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return BigInt(`0x${[...before, ...gap, ...after].map((group) => group.padStart(4, '0')).join('')}`);
}

export function addressOfBigInt(value: bigint, family: Family): Address {
  if (family === 4) return Number(value);
  const digits = value.toString(16).padStart(32, '0');
  return addressOf(digits.match(/.{4}/g)!.join(':'));
}
