/**
 * Sends a packet to the code for its destination: that of the rules of a long chain which can match it, or of the element that
 * it finds in a set. What each destination comes to is worked out once and kept.
 *
 * ```text
 *   destination ──► idle? ──► nothing here, whatever the port
 *              └──► shared: the same for all nodes ──► place in the code
 *                          └─ nodes differ ──► own ──► place in the code
 * ```
 */
import type { Flight } from '../flight.ts';
import type { KnownBy } from './known.ts';
import { ABSENT, Slots } from './slots.ts';

/** What answers where the memo does not know. Places are those of the code; -1 for nothing. */
export interface Destinations {
  readonly by: KnownBy;
  /** whether nothing is to be found at the packet's address, whatever its port and whichever the node */
  isIdleAt?(flight: Flight): boolean;
  /** the place on every node; undefined where nodes differ */
  shared(flight: Flight): number | undefined;
  /** the place on the node of this dispatch */
  own(flight: Flight): number;
}

/** What nodes have in common. */
export class SharedMemo {
  readonly idle = new Slots();
  readonly places = new Slots();
}

const NODES_DIFFER = -2;
const IDLE = 1;

export class Dispatch {
  readonly #destinations: Destinations;
  readonly #byAddress: boolean;
  readonly #byPort: boolean;
  readonly #shared: SharedMemo;
  readonly #own = new Slots();

  constructor(destinations: Destinations, shared: SharedMemo) {
    this.#destinations = destinations;
    this.#byAddress = destinations.by !== 'port';
    this.#byPort = destinations.by !== 'address';
    this.#shared = shared;
  }

  /** The place of the code for this packet, or -1. */
  find(flight: Flight): number {
    const address = this.#byAddress ? flight.destination : 0;
    const { idle, places } = this.#shared;
    if (idle.get(address, 0) === IDLE) return -1;
    const port = this.#byPort ? (flight.destinationPort << 8) | flight.protocol : 0;
    const shared = places.get(address, port);
    if (shared === ABSENT) return this.#workOut(flight, address, port);
    return shared === NODES_DIFFER ? this.#find(flight, address, port) : shared;
  }

  #workOut(flight: Flight, address: number, port: number): number {
    const { idle, places } = this.#shared;
    if (this.#destinations.isIdleAt?.(flight) === true) {
      idle.add(address, 0, IDLE);
      return -1;
    }
    const shared = this.#destinations.shared(flight);
    places.add(address, port, shared ?? NODES_DIFFER);
    return shared ?? this.#find(flight, address, port);
  }

  #find(flight: Flight, address: number, port: number): number {
    const known = this.#own.get(address, port);
    if (known !== ABSENT) return known;
    const place = this.#destinations.own(flight);
    this.#own.add(address, port, place);
    return place;
  }
}
