/**
 * A host's connection tracking table of one family: open addressing over typed arrays.
 *
 * ```text
 *   slot   row | direction | tag        31 bits, or EMPTY
 *   row    16 integers, one cache line
 * ```
 * Both of an entry's tuples are found, each by a slot of its own. A slot's tag is as much of the tuple's hash as there is room
 * for, from its low bits on, so that a search leaves other entries' rows alone. Rows are freed into a list and used again. What
 * has expired counts as absent, and insertions sweep it away.
 */
import type { Family, Moment, ProtocolNumber } from '../model/index.ts';
import { ASSURED, Connection, DYING } from './connection.ts';

const STRIDE = 16;
const [SOURCE, DESTINATION, PORTS, REPLY_SOURCE, REPLY_DESTINATION, REPLY_PORTS] = [0, 1, 2, 3, 4, 5];
const PROTOCOL = 6;
const STATUS = 7;
const STATE = 8;
const MARK = 9;
/** of the two tuples: so that taking an entry out does not compute them again */
const HASH = 14;
/** slots for each row, two of them taken when all rows are: the load stays at a half */
const SLOTS_PER_ROW = 4;
const SLOT_BITS = 31;
/** moments are 64-bit floats, in the same row: their index in the Float64Array */
const EXPIRES_AT = 5;
const STREAM_AT = 6;
/** how many rows an insertion looks at for what has expired */
const SWEEP_ROWS = 2;
const EMPTY = -1;

