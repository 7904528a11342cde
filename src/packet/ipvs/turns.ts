/** rr on one host: whose turn it is at each virtual server. What nearly all hosts use: nothing is allocated for a connection. */
import type { RealServer } from '../../dataplane/index.ts';
import type { Destination } from './destinations.ts';
import { lastPosition, nextInTurn } from './scheduler.ts';

/** Virtual servers are numbered through; a host has pages only for those that it has balanced, and their neighbours. */
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;

export class Turns {
  /** two integers for a virtual server: its edition when its last turn was taken, and the position of who took it */
  readonly #pages: (Int32Array | undefined)[] = [];
  /** by virtual server: its real servers then */
  readonly #realServers = new Map<number, readonly RealServer[]>();

  /** The position of the next real server; -1 where none takes connections. */
  next(destination: Destination): number {
    const { number, edition, turns } = destination;
    const page = this.#pages[number >> PAGE_BITS];
    const at = 2 * (number & (PAGE - 1));
    const last = page !== undefined && page[at] === edition ? page[at + 1]! : this.#lastAmong(destination, page);
    if (turns.length === 0) return nextInTurn(destination.realServers, last);
    return 2 * (last + 1) < turns.length ? last + 1 : 0;
  }

  took(destination: Destination, position: number): void {
    const { number, edition } = destination;
    const page = this.#pages[number >> PAGE_BITS] ?? this.#newPage(number);
    const at = 2 * (number & (PAGE - 1));
    if (page[at] !== edition) {
      page[at] = edition;
      this.#realServers.set(number, destination.realServers);
    }
    page[at + 1] = position;
  }

  /** Where the last one stands now that the real servers may be others; -1 before the first turn. */
  #lastAmong({ realServers, number }: Destination, page: Int32Array | undefined): number {
    const servers = this.#realServers.get(number);
    if (page === undefined || servers === undefined) return -1;
    return lastPosition(realServers, { servers, last: page[2 * (number & (PAGE - 1)) + 1]! });
  }

  #newPage(number: number): Int32Array {
    const page = new Int32Array(2 * PAGE);
    this.#pages[number >> PAGE_BITS] = page;
    return page;
  }
}
