/**
 * Addresses as 32-bit integers, for the way of a packet: an IPv4 address is its own bits, an IPv6 address the number under
 * which its text is filed here. Filing is interning: which number a text gets never shows in an outcome.
 */
import type { Address, Family, Ipv6 } from '../model/index.ts';

const texts: Ipv6[] = [];
const words: Int32Array[] = [];
const numbers = new Map<Ipv6, number>();

/** The integer of an address. Comparable within one family only. */
export function numberOfAddress(address: Address): number {
  return typeof address === 'number' ? address | 0 : numberOfIpv6(address);
}

function numberOfIpv6(text: Ipv6): number {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  const number = texts.length;
  texts.push(text);
  words.push(parseWords(text));
  numbers.set(text, number);
  return number;
}

export function addressOfNumber(family: Family, number: number): Address {
  return family === 4 ? number >>> 0 : texts[number]!;
}

/** The four 32-bit words of a filed IPv6 address, first word first. */
export function wordsOfIpv6(number: number): Int32Array {
  return words[number]!;
}

/** Canonical text only: hexadecimal groups and at most one `::`. */
function parseWords(text: Ipv6): Int32Array {
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = new Array<number>(8).fill(0);
  before.forEach((group, i) => {
    groups[i] = Number.parseInt(group, 16);
  });
  after.forEach((group, i) => {
    groups[8 - after.length + i] = Number.parseInt(group, 16);
  });
  return Int32Array.from({ length: 4 }, (_, i) => (groups[2 * i]! << 16) | groups[2 * i + 1]!);
}

/** Whether the first `prefixLength` bits of two IPv6 addresses are the same. */
export function sharesPrefix(a: Int32Array, b: Int32Array, prefixLength: number): boolean {
  for (let word = 0, left = prefixLength; left > 0; word++, left -= 32) {
    const mask = left >= 32 ? -1 : ~(-1 >>> left);
    if (((a[word]! ^ b[word]!) & mask) !== 0) return false;
  }
  return true;
}
