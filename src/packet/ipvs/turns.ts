/** rr on one host: whose turn it is at each virtual server. What nearly all hosts use: nothing is allocated for a connection. */
import type { RealServer } from '../../dataplane/index.ts';
import { type DestinationRows, EDITION, NUMBER, TURNS } from './destination-rows.ts';
import { lastPosition, nextInTurn, realServersOf } from './scheduler.ts';

/** Virtual servers are numbered through; a host has pages only for those that it has balanced, and their neighbours. */
const PAGE_BITS = 6;
/** two integers for a virtual server: its edition when its last turn was taken, and the position of who took it */
const PAGE_WORDS = 2 << PAGE_BITS;

export class Turns {
  /** where pages begin; 0: there is none */
  #pages = new Int32Array(0);
  /** the first page is nobody's: editions begin with 1 */
  #words = new Int32Array(PAGE_WORDS);
  #used = PAGE_WORDS;
  /** by virtual server: its real servers then */
  readonly #realServers = new Map<number, readonly RealServer[]>();

  /** The position of the next real server; -1 where none takes connections. */
  next(rows: DestinationRows, row: number): number {
    const { words } = rows;
    const count = words[row + TURNS]!;
    const at = this.#at(words[row + NUMBER]!);
    const isSame = this.#words[at] === words[row + EDITION];
    const last = isSame ? this.#words[at + 1]! : this.#lastAmong(rows, row, this.#words[at + 1]!);
    if (count === 0) return nextInTurn(realServersOf(rows.server(row)), last);
    return last + 1 < count ? last + 1 : 0;
  }

  took(rows: DestinationRows, row: number, position: number): void {
    const number = rows.words[row + NUMBER]!;
    const edition = rows.words[row + EDITION]!;
    const known = this.#at(number);
    const at = known < PAGE_WORDS ? this.#newPlace(number) : known;
    if (this.#words[at] !== edition) {
      this.#words[at] = edition;
      this.#realServers.set(number, realServersOf(rows.server(row)));
    }
    this.#words[at + 1] = position;
  }

  /** Where a virtual server's integers are; nobody's where it has none. */
  #at(number: number): number {
    const page = number >> PAGE_BITS;
    return (page < this.#pages.length ? this.#pages[page]! : 0) + ((2 * number) & (PAGE_WORDS - 1));
  }

  /** Where the last one stands now that the real servers may be others; -1 before the first turn. */
  #lastAmong(rows: DestinationRows, row: number, last: number): number {
    const servers = this.#realServers.get(rows.words[row + NUMBER]!);
    return servers === undefined ? -1 : lastPosition(realServersOf(rows.server(row)), { servers, last });
  }

  #newPlace(number: number): number {
    const page = number >> PAGE_BITS;
    if (page >= this.#pages.length) this.#pages = grown(this.#pages, 2 * page + 1);
    if (this.#used === this.#words.length) this.#words = grown(this.#words, 2 * this.#used);
    this.#pages[page] = this.#used;
    this.#used += PAGE_WORDS;
    return this.#at(number);
  }
}

function grown(words: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(words);
  return larger;
}
