/**
 * The order in which nft lists the elements of a set: by value, where a concatenation counts as one number in the byte order
 * of a little-endian machine, so that its last field weighs most and each field's last byte first.
 * Source: nftables 1.0.6, src/segtree.c and src/mergesort.c (list_expr_sort), on x86-64 and arm64.
 */
import type { Address } from '../../model/index.ts';
import { addressNumber } from './address-number.ts';
import type { NftDatum, NftElement, NftType } from './ruleset.ts';

const BYTES: { readonly [T in NftType]: number } = {
  ipv4_addr: 4,
  ipv6_addr: 16,
  inet_proto: 1,
  inet_service: 2,
  ifname: 16,
  mark: 4,
};

function asNumber(datum: NftDatum, type: NftType): bigint {
  if (type === 'ipv4_addr' || type === 'ipv6_addr') return addressNumber(datum as Address);
  return typeof datum === 'number' ? BigInt(datum) : nameNumber(datum);
}

/** A name's characters, the first in the highest byte. */
function nameNumber(name: string): bigint {
  let number = 0n;
  for (let i = 0; i < BYTES.ifname; i++) number = (number << 8n) | BigInt(name.charCodeAt(i) || 0);
  return number;
}

function swapped(number: bigint, bytes: number): bigint {
  let result = 0n;
  for (let i = 0, rest = number; i < bytes; i++, rest >>= 8n) result = (result << 8n) | (rest & 0xffn);
  return result;
}

function weight(key: readonly NftDatum[], types: readonly NftType[]): bigint {
  if (types.length === 1) return asNumber(key[0]!, types[0]!);
  let result = 0n;
  for (let i = types.length - 1; i >= 0; i--) {
    const type = types[i]!;
    result = (result << 128n) | swapped(asNumber(key[i]!, type), BYTES[type]);
  }
  return result;
}

export function inListOrder(elements: readonly NftElement[], types: readonly NftType[]): readonly NftElement[] {
  const weighed = elements.map((element) => ({ element, weight: weight(element.key, types) }));
  weighed.sort((a, b) => (a.weight < b.weight ? -1 : a.weight > b.weight ? 1 : 0));
  return weighed.map(({ element }) => element);
}
