/**
 * Sends a packet to the code for its destination: that of the rules of a long chain which can match it, or of the element that
 * it finds in a set. What each destination comes to is worked out once and kept.
 *
 * ```text
 *   destination ──► idle address: nothing here, whatever the port
 *              └──► the same on all nodes: place in the code
 *                          └─ nodes differ ──► this node's place in the code
 * ```
 */
import type { Flight } from '../flight.ts';
import type { IdleAddresses } from './idle-addresses.ts';
import { NODES_DIFFER, NOWHERE } from './instructions.ts';
import type { KnownBy } from './known.ts';
import { ABSENT, Slots } from './slots.ts';

/** What answers where the memo does not know. Places are those of the code; NOWHERE for nothing. */
export interface Destinations {
  readonly by: KnownBy;
  /** whether nothing is to be found at the packet's address, whatever its port and whichever the node */
  isIdleAt(flight: Flight): boolean;
  /** the place on every node; undefined where nodes differ */
  shared(flight: Flight): number | undefined;
  /** the place on the node of this dispatch */
  own(flight: Flight): number;
}

export class Dispatch {
  readonly #destinations: Destinations;
  readonly #isKept: boolean;
  /** all bits where it counts, none where not */
  readonly #addressMask: number;
  readonly #portMask: number;
  readonly #idle: IdleAddresses;
  /** made when a packet finds something, where it is not given */
  #shared: Slots | undefined;
  /** most dispatches meet nothing in which nodes differ */
  #own: Slots | undefined;

  /** `idle`, `shared`: memos that other dispatches may have too; without the latter, it has one of its own */
  constructor(destinations: Destinations, idle: IdleAddresses, shared?: Slots) {
    this.#destinations = destinations;
    this.#isKept = destinations.by !== 'anything';
    this.#addressMask = destinations.by === 'port' ? 0 : -1;
    this.#portMask = destinations.by === 'address' ? 0 : -1;
    this.#idle = idle;
    this.#shared = shared;
  }

  /** The place of the code for this packet, or NOWHERE. */
  find(flight: Flight): number {
    // Compared, for whatever else might stand there would be asked whether it is as good as true.
    if (this.#isKept === false) return this.#destinations.own(flight);
    const address = flight.destination & this.#addressMask;
    if (this.#idle.has(address)) return NOWHERE;
    const port = ((flight.destinationPort << 8) | flight.protocol) & this.#portMask;
    const place = this.#shared === undefined ? ABSENT : this.#shared.get(address, port);
    if (place === ABSENT) return this.#workOut(flight, address, port);
    return place === NODES_DIFFER ? this.#find(flight, address, port) : place;
  }

  #workOut(flight: Flight, address: number, port: number): number {
    if (this.#destinations.isIdleAt(flight)) {
      this.#idle.add(address);
      return NOWHERE;
    }
    const place = this.#destinations.shared(flight);
    this.#shared ??= new Slots();
    this.#shared.add(address, port, place ?? NODES_DIFFER);
    return place ?? this.#find(flight, address, port);
  }

  #find(flight: Flight, address: number, port: number): number {
    this.#own ??= new Slots();
    const known = this.#own.get(address, port);
    if (known !== ABSENT) return known;
    const place = this.#destinations.own(flight);
    this.#own.add(address, port, place);
    return place;
  }
}
