/** Addresses as one number each, to be ordered and merged: for printers, never on the way of a packet. */
import { type Address, type Family, parseAddress } from '../../model/index.ts';
import { numberOfAddress, wordsOfIpv6 } from '../address-numbers.ts';

export function addressNumber(address: Address): bigint {
  if (typeof address === 'number') return BigInt(address);
  let number = 0n;
  for (const word of wordsOfIpv6(numberOfAddress(address))) number = (number << 32n) | BigInt(word >>> 0);
  return number;
}

export function addressOfNumber(number: bigint, family: Family): Address {
  if (family === 4) return Number(number);
  const groups = Array.from({ length: 8 }, (_, i) => ((number >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const address = parseAddress(groups.join(':'));
  if (address === undefined) throw new Error(`not an IPv6 address: ${number}`);
  return address;
}
