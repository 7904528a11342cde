/**
 * Addresses as kube-proxy reads them from Services and slices: leading zeros in IPv4 are decimal and dropped.
 * Source: k8s.io/utils/net `ParseIPSloppy`, `ParseCIDRSloppy` (Go's parsers before 1.17).
 */
import { type Address, type Cidr, parseAddress, parseCidr } from '../../src/model/index.ts';

function withoutLeadingZeros(text: string): string {
  return text.includes(':') ? text : text.replace(/(^|\.)0+(?=\d)/g, '$1');
}

/** The address that `text` spells, or undefined. */
export function parseSloppyAddress(text: string): Address | undefined {
  return parseAddress(text) ?? parseAddress(withoutLeadingZeros(text));
}

/** The CIDR that `text` spells, host bits cleared, or undefined. */
export function parseSloppyCidr(text: string): Cidr | undefined {
  return parseCidr(withoutLeadingZeros(text).replace(/\/0+(?=\d)/, '/'));
}
