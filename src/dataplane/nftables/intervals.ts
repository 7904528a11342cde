/**
 * The members of an anonymous set as the kernel has them: where one is an interval, all are, and those that overlap or touch
 * are one. Source: nftables 1.0.6, src/intervals.c (set_automerge), src/segtree.c; seen in its output.
 */
import { type Address, type Cidr, type Family, formatAddress, maskOf } from '../../model/index.ts';
import { addressNumber, addressOfNumber } from './address-number.ts';
import { isCidr } from './datum-text.ts';
import type { NftMember } from './ruleset.ts';

interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

const bitsOf = (family: Family) => (family === 4 ? 32 : 128);

function intervalOf(member: NftMember): Interval {
  if (!isCidr(member)) return { first: addressNumber(member), last: addressNumber(member) };
  const first = addressNumber(member.network);
  return { first, last: first + (1n << BigInt(bitsOf(member.family) - member.prefixLength)) - 1n };
}

/** `a/n` where the interval is a network, `a` where it is one address, else `a-b`. */
function intervalText({ first, last }: Interval, family: Family): string {
  const text = (number: bigint): string => formatAddress(addressOfNumber(number, family));
  if (first === last) return text(first);
  const size = last - first + 1n;
  const isNetwork = (size & (size - 1n)) === 0n && first % size === 0n;
  return isNetwork
    ? `${text(first)}/${bitsOf(family) - (size.toString(2).length - 1)}`
    : `${text(first)}-${text(last)}`;
}

function merged(sorted: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  for (const next of sorted) {
    const before = result.at(-1);
    if (before === undefined || next.first > before.last + 1n) result.push(next);
    else if (next.last > before.last) result[result.length - 1] = { first: before.first, last: next.last };
  }
  return result;
}

/** Addresses and CIDRs of one family, as `nft list` prints them within braces. */
export function intervalTexts(members: readonly NftMember[], family: Family): readonly string[] {
  const sorted = members.map(intervalOf).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  if (members.some((member) => isCidr(member))) return merged(sorted).map((each) => intervalText(each, family));
  return [...new Set(sorted.map((each) => intervalText(each, family)))];
}

/** The fewest networks that make up the interval from `first` to `last`. */
export function cidrsOfRange(first: Address, last: Address, family: Family): readonly Cidr[] {
  const cidrs: Cidr[] = [];
  const end = addressNumber(last);
  for (let from = addressNumber(first); from <= end; ) {
    let bits = 0;
    while (bits < bitsOf(family) && from % (2n << BigInt(bits)) === 0n && from + (2n << BigInt(bits)) - 1n <= end)
      bits++;
    const prefixLength = bitsOf(family) - bits;
    const mask = family === 4 ? maskOf(prefixLength) : 0;
    cidrs.push({ family, network: addressOfNumber(from, family), prefixLength, mask });
    from += 1n << BigInt(bits);
  }
  return cidrs;
}
