/**
 * What IPVS and the IP sets have at a packet's destination, worked out once and kept: a packet asks for the same several times,
 * once in each rule that names a set. What nodes have in common is kept for all of them, and follows a change of the Services
 * at the addresses that it concerns.
 *
 * ```text
 *   address ──► idle: nothing here, whatever the port
 *          └──► bound or not ──► port, protocol ──► sets, virtual server
 * ```
 */
import {
  addressOfNumber,
  type IpvsShared,
  type IpvsState,
  numberOfAddress,
  type VirtualServer,
  virtualServerName,
} from '../../dataplane/index.ts';
import type { ProtocolNumber } from '../../model/index.ts';

/** addresses that are kept at most: then a memo is begun anew */
const ADDRESSES_MAX = 1 << 18;

export interface Destination {
  readonly port: number;
  readonly protocol: number;
  /** see `IpvsState.setsAt` */
  readonly sets: number;
  readonly server: VirtualServer | undefined;
  /** the virtual server's name; empty where there is none */
  readonly name: string;
}

/** What is known of one address. */
export class AtAddress {
  readonly isBound: boolean;
  /** most addresses have a port or two */
  readonly ports: Destination[] = [];

  constructor(isBound: boolean) {
    this.isBound = isBound;
  }
}

export const IDLE = new AtAddress(false);
export const NOTHING: Destination = { port: 0, protocol: 0, sets: 0, server: undefined, name: '' };

/** What nodes have in shared. */
class SharedMemo {
  of: IpvsShared;
  readonly #addresses = new Map<number, AtAddress>();

  constructor(of: IpvsShared) {
    this.of = of;
  }

  get(address: number): AtAddress | undefined {
    return this.#addresses.get(address);
  }

  set(address: number, at: AtAddress): void {
    if (this.#addresses.size >= ADDRESSES_MAX) this.#addresses.clear();
    this.#addresses.set(address, at);
  }

  /** Goes on to a later version, which differs at these addresses. */
  moveTo(of: IpvsShared, changed: Iterable<number>): void {
    this.of = of;
    for (const address of changed) this.#addresses.delete(address);
  }
}

const memos = new WeakMap<IpvsShared, SharedMemo>();

/** The memo of a version: taken over from the one before, where that has one. */
function memoOf(shared: IpvsShared, before: IpvsShared | undefined): SharedMemo {
  const known = memos.get(shared);
  if (known !== undefined) return known;
  const earlier = before === undefined ? undefined : memos.get(before);
  const changed = before === undefined || earlier === undefined ? undefined : shared.changedSince(before);
  const memo = earlier === undefined || changed === undefined ? new SharedMemo(shared) : earlier;
  if (before !== undefined && memo === earlier && changed !== undefined) {
    memos.delete(before);
    memo.moveTo(shared, [...changed].map(numberOfAddress));
  }
  memos.set(shared, memo);
  return memo;
}

export class Destinations {
  readonly #state: IpvsState;
  #revision = -1;
  #memo: SharedMemo | undefined;
  /** where this host differs */
  readonly #own = new Map<number, AtAddress>();
  #askedAddress = 0;
  #asked: AtAddress | undefined;

  constructor(state: IpvsState) {
    this.#state = state;
  }

  /** What is at an address, as its number. */
  at(address: number): AtAddress {
    if (this.#revision !== this.#state.revision) this.#follow();
    if (this.#asked !== undefined && this.#askedAddress === address) return this.#asked;
    const differs = this.#state.differsAt(addressOfNumber(this.#state.family, address));
    const known = differs ? this.#own.get(address) : this.#memoised().get(address);
    const at = known ?? this.#workOut(address, differs);
    this.#asked = at;
    this.#askedAddress = address;
    return at;
  }

  find(address: number, port: number, protocol: number): Destination {
    const at = this.at(address);
    if (at === IDLE) return NOTHING;
    for (const destination of at.ports)
      if (destination.port === port && destination.protocol === protocol) return destination;
    return this.#workOutPort(at, address, port, protocol as ProtocolNumber);
  }

  #follow(): void {
    this.#revision = this.#state.revision;
    this.#memo = memoOf(this.#state.shared, this.#memo?.of);
    this.#own.clear();
    this.#asked = undefined;
  }

  /** Another host may have taken the memo on to a later version. */
  #memoised(): SharedMemo {
    const { shared } = this.#state;
    if (this.#memo?.of !== shared) this.#memo = memoOf(shared, undefined);
    return this.#memo;
  }

  #workOut(number: number, differs: boolean): AtAddress {
    const state = this.#state;
    const address = addressOfNumber(state.family, number);
    const at = state.isIdleAt(address) ? IDLE : new AtAddress(state.hasBound(address));
    if (differs) this.#own.set(number, at);
    else this.#memoised().set(number, at);
    return at;
  }

  #workOutPort(at: AtAddress, number: number, port: number, protocol: ProtocolNumber): Destination {
    const state = this.#state;
    const address = addressOfNumber(state.family, number);
    const server = state.server(address, port, protocol);
    const sets = state.setsAt(address, port, protocol);
    const name = server === undefined ? '' : virtualServerName(server);
    const destination = { port, protocol, sets, server, name };
    // Ports with nothing there are as many as somebody cares to try.
    if (server !== undefined) at.ports.push(destination);
    return destination;
  }
}
