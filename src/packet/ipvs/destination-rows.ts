/**
 * What is at addresses and ports, a typed row for each: a packet for a virtual server reads a line or two of memory, however
 * many virtual servers there are.
 *
 * ```text
 *   address ──► row of a port ──► … ──► row of the address alone
 *   row         ROW_WORDS integers, then address and port of each real server that takes its turn
 * ```
 *
 * A row never changes but for the ones that come after it at its address, and none is used twice: who has kept one may read it.
 */
import {
  numberOfAddress,
  PERSISTENT,
  type RealServer,
  type VirtualServer,
  virtualServerName,
} from '../../dataplane/index.ts';
import { AddressPages } from '../address-pages.ts';
import { realServersOf } from './scheduler.ts';

/** The row of every address at which there is nothing, whatever the port. */
export const IDLE = 0;
/** no such row */
export const NOTHING = -1;

/** integers of a row: port << 8 | protocol, or ADDRESS_ALONE */
export const KEY = 0;
/** the next row of the same address; NOTHING for the last */
export const NEXT = 1;
/** 1: the host has taken the address for its own */
export const BOUND = 2;
/** see `IpvsState.setsAt` */
export const SETS = 3;
/** the virtual server's number, the same on all hosts and at all times; -1 where there is none */
export const NUMBER = 4;
/** another for each row: two with the same have the same real servers */
export const EDITION = 5;
/** rr, where each real server takes connections and no client keeps one: how many there are; else 0 */
export const TURNS = 6;
export const ROW_WORDS = 8;

export const ADDRESS_ALONE = -1;

/** Addresses with nothing are as many as somebody cares to try: they are remembered as long as this many pages suffice. */
const PAGES_MAX = 4096;
/** below this much it does not matter what was forgotten */
const FORGOTTEN_MIN = 1 << 12;

let editions = 0;

export class DestinationRows {
  readonly #pages = new AddressPages();
  #words = new Int32Array(ROW_WORDS);
  /** words in use, and how many of them nobody finds any more */
  #used = ROW_WORDS;
  #forgotten = 0;
  /** by edition */
  readonly #servers = new Map<number, VirtualServer>();

  constructor() {
    this.#words.set([ADDRESS_ALONE, NOTHING, 0, 0, -1, 0, 0, 0], IDLE);
  }

  /** to be read at a row, or beyond */
  get words(): Int32Array {
    return this.#words;
  }

  /** Whether more was forgotten than is left. */
  get isWorn(): boolean {
    return this.#forgotten > FORGOTTEN_MIN && 2 * this.#forgotten > this.#used;
  }

  /** The first row of an address; NOTHING where it is not known. */
  at(address: number): number {
    return this.#pages.get(address);
  }

  addIdle(address: number): void {
    if (this.#pages.size < PAGES_MAX) this.#pages.set(address, IDLE);
  }

  /** Files what an address has in common at all ports, and returns its row. */
  addAddress(address: number, isBound: boolean): number {
    const row = this.#newRow(ADDRESS_ALONE, NOTHING, isBound ? 1 : 0, 0);
    this.#pages.set(address, row);
    return row;
  }

  /** Files a virtual server at an address that is known, and returns its row. */
  addServer(address: number, key: number, sets: number, server: VirtualServer): number {
    const first = this.at(address);
    const turns = turnsOf(server);
    const row = this.#newRow(key, first, this.#words[first + BOUND]!, turns.length);
    const words = this.#words;
    words[row + SETS] = sets;
    words[row + NUMBER] = numberOfServer(virtualServerName(server));
    words[row + TURNS] = turns.length / 2;
    words.set(turns, row + ROW_WORDS);
    this.#servers.set(words[row + EDITION]!, server);
    this.#pages.set(address, row);
    return row;
  }

  /** The row of a port at the same address as this one; NOTHING where it is not known. */
  among(row: number, key: number): number {
    const words = this.#words;
    let found = row;
    while (found !== NOTHING && words[found + KEY] !== key) found = words[found + NEXT]!;
    return found;
  }

  /** The virtual server of a row that has one. */
  server(row: number): VirtualServer {
    return this.#servers.get(this.#words[row + EDITION]!)!;
  }

  /** An address is not known any more; its rows can still be read. */
  forget(address: number): void {
    const words = this.#words;
    for (let row = this.at(address); row > IDLE; row = words[row + NEXT]!)
      this.#forgotten += ROW_WORDS + 2 * words[row + TURNS]!;
    this.#pages.forget(address);
  }

  #newRow(key: number, next: number, bound: number, more: number): number {
    const row = this.#used;
    this.#used += ROW_WORDS + more;
    if (this.#used > this.#words.length) this.#grow();
    this.#words.set([key, next, bound, 0, -1, ++editions, 0, 0], row);
    return row;
  }

  #grow(): void {
    const words = new Int32Array(2 * this.#used);
    words.set(this.#words);
    this.#words = words;
  }
}

/** Address and port of each real server, where they take turns and do nothing else. */
function turnsOf(server: VirtualServer): readonly number[] {
  const realServers: readonly RealServer[] = realServersOf(server);
  const isPlain = server.scheduler === 'rr' && (server.flags & PERSISTENT) === 0;
  if (!isPlain || realServers.some(({ weight }) => weight <= 0)) return [];
  return realServers.flatMap(({ address, port }) => [numberOfAddress(address), port]);
}

/** Interning: which number a name gets never shows in an outcome. */
const numbers = new Map<string, number>();

function numberOfServer(name: string): number {
  let number = numbers.get(name);
  if (number === undefined) numbers.set(name, (number = numbers.size));
  return number;
}
