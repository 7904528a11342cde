/** Tests of what a packet's header says, in whatever words a rule asks: addresses, protocol, ports. */
import { numberOfAddress, sharesPrefix, wordsOfIpv6 } from '../../dataplane/index.ts';
import type { Cidr } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import type { Answered, Test } from './assembler.ts';
import { CHANCE, DESTINATION, DESTINATION_PORT, SOURCE } from './instructions.ts';
import type { Known } from './known.ts';

/** A test that compares one number, with its answer where that number is known. */
export function answered(test: Test & { readonly a: number }, value: number | undefined): Answered {
  return value === undefined ? test : (value === test.a) !== test.inverted;
}

export function cidrTest(cidr: Cidr, side: 'source' | 'destination', inverted: boolean, known: Known): Answered {
  if (side === 'destination' && known.destination !== undefined) return isInside(cidr, known.destination) !== inverted;
  const operation = side === 'source' ? SOURCE : DESTINATION;
  if (cidr.family === 4) return { operation, a: numberOfAddress(cidr.network), b: cidr.mask | 0, inverted };
  const prefix = wordsOfIpv6(numberOfAddress(cidr.network));
  const address = side === 'source' ? (flight: Flight) => flight.source : (flight: Flight) => flight.destination;
  return { ask: (flight) => sharesPrefix(prefix, wordsOfIpv6(address(flight)), cidr.prefixLength), inverted };
}

function isInside({ family, network, mask, prefixLength }: Cidr, address: number): boolean {
  if (family === 4) return (address & mask) === numberOfAddress(network);
  return sharesPrefix(wordsOfIpv6(numberOfAddress(network)), wordsOfIpv6(address), prefixLength);
}

/** `operation`: SOURCE_PORT or DESTINATION_PORT */
export function portTest(
  operation: number,
  [first, last]: readonly [number, number],
  inverted: boolean,
  known: Known,
): Answered {
  const port = operation === DESTINATION_PORT ? known.destinationPort : undefined;
  return port === undefined ? { operation, a: first, b: last, inverted } : (port >= first && port <= last) !== inverted;
}

/** `threshold`: the chance in 2^31sts, as the kernel keeps it */
export function chanceTest(threshold: number): Test {
  return { operation: CHANCE, a: threshold, b: 0, inverted: false, hasEffect: true };
}
