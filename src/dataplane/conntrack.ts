/**
 * A host's connection tracking table of one family: open addressing over typed arrays (conntrack-rows.ts).
 *
 * Both of an entry's tuples are found, each by a slot of its own. A slot's tag is as much of the tuple's hash as there is room
 * for, from its low bits on, so that a search leaves other entries' rows alone. Rows are freed into a list and used again. What
 * has expired counts as absent, and insertions sweep it away.
 */
import type { Family, Moment, ProtocolNumber } from '../model/index.ts';
import { Connection } from './connection.ts';
import { ASSURED, DYING } from './connection-status.ts';
import {
  DESTINATION,
  EMPTY,
  EXPIRES_AT,
  FLOAT_BITS,
  HASH,
  hashOfTuple,
  MARK,
  PORTS,
  PROTOCOL,
  REPLY_DESTINATION,
  REPLY_HASH,
  REPLY_PORTS,
  REPLY_SOURCE,
  ROW_BITS,
  SLOT_BITS,
  SLOTS_PER_ROW,
  SOURCE,
  STATE,
  STATUS,
  STREAM_AT,
} from './conntrack-rows.ts';

/** how many rows an insertion looks at for what has expired */
const SWEEP_ROWS = 2;

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
    this.#rows = new Int32Array(capacity << ROW_BITS);
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
    const hash = hashOfTuple(protocol, source, destination, ports);
    const found = this.#locate(hash, protocol, source, destination, ports);
    return found >= 0 && this.#expiresAt(found >> 1) > at ? found : -1;
  }

  /** As `find`, by the tuple's hash, and whether it has expired or not. */
  #locate(hash: number, protocol: number, source: number, destination: number, ports: number): number {
    const slots = this.#slots;
    const rows = this.#rows;
    const mask = slots.length - 1;
    const tagBits = this.#tagBits;
    const tagMask = (1 << tagBits) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot]!;
      if (word === EMPTY) return -1;
      if (((word ^ hash) & tagMask) !== 0) continue;
      const entry = word >> tagBits;
      const base = (entry >> 1) << ROW_BITS;
      const tuple = (entry & 1) === 0 ? base : base | REPLY_SOURCE;
      if (
        rows[tuple] === source &&
        rows[tuple + 1] === destination &&
        rows[tuple + 2] === ports &&
        rows[base | PROTOCOL] === protocol
      ) {
        return entry;
      }
    }
  }

  /** A copy of one row, to be changed and given back to `update`. */
  read(row: number): Connection {
    const base = row << ROW_BITS;
    const rows = this.#rows;
    const connection = new Connection(
      rows[base | PROTOCOL]! as ProtocolNumber,
      rows[base | SOURCE]!,
      rows[base | DESTINATION]!,
      rows[base | PORTS]!,
      rows[base | REPLY_PORTS]!,
    );
    connection.row = row;
    connection.replySource = rows[base | REPLY_SOURCE]!;
    connection.replyDestination = rows[base | REPLY_DESTINATION]!;
    connection.status = rows[base | STATUS]!;
    connection.state = rows[base | STATE]!;
    connection.mark = rows[base | MARK]!;
    connection.expiresAt = this.#expiresAt(row);
    connection.streamAt = this.#moments[(row << FLOAT_BITS) | STREAM_AT]!;
    return connection;
  }

  /** Adds a connection. False when one of its tuples is taken: the kernel drops the packet that would confirm it. */
  insert(connection: Connection, at: Moment): boolean {
    this.#sweep(at);
    const { protocol, source, destination, ports, replySource, replyDestination, replyPorts } = connection;
    const hash = hashOfTuple(protocol, source, destination, ports);
    const replyHash = hashOfTuple(protocol, replySource, replyDestination, replyPorts);
    const found = this.#locate(hash, protocol, source, destination, ports);
    if (found >= 0 && !this.#makeFree(found >> 1, at)) return false;
    const foundReply = this.#locate(replyHash, protocol, replySource, replyDestination, replyPorts);
    if (foundReply >= 0 && !this.#makeFree(foundReply >> 1, at)) return false;
    const row = this.#free.pop() ?? this.#newRow();
    this.#writeTuples(row, connection, hash, replyHash);
    this.#writeState(row, connection);
    this.#claim(row << 1, hash);
    this.#claim((row << 1) | 1, replyHash);
    this.#size++;
    return true;
  }

  /** Gives back a changed copy. Does nothing when the entry has gone since it was read. */
  update(connection: Connection): void {
    const row = this.#rowOf(connection);
    if (row < 0) return;
    if ((connection.status & DYING) !== 0) this.#remove(row);
    else this.#writeState(row, connection);
  }

  /** Removes an entry, as `conntrack -D` does. */
  remove(connection: Connection): void {
    const row = this.#rowOf(connection);
    if (row >= 0) this.#remove(row);
  }

  /** The row of an entry with this connection's first tuple; -1 where there is none. */
  #rowOf({ row, protocol, source, destination, ports }: Connection): number {
    // Nearly always it is still where it was read, and no two entries have a tuple in common.
    if (row >= 0 && this.#isAt(row, protocol, source, destination, ports)) return row;
    return this.#locate(hashOfTuple(protocol, source, destination, ports), protocol, source, destination, ports) >> 1;
  }

  #isAt(row: number, protocol: number, source: number, destination: number, ports: number): boolean {
    const base = row << ROW_BITS;
    const rows = this.#rows;
    return (
      rows[base | SOURCE] === source &&
      rows[base | DESTINATION] === destination &&
      rows[base | PORTS] === ports &&
      rows[base | PROTOCOL] === protocol
    );
  }

  /** The live entries, in the order of their rows. */
  *connections(at: Moment): Iterable<Connection> {
    for (let row = 0; row < this.#used; row++) {
      if (this.#isUsed(row) && this.#expiresAt(row) > at) yield this.read(row);
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

  #expiresAt(row: number): Moment {
    return this.#moments[(row << FLOAT_BITS) | EXPIRES_AT]!;
  }

  /** Takes out what has expired; false where the row's entry lives. */
  #makeFree(row: number, at: Moment): boolean {
    if (this.#expiresAt(row) > at) return false;
    this.#remove(row);
    return true;
  }

  #writeTuples(row: number, connection: Connection, hash: number, replyHash: number): void {
    const base = row << ROW_BITS;
    const rows = this.#rows;
    rows[base | SOURCE] = connection.source;
    rows[base | DESTINATION] = connection.destination;
    rows[base | PORTS] = connection.ports;
    rows[base | REPLY_SOURCE] = connection.replySource;
    rows[base | REPLY_DESTINATION] = connection.replyDestination;
    rows[base | REPLY_PORTS] = connection.replyPorts;
    rows[base | PROTOCOL] = connection.protocol;
    rows[base | HASH] = hash;
    rows[base | REPLY_HASH] = replyHash;
  }

  #writeState(row: number, connection: Connection): void {
    const base = row << ROW_BITS;
    const rows = this.#rows;
    const moments = this.#moments;
    rows[base | STATUS] = connection.status;
    rows[base | STATE] = connection.state;
    rows[base | MARK] = connection.mark;
    moments[(row << FLOAT_BITS) | EXPIRES_AT] = connection.expiresAt;
    moments[(row << FLOAT_BITS) | STREAM_AT] = connection.streamAt;
  }

  #isUsed(row: number): boolean {
    return this.#rows[(row << ROW_BITS) | PROTOCOL] !== 0;
  }

  #newRow(): number {
    if ((this.#used + 1) << ROW_BITS > this.#rows.length) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const rows = new Int32Array(Math.max(64 << ROW_BITS, this.#rows.length * 2));
    rows.set(this.#rows);
    this.#rows = rows;
    this.#moments = new Float64Array(rows.buffer);
    const capacity = rows.length >> ROW_BITS;
    this.#slots = new Int32Array(capacity * SLOTS_PER_ROW).fill(EMPTY);
    this.#tagBits = tagBitsOf(capacity);
    for (let row = 0; row < this.#used; row++) {
      if (!this.#isUsed(row)) continue;
      this.#claim(row << 1, this.#hashOf(row << 1));
      this.#claim((row << 1) | 1, this.#hashOf((row << 1) | 1));
    }
  }

  /** Files an entry under its hash. */
  #claim(entry: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    slots[slot] = this.#wordOf(entry, hash);
  }

  #wordOf(entry: number, hash: number): number {
    return (entry << this.#tagBits) | (hash & ((1 << this.#tagBits) - 1));
  }

  #hashOf(entry: number): number {
    return this.#rows[((entry >> 1) << ROW_BITS) | HASH | (entry & 1)]!;
  }

  #remove(row: number): void {
    this.#release(row << 1);
    this.#release((row << 1) | 1);
    this.#rows[(row << ROW_BITS) | PROTOCOL] = 0;
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
      if (this.#isUsed(row) && this.#expiresAt(row) <= at) this.#remove(row);
    }
  }
}

/** Whether nf_conntrack would keep the entry under pressure: it has been answered for long enough. */
export function isAssured(connection: Connection): boolean {
  return (connection.status & ASSURED) !== 0;
}
