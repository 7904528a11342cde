/**
 * How a connection tracking table lays out its entries. Apart from the table: constants of a file that imports nothing are put in
 * place by the bundler.
 *
 * ```text
 *   row    16 integers, one cache line; moments are 64-bit floats among them
 *   slot   row | direction | tag        31 bits, or EMPTY
 * ```
 */

/** a row's integers stand from `row << ROW_BITS` on, its floats from `row << FLOAT_BITS` on */
export const ROW_BITS = 4;
export const FLOAT_BITS = 3;

/** integers of a row; the tuple of the other direction begins at REPLY_SOURCE */
export const SOURCE = 0;
export const DESTINATION = 1;
export const PORTS = 2;
export const REPLY_SOURCE = 3;
export const REPLY_DESTINATION = 4;
export const REPLY_PORTS = 5;
/** 0: nobody uses the row */
export const PROTOCOL = 6;
export const STATUS = 7;
export const STATE = 8;
export const MARK = 9;
/** of the two tuples: so that taking an entry out does not compute them again */
export const HASH = 14;
export const REPLY_HASH = 15;

/** floats of a row */
export const EXPIRES_AT = 5;
export const STREAM_AT = 6;

/** slots for each row, two of them taken when all rows are: the load stays at a half */
export const SLOTS_PER_ROW = 4;
export const SLOT_BITS = 31;
export const EMPTY = -1;

/** The multiply-xorshift of MurmurHash3's finaliser, over the four integers of a tuple. */
export function hashOfTuple(protocol: number, source: number, destination: number, ports: number): number {
  // `| 0` says that these are integers: the engine need not allow for fractions.
  let hash = Math.imul(source | 0, 0x9e3779b1) ^ Math.imul(destination | 0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(ports ^ (protocol << 8), 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
