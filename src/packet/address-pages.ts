/**
 * Integers by IPv4 address, 256 addresses to a page: those of a node's pods lie together, in a few cache lines. A page is made
 * for an address that has something; what has nothing is not remembered.
 */
const PAGE_SIZE = 256;
/** in a page: nothing is known of that address */
const UNKNOWN = -1;

/** an entry of the directory, in open addressing: the first 24 bits, and where their page begins, 0 for none */
const ENTRY_WORDS = 2;
const ENTRIES_AT_FIRST = 8;

export class AddressPages {
  #directory = new Int32Array(ENTRIES_AT_FIRST * ENTRY_WORDS);
  /** the first page stays empty: it is that of all addresses without one */
  #words = new Int32Array(PAGE_SIZE).fill(UNKNOWN);
  #size = 0;

  /** how many pages there are */
  get size(): number {
    return this.#size;
  }

  /** What was set for the address; -1 where nothing was. */
  get(address: number): number {
    const directory = this.#directory;
    const page = directory[entryOf(directory, address >>> 8) + 1]!;
    return this.#words[page + (address & 255)]!;
  }

  /** `value`: 0 or above */
  set(address: number, value: number): void {
    // First the page: words may be others after it.
    const page = this.#pageFor(address >>> 8);
    this.#words[page + (address & 255)] = value;
  }

  /** Nothing is known of the address any more. */
  forget(address: number): void {
    if (this.get(address) !== UNKNOWN) this.set(address, UNKNOWN);
  }

  /** Where the page of these 24 bits begins: a new one where they have none. */
  #pageFor(prefix: number): number {
    if (this.#size * 2 * ENTRY_WORDS >= this.#directory.length) this.#growDirectory();
    const directory = this.#directory;
    const entry = entryOf(directory, prefix);
    if (directory[entry + 1] !== 0) return directory[entry + 1]!;
    const page = ++this.#size * PAGE_SIZE;
    if (page === this.#words.length) this.#growWords();
    directory[entry] = prefix;
    directory[entry + 1] = page;
    return page;
  }

  #growDirectory(): void {
    const before = this.#directory;
    const directory = new Int32Array(2 * before.length);
    for (let entry = 0; entry < before.length; entry += ENTRY_WORDS)
      if (before[entry + 1] !== 0)
        directory.set(before.subarray(entry, entry + ENTRY_WORDS), entryOf(directory, before[entry]!));
    this.#directory = directory;
  }

  #growWords(): void {
    const words = new Int32Array(2 * this.#words.length).fill(UNKNOWN);
    words.set(this.#words);
    this.#words = words;
  }
}

/** The entry of these 24 bits, or the empty one where their search ends: nearly always the first that is looked at. */
function entryOf(directory: Int32Array, prefix: number): number {
  // Even numbers: places of entries.
  const mask = directory.length - ENTRY_WORDS;
  let entry = (Math.imul(prefix, 0x9e3779b1) >>> 8) & mask;
  while (directory[entry] !== prefix && directory[entry + 1] !== 0) entry = (entry + ENTRY_WORDS) & mask;
  return entry;
}
