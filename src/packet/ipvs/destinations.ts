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
  PERSISTENT,
  type RealServer,
  type VirtualServer,
  virtualServerName,
} from '../../dataplane/index.ts';
import type { ProtocolNumber } from '../../model/index.ts';
import { AddressMemo } from './address-memo.ts';
import { realServersOf } from './scheduler.ts';

let editions = 0;

/** What is at one address and port. What every packet asks for comes first: it then lies in few cache lines. */
export class Destination {
  /** port << 8 | protocol; -1 where it stands for the address alone */
  readonly key: number;
  readonly isBound: boolean;
  /** see `IpvsState.setsAt` */
  readonly sets: number;
  /** the virtual server's number, the same on all hosts and at all times; -1 where there is none */
  readonly number: number;
  /** another for each that is made: two with the same have the same real servers */
  readonly edition = ++editions;
  /** rr, where each real server takes connections and no client keeps one: address and port of each in turn; else empty */
  readonly turns: readonly number[];
  /** at another port of the same address */
  next: Destination | undefined = undefined;
  readonly server: VirtualServer | undefined;
  /** its real servers in the scheduler's order */
  readonly realServers: readonly RealServer[];

  constructor(isBound: boolean, key: number, sets: number, server: VirtualServer | undefined) {
    this.key = key;
    this.isBound = isBound;
    this.sets = sets;
    this.number = server === undefined ? -1 : numberOfServer(virtualServerName(server));
    this.turns = server === undefined ? [] : turnsOf(server);
    this.server = server;
    this.realServers = server === undefined ? [] : realServersOf(server);
  }
}

function turnsOf(server: VirtualServer): readonly number[] {
  const realServers = realServersOf(server);
  const isPlain = server.scheduler === 'rr' && (server.flags & PERSISTENT) === 0;
  if (!isPlain || realServers.some(({ weight }) => weight <= 0)) return [];
  return realServers.flatMap(({ address, port }) => [numberOfAddress(address), port]);
}

const IDLE = new Destination(false, -1, 0, undefined);

/** Interning: which number a name gets never shows in an outcome. */
const numbers = new Map<string, number>();

function numberOfServer(name: string): number {
  let number = numbers.get(name);
  if (number === undefined) numbers.set(name, (number = numbers.size));
  return number;
}

type Memo = AddressMemo<Destination>;

/** A memo of what nodes have in common, and the version that it is of. */
interface SharedMemo {
  of: IpvsShared;
  readonly memo: Memo;
}

const memos = new WeakMap<IpvsShared, SharedMemo>();

/** The memo of a version: taken over from the one before, where that has one. */
function memoOf(shared: IpvsShared, before: IpvsShared | undefined): SharedMemo {
  let memo = memos.get(shared) ?? (before && takenOver(shared, before));
  if (memo === undefined) memo = { of: shared, memo: new AddressMemo(IDLE) };
  memos.set(shared, memo);
  return memo;
}

function takenOver(shared: IpvsShared, before: IpvsShared): SharedMemo | undefined {
  const earlier = memos.get(before);
  const changed = earlier === undefined ? undefined : shared.changedSince(before);
  if (earlier === undefined || changed === undefined) return undefined;
  for (const address of changed) earlier.memo.forget(numberOfAddress(address));
  memos.delete(before);
  earlier.of = shared;
  return earlier;
}

/** A packet's addresses at one host are few, and each is asked for several times in a row. */
const RECENT = 16;

export class Destinations {
  readonly #state: IpvsState;
  #revision = -1;
  #shared: SharedMemo | undefined;
  /** where this host differs */
  #own: Memo = new AddressMemo(IDLE);
  readonly #recentAddresses = new Int32Array(RECENT);
  readonly #recent: Destination[] = new Array<Destination>(RECENT).fill(IDLE);

  constructor(state: IpvsState) {
    this.#state = state;
  }

  /** One of what is at an address, as its number: each tells whether the host has bound it. */
  at(address: number): Destination {
    if (this.#revision !== this.#state.revision) this.#follow();
    const place = recentPlace(address);
    if (this.#recentAddresses[place] === address) return this.#recent[place]!;
    return this.#find(address, place);
  }

  /** `key`: port << 8 | protocol */
  find(address: number, key: number): Destination {
    const first = this.at(address);
    if (first.key === key || first === IDLE) return first;
    return among(first.next, key) ?? this.#workOutPort(address, key);
  }

  #find(address: number, place: number): Destination {
    const memo = this.#memoFor(address);
    const found = memo.get(address) ?? this.#workOut(address, memo);
    this.#recentAddresses[place] = address;
    this.#recent[place] = found;
    return found;
  }

  #follow(): void {
    this.#revision = this.#state.revision;
    this.#shared = memoOf(this.#state.shared, this.#shared?.of);
    this.#own = new AddressMemo(IDLE);
    // No packet is on its way to or from 0.0.0.0, nor from the first IPv6 address that was filed.
    this.#recentAddresses.fill(0);
    this.#recent.fill(IDLE);
  }

  #memoFor(address: number): Memo {
    const { shared, family } = this.#state;
    if (this.#state.differsAt(addressOfNumber(family, address))) return this.#own;
    // Another host may have taken the memo on to a later version.
    if (this.#shared?.of !== shared) this.#shared = memoOf(shared, undefined);
    return this.#shared.memo;
  }

  #workOut(number: number, memo: Memo): Destination {
    const state = this.#state;
    const address = addressOfNumber(state.family, number);
    const isIdle = state.isIdleAt(address);
    const at = isIdle ? IDLE : new Destination(state.hasBound(address), -1, 0, undefined);
    memo.add(number, at);
    return at;
  }

  #workOutPort(number: number, key: number): Destination {
    const state = this.#state;
    const memo = this.#memoFor(number);
    const first = memo.get(number) ?? this.#workOut(number, memo);
    const known = among(first, key);
    if (known !== undefined) return known;
    const address = addressOfNumber(state.family, number);
    const [port, protocol] = [key >> 8, (key & 0xff) as ProtocolNumber];
    const server = state.server(address, port, protocol);
    const at = new Destination(first.isBound, key, state.setsAt(address, port, protocol), server);
    // Ports with nothing there are as many as somebody cares to try.
    if (server === undefined) return at;
    at.next = first;
    memo.replace(number, at);
    this.#recent[recentPlace(number)] = at;
    return at;
  }
}

function among(first: Destination | undefined, key: number): Destination | undefined {
  for (let at = first; at !== undefined; at = at.next) if (at.key === key) return at;
  return undefined;
}

function recentPlace(address: number): number {
  return (address ^ (address >>> 8) ^ (address >>> 16)) & (RECENT - 1);
}
