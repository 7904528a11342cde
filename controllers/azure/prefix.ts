/**
 * Address prefixes as access rules need them: properly masked, and aggregated where they overlap or lie side by side.
 * Source: cloud-provider-azure pkg/util/iputil (prefix.go), whose messages are Go's net/netip's.
 */
import { type Address, type Cidr, contains, formatAddress, parseAddress, parseCidr } from '../../src/model/index.ts';
import { SyncError } from './sync-error.ts';

export interface Prefix {
  /** in canonical form: `10.0.0.0/8` */
  readonly text: string;
  readonly cidr: Cidr;
  /** the network's bits, first bit first: prefixes sort and merge by them */
  readonly bits: bigint;
}

/** Throws a `SyncError` where the text is no prefix, or has bits set beyond its length. */
export function parsePrefix(text: string): Prefix {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new SyncError(`invalid CIDR \`${text}\`: ${complaint(text)}`);
  const masked = `${formatAddress(cidr.network)}/${cidr.prefixLength}`;
  if (parseAddress(text.slice(0, text.indexOf('/'))) === cidr.network) return prefixOf(cidr);
  throw new SyncError(`invalid CIDR \`${text}\`: not a valid network prefix, should be properly masked like ${masked}`);
}

/** What Go's netip.ParsePrefix says of a text that is no prefix. */
function complaint(text: string): string {
  const quoted = `netip.ParsePrefix(${JSON.stringify(text)})`;
  const slash = text.lastIndexOf('/');
  if (slash < 0) return `${quoted}: no '/'`;
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  if (parseAddress(address) === undefined) return `${quoted}: ${addressComplaint(address)}`;
  if (!/^(0|[1-9]\d*)$/.test(length)) return `${quoted}: bad bits after slash: ${JSON.stringify(length)}`;
  return `${quoted}: prefix length out of range`;
}

/** What Go's netip.ParseAddr says of a text that is no address, for the cases that people meet. */
export function addressComplaint(text: string): string {
  const quoted = `ParseAddr(${JSON.stringify(text)})`;
  if (text === '') return `${quoted}: unable to parse IP`;
  if (text.includes(':')) return `${quoted}: ${ipv6Complaint(text)}`;
  if (!text.includes('.')) return `${quoted}: unable to parse IP`;
  return `${quoted}: ${ipv4Complaint(text)}`;
}

function ipv4Complaint(text: string): string {
  const fields = text.split('.');
  for (const [i, field] of fields.entries()) {
    if (i === 4) return 'IPv4 address too long';
    if (field === '') {
      const rest = fields.slice(i).join('.');
      return rest === ''
        ? 'unexpected end of input'
        : `IPv4 field must have at least one digit (at ${JSON.stringify(rest)})`;
    }
    const bad = /[^0-9]/.exec(field);
    if (bad !== null) {
      const rest = [field.slice(bad.index), ...fields.slice(i + 1)].join('.');
      return `unexpected character (at ${JSON.stringify(rest)})`;
    }
    if (field.length > 1 && field.startsWith('0')) return 'IPv4 field has octet with leading zero';
    if (Number(field) > 255) return 'IPv4 field has value >255';
  }
  return 'IPv4 address too short';
}

function ipv6Complaint(text: string): string {
  const bad = /[^0-9a-fA-F:.%]/.exec(text);
  if (bad === null) return 'address string too short';
  return `each colon-separated field must have at least one digit (at ${JSON.stringify(text.slice(bad.index))})`;
}

function prefixOf(cidr: Cidr): Prefix {
  return { text: `${formatAddress(cidr.network)}/${cidr.prefixLength}`, cidr, bits: bitsOf(cidr.network) };
}

function bitsOf(address: Address): bigint {
  if (typeof address === 'number') return BigInt(address);
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...before, ...new Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** Whether one of them is everything. */
export function allowsAll(prefixes: readonly Prefix[]): boolean {
  return prefixes.some(({ cidr }) => cidr.prefixLength === 0);
}

/** The fewest prefixes that hold the same addresses: those of IPv4 first, each family in order. */
export function aggregate(prefixes: readonly Prefix[]): readonly Prefix[] {
  return [4, 6].flatMap((family) => aggregateFamily(prefixes.filter(({ cidr }) => cidr.family === family)));
}

function aggregateFamily(prefixes: readonly Prefix[]): readonly Prefix[] {
  const sorted = [...prefixes].sort(byNetwork);
  const kept: Prefix[] = [];
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last !== undefined && holds(last, prefix)) continue;
    kept.push(prefix);
    mergeLast(kept);
  }
  return kept;
}

function byNetwork(a: Prefix, b: Prefix): number {
  if (a.bits !== b.bits) return a.bits < b.bits ? -1 : 1;
  return a.cidr.prefixLength - b.cidr.prefixLength;
}

function holds(outer: Prefix, inner: Prefix): boolean {
  return outer.cidr.prefixLength <= inner.cidr.prefixLength && contains(outer.cidr, inner.cidr.network);
}

/** Merges the last two as long as they are the halves of one. */
function mergeLast(kept: Prefix[]): void {
  while (kept.length >= 2) {
    const merged = mergeAdjacent(kept.at(-2)!, kept.at(-1)!);
    if (merged === undefined) return;
    kept.splice(-2, 2, merged);
  }
}

/** The prefix that two are the halves of; undefined where they are not. */
export function mergeAdjacent(a: Prefix, b: Prefix): Prefix | undefined {
  const { family, prefixLength } = a.cidr;
  if (family !== b.cidr.family || prefixLength !== b.cidr.prefixLength || prefixLength === 0) return undefined;
  const half = 1n << BigInt((family === 4 ? 32 : 128) - prefixLength);
  if ((a.bits ^ b.bits) !== half) return undefined;
  return prefixOf(parseCidr(`${formatAddress(a.cidr.network)}/${prefixLength - 1}`)!);
}
