/**
 * What is known of a packet while code for it is assembled, because it was dispatched by it: tests whose answer follows from
 * that need not be asked.
 */
import type { Flight } from '../flight.ts';

export interface Known {
  /** as a number: see address-numbers.ts */
  readonly destination: number | undefined;
  /** with the protocol, or neither */
  readonly destinationPort: number | undefined;
  readonly protocol: number | undefined;
}

/** What decides where a packet goes; ports go with the protocol. `anything`: more than its destination. */
export type KnownBy = 'address' | 'port' | 'address and port' | 'anything';

export const NOTHING_KNOWN: Known = { destination: undefined, destinationPort: undefined, protocol: undefined };

export function knownOf({ destination, destinationPort, protocol }: Flight, by: KnownBy): Known {
  if (by === 'anything') return NOTHING_KNOWN;
  if (by === 'address') return { ...NOTHING_KNOWN, destination };
  return { destination: by === 'port' ? undefined : destination, destinationPort, protocol };
}

export function isSame(a: Known, b: Known): boolean {
  return a.destination === b.destination && a.destinationPort === b.destinationPort && a.protocol === b.protocol;
}