/** The multiply-xorshift of MurmurHash3's finaliser, over the four integers of a tuple. */
function hashOf(protocol: number, source: number, destination: number, ports: number): number {
  let hash = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(ports ^ (protocol << 8), 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** how many bits of a slot are left beside the row and the direction */
function tagBitsOf(rows: number): number {
  return SLOT_BITS - 1 - Math.ceil(Math.log2(Math.max(rows, 1)));
}

export class ConntrackTable {
  readonly family: Family;
  #rows: Int32Array;
  #moments: Float64Array;
  #slots: Int32Array;
  #tagBits: number;
  /** rows in use lie below this */
  #used = 0;
  #free: number[] = [];
  #size = 0;
  #sweepAt = 0;

  constructor(family: Family, capacity = 64) {
    this.family = family;
    this.#rows = new Int32Array(capacity * STRIDE);
    this.#moments = new Float64Array(this.#rows.buffer);
    this.#slots = new Int32Array(capacity * SLOTS_PER_ROW).fill(EMPTY);
    this.#tagBits = tagBitsOf(capacity);
  }

  /** entries in the table, expired ones that were not swept yet included */
  get size(): number {
    return this.#size;
  }

  /** The row << 1 | direction of the live entry that has this tuple, or -1. */
  find(protocol: number, source: number, destination: number, ports: number, at: Moment): number {
    const found = this.#locate(protocol, source, destination, ports);
    return found >= 0 && this.#moments[(found >> 1) * (STRIDE / 2) + EXPIRES_AT]! > at ? found : -1;
  }

  #locate(protocol: number, source: number, destination: number, ports: number): number {
    const slots = this.#slots;
    const rows = this.#rows;
    const mask = slots.length - 1;
    const tagBits = this.#tagBits;
    const tagMask = (1 << tagBits) - 1;
    const hash = hashOf(protocol, source, destination, ports);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot]!;
      if (word === EMPTY) return -1;
      if (((word ^ hash) & tagMask) !== 0) continue;
      const entry = word >> tagBits;
      const base = (entry >> 1) * STRIDE + (entry & 1) * 3;
      if (
        rows[base] === source &&
        rows[base + 1] === destination &&
        rows[base + 2] === ports &&
        rows[(entry >> 1) * STRIDE + PROTOCOL] === protocol
      ) {
        return entry;
      }
    }
  }

  /** A copy of one row, to be changed and given back to `update`. */
  read(row: number): Connection {
    const base = row * STRIDE;
    const rows = this.#rows;
    const connection = new Connection(
      rows[base + PROTOCOL]! as ProtocolNumber,
      rows[base + SOURCE]!,
      rows[base + DESTINATION]!,
      rows[base + PORTS]!,
    );
    connection.row = row;
    connection.replySource = rows[base + REPLY_SOURCE]!;
    connection.replyDestination = rows[base + REPLY_DESTINATION]!;
    connection.replyPorts = rows[base + REPLY_PORTS]!;
    connection.status = rows[base + STATUS]!;
    connection.state = rows[base + STATE]!;
    connection.mark = rows[base + MARK]!;
    connection.expiresAt = this.#moments[row * (STRIDE / 2) + EXPIRES_AT]!;
    connection.streamAt = this.#moments[row * (STRIDE / 2) + STREAM_AT]!;
    return connection;
  }

  /** Adds a connection. False when one of its tuples is taken: the kernel drops the packet that would confirm it. */
  insert(connection: Connection, at: Moment): boolean {
    this.#sweep(at);
    const { protocol, source, destination, ports, replySource, replyDestination, replyPorts } = connection;
    if (!this.#makeFree(protocol, source, destination, ports, at)) return false;
    if (!this.#makeFree(protocol, replySource, replyDestination, replyPorts, at)) return false;
    const row = this.#free.pop() ?? this.#newRow();
    this.#writeTuples(row, connection);
    this.#writeState(row, connection);
    this.#claimBoth(row);
    this.#size++;
    return true;
  }

  /** Gives back a changed copy. Does nothing when the entry has gone since it was read. */
  update(connection: Connection): void {
    const { protocol, source, destination, ports } = connection;
    const found = this.#locate(protocol, source, destination, ports);
    if (found < 0) return;
    if ((connection.status & DYING) !== 0) this.#remove(found >> 1);
    else this.#writeState(found >> 1, connection);
  }

  /** Removes an entry, as `conntrack -D` does. */
  remove(connection: Connection): void {
    const found = this.#locate(connection.protocol, connection.source, connection.destination, connection.ports);
    if (found >= 0) this.#remove(found >> 1);
  }

  /** The live entries, in the order of their rows. */
  *connections(at: Moment): Iterable<Connection> {
    for (let row = 0; row < this.#used; row++) {
      if (this.#isUsed(row) && this.#moments[row * (STRIDE / 2) + EXPIRES_AT]! > at) yield this.read(row);
    }
  }

  /** A table of its own with the same entries: for snapshots. */
  clone(): ConntrackTable {
    const copy = new ConntrackTable(this.family, 0);
    copy.#rows = this.#rows.slice();
    copy.#moments = new Float64Array(copy.#rows.buffer);
    copy.#slots = this.#slots.slice();
    copy.#tagBits = this.#tagBits;
    copy.#used = this.#used;
    copy.#free = [...this.#free];
    copy.#size = this.#size;
    copy.#sweepAt = this.#sweepAt;
    return copy;
  }

  #makeFree(protocol: number, source: number, destination: number, ports: number, at: Moment): boolean {
    const found = this.#locate(protocol, source, destination, ports);
    if (found < 0) return true;
    if (this.#moments[(found >> 1) * (STRIDE / 2) + EXPIRES_AT]! > at) return false;
    this.#remove(found >> 1);
    return true;
  }

  #writeTuples(row: number, connection: Connection): void {
    const base = row * STRIDE;
    const rows = this.#rows;
    rows[base + SOURCE] = connection.source;
    rows[base + DESTINATION] = connection.destination;
    rows[base + PORTS] = connection.ports;
    rows[base + REPLY_SOURCE] = connection.replySource;
    rows[base + REPLY_DESTINATION] = connection.replyDestination;
    rows[base + REPLY_PORTS] = connection.replyPorts;
    rows[base + PROTOCOL] = connection.protocol;
    const { protocol } = connection;
    rows[base + HASH] = hashOf(protocol, connection.source, connection.destination, connection.ports);
    rows[base + HASH + 1] = hashOf(
      protocol,
      connection.replySource,
      connection.replyDestination,
      connection.replyPorts,
    );
  }

  #writeState(row: number, connection: Connection): void {
    const base = row * STRIDE;
    this.#rows[base + STATUS] = connection.status;
    this.#rows[base + STATE] = connection.state;
    this.#rows[base + MARK] = connection.mark;
    this.#moments[row * (STRIDE / 2) + EXPIRES_AT] = connection.expiresAt;
    this.#moments[row * (STRIDE / 2) + STREAM_AT] = connection.streamAt;
  }

  #isUsed(row: number): boolean {
    return this.#rows[row * STRIDE + PROTOCOL] !== 0;
  }

  #newRow(): number {
    if ((this.#used + 1) * STRIDE > this.#rows.length) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const rows = new Int32Array(Math.max(64 * STRIDE, this.#rows.length * 2));
    rows.set(this.#rows);
    this.#rows = rows;
    this.#moments = new Float64Array(rows.buffer);
    const capacity = rows.length / STRIDE;
    this.#slots = new Int32Array(capacity * SLOTS_PER_ROW).fill(EMPTY);
    this.#tagBits = tagBitsOf(capacity);
    for (let row = 0; row < this.#used; row++) if (this.#isUsed(row)) this.#claimBoth(row);
  }

  #claimBoth(row: number): void {
    this.#claim(row << 1);
    this.#claim((row << 1) | 1);
  }

  /** Files an entry under its hash. */
  #claim(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = this.#hashOf(entry);
    let slot = hash & mask;
    while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    slots[slot] = this.#wordOf(entry, hash);
  }

  #wordOf(entry: number, hash: number): number {
    return (entry << this.#tagBits) | (hash & ((1 << this.#tagBits) - 1));
  }

  #hashOf(entry: number): number {
    return this.#rows[(entry >> 1) * STRIDE + HASH + (entry & 1)]!;
  }

  #remove(row: number): void {
    this.#release(row << 1);
    this.#release((row << 1) | 1);
    this.#rows[row * STRIDE + PROTOCOL] = 0;
    this.#free.push(row);
    this.#size--;
  }

  /** Empties an entry's slot and moves later ones of the same run up, so that no search stops too early. */
  #release(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = this.#hashOf(entry);
    const word = this.#wordOf(entry, hash);
    let hole = hash & mask;
    while (slots[hole] !== word) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = this.#homeOf(slots[slot]!) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = EMPTY;
  }

  /** Where the search for a slot's entry begins, before the mask: the tag says it, unless the table is so large that it is too short. */
  #homeOf(word: number): number {
    return 1 << this.#tagBits >= this.#slots.length ? word : this.#hashOf(word >> this.#tagBits);
  }

  /** Looks at the next few rows, going round, so that what nobody asks for again goes away as new entries come. */
  #sweep(at: Moment): void {
    for (let i = 0; i < SWEEP_ROWS && this.#used > 0; i++) {
      this.#sweepAt = this.#sweepAt + 1 < this.#used ? this.#sweepAt + 1 : 0;
      const row = this.#sweepAt;
      if (this.#isUsed(row) && this.#moments[row * (STRIDE / 2) + EXPIRES_AT]! <= at) this.#remove(row);
    }
  }
}

/** Whether nf_conntrack would keep the entry under pressure: it has been answered for long enough. */
export function isAssured(connection: Connection): boolean {
  return (connection.status & ASSURED) !== 0;
}
