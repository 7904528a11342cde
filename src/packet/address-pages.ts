/**
 * Integers by IPv4 address, 256 addresses to a page: those of a node's pods lie together, in a few cache lines. A page is made
 * for an address that has something; what has nothing is not remembered.
 */
import { ABSENT, Slots } from './program/slots.ts';

const PAGE_SIZE = 256;
/** in a page: nothing is known of that address */
const UNKNOWN = -1;

export class AddressPages {
  /** the page's number by the first 24 bits */
  readonly #pages = new Slots();
  #words = new Int32Array(0);
  #pageCount = 0;

  /** What was set for the address; below 0 where nothing was. */
  get(address: number): number {
    const page = this.#pages.get(address >>> 8, 0);
    return page === ABSENT ? UNKNOWN : this.#words[page * PAGE_SIZE + (address & 255)]!;
  }

  /** `value`: 0 or above */
  set(address: number, value: number): void {
    let page = this.#pages.get(address >>> 8, 0);
    if (page === ABSENT) {
      page = this.#pageCount++;
      this.#pages.add(address >>> 8, 0, page);
      if (this.#words.length < this.#pageCount * PAGE_SIZE) this.#grow();
    }
    this.#words[page * PAGE_SIZE + (address & 255)] = value;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#pageCount * PAGE_SIZE).fill(UNKNOWN);
    grown.set(this.#words);
    this.#words = grown;
  }
}
