/**
 * What IPVS and the IP sets have at a packet's destination, worked out once and kept: a packet asks for the same several times,
 * once in each rule that names a set. What nodes have in common is kept for all of them, and follows a change of the Services
 * at the addresses that it concerns.
 */
import { addressOfNumber, type IpvsShared, type IpvsState, numberOfAddress } from '../../dataplane/index.ts';
import type { ProtocolNumber } from '../../model/index.ts';
import { BOUND, DestinationRows, IDLE, KEY, NOTHING, SETS } from './destination-rows.ts';

/** What nodes have in common, and the version that it is of. */
interface SharedRows {
  of: IpvsShared;
  readonly rows: DestinationRows;
}

const known = new WeakMap<IpvsShared, SharedRows>();

/** The rows of a version: taken over from the one before, where that has some. */
function sharedRowsOf(shared: IpvsShared, before: IpvsShared | undefined): SharedRows {
  let rows = known.get(shared) ?? (before && takenOver(shared, before));
  if (rows === undefined) rows = { of: shared, rows: new DestinationRows() };
  known.set(shared, rows);
  return rows;
}

function takenOver(shared: IpvsShared, before: IpvsShared): SharedRows | undefined {
  const earlier = known.get(before);
  const changed = earlier === undefined ? undefined : shared.changedSince(before);
  if (earlier === undefined || changed === undefined) return undefined;
  for (const address of changed) earlier.rows.forget(numberOfAddress(address));
  known.delete(before);
  if (earlier.rows.isWorn) return undefined;
  earlier.of = shared;
  return earlier;
}

/** A packet's addresses at one host are few, and each is asked for several times in a row. */
const RECENT = 16;
/** integers of one: the address, and of its first row the number, KEY and BOUND */
const RECENT_WORDS = 4;

/**
 * Rows are told by numbers: those that nodes have in common by where they begin, and a host's own by the complement (`~`) of
 * that. A number holds good until the next question.
 */
export class Destinations {
  readonly #state: IpvsState;
  #revision = -1;
  #shared: SharedRows | undefined;
  /** where this host differs; undefined until somebody asks for such an address */
  #own: DestinationRows | undefined;
  readonly #recent = new Int32Array(RECENT_WORDS * RECENT);

  constructor(state: IpvsState) {
    this.#state = state;
  }

  isBound(address: number): boolean {
    return this.#recent[this.#at(address) + 3] === 1;
  }

  /** `key`: port << 8 | protocol. See `IpvsState.setsAt`. */
  setsAt(address: number, key: number): number {
    const row = this.find(address, key);
    if (row === IDLE) return 0;
    if (row !== NOTHING) return this.rowsOf(row).words[placeOf(row) + SETS]!;
    const { family } = this.#state;
    return this.#state.setsAt(addressOfNumber(family, address), key >> 8, (key & 0xff) as ProtocolNumber);
  }

  /** The row of a virtual server; IDLE or NOTHING where there is none. `key`: port << 8 | protocol */
  find(address: number, key: number): number {
    const place = this.#at(address);
    const first = this.#recent[place + 1]!;
    return first === IDLE || this.#recent[place + 2] === key ? first : this.#findPort(address, key);
  }

  /** Where the row of this number is kept, in its `placeOf`. */
  rowsOf(row: number): DestinationRows {
    return row < 0 ? this.#own! : this.#shared!.rows;
  }

  /** Where what is at an address is among the recent ones. */
  #at(address: number): number {
    if (this.#revision !== this.#state.revision) this.#follow();
    const place = recentPlace(address);
    if (this.#recent[place] !== address) this.#recall(address);
    return place;
  }

  #follow(): void {
    this.#revision = this.#state.revision;
    this.#own = undefined;
    this.#share(sharedRowsOf(this.#state.shared, this.#shared?.of));
  }

  #share(rows: SharedRows): SharedRows {
    this.#shared = rows;
    // No packet is on its way to or from 0.0.0.0, nor from the first IPv6 address that was filed.
    this.#recent.fill(0);
    return rows;
  }

  #recall(address: number): void {
    const rows = this.#rowsFor(address);
    const found = rows.at(address);
    this.#remember(address, found === NOTHING ? this.#workOut(address, rows) : found, rows);
  }

  /** Remembers the first row of an address, and returns its number. */
  #remember(address: number, row: number, rows: DestinationRows): number {
    const number = row !== IDLE && rows === this.#own ? ~row : row;
    const place = recentPlace(address);
    this.#recent[place] = address;
    this.#recent[place + 1] = number;
    this.#recent[place + 2] = rows.words[row + KEY]!;
    this.#recent[place + 3] = rows.words[row + BOUND]!;
    return number;
  }

  #rowsFor(address: number): DestinationRows {
    const { shared, family } = this.#state;
    if (this.#state.differsAt(addressOfNumber(family, address))) return (this.#own ??= new DestinationRows());
    // Another host may have taken the rows on to a later version.
    const rows = this.#shared?.of === shared ? this.#shared : this.#share(sharedRowsOf(shared, undefined));
    return rows.rows;
  }

  #workOut(number: number, rows: DestinationRows): number {
    const state = this.#state;
    const address = addressOfNumber(state.family, number);
    if (!state.isIdleAt(address)) return rows.addAddress(number, state.hasBound(address));
    rows.addIdle(number);
    return IDLE;
  }

  #findPort(number: number, key: number): number {
    const state = this.#state;
    const rows = this.#rowsFor(number);
    const first = rows.at(number) === NOTHING ? this.#workOut(number, rows) : rows.at(number);
    const known = rows.among(first, key);
    if (known !== NOTHING) return rows === this.#own ? ~known : known;
    const address = addressOfNumber(state.family, number);
    const [port, protocol] = [key >> 8, (key & 0xff) as ProtocolNumber];
    const server = state.server(address, port, protocol);
    // Ports with nothing there are as many as somebody cares to try.
    if (server === undefined) return NOTHING;
    const row = rows.addServer(number, key, state.setsAt(address, port, protocol), server);
    return this.#remember(number, row, rows);
  }
}

/** Where a row of this number begins. */
export function placeOf(row: number): number {
  return row < 0 ? ~row : row;
}

function recentPlace(address: number): number {
  return RECENT_WORDS * ((address ^ (address >>> 8) ^ (address >>> 16)) & (RECENT - 1));
}
