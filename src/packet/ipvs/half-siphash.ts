/**
 * The kernel's hsiphash of one 32-bit word, on 64-bit machines: SipHash-1-3, folded to 32 bits.
 * Source: lib/siphash.c of Linux 6.x; Aumasson and Bernstein, "SipHash: a fast short-input PRF".
 */

const MASK = 0xffffffffffffffffn;
const CONSTANTS = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n] as const;
const LENGTH = 4n << 56n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** Two words of 64 bits. */
export type HashKey = readonly [bigint, bigint];

class State {
  v0: bigint;
  v1: bigint;
  v2: bigint;
  v3: bigint;

  constructor([first, second]: HashKey) {
    this.v0 = CONSTANTS[0] ^ first;
    this.v1 = CONSTANTS[1] ^ second;
    this.v2 = CONSTANTS[2] ^ first;
    this.v3 = CONSTANTS[3] ^ second;
  }

  round(): void {
    this.v0 = (this.v0 + this.v1) & MASK;
    this.v1 = rotate(this.v1, 13n) ^ this.v0;
    this.v0 = rotate(this.v0, 32n);
    this.v2 = (this.v2 + this.v3) & MASK;
    this.v3 = rotate(this.v3, 16n) ^ this.v2;
    this.v0 = (this.v0 + this.v3) & MASK;
    this.v3 = rotate(this.v3, 21n) ^ this.v0;
    this.v2 = (this.v2 + this.v1) & MASK;
    this.v1 = rotate(this.v1, 17n) ^ this.v2;
    this.v2 = rotate(this.v2, 32n);
  }
}

/** The hash of an unsigned 32-bit word, as one. */
export function halfSiphash(word: number, key: HashKey): number {
  const state = new State(key);
  const block = LENGTH | BigInt(word);
  state.v3 ^= block;
  state.round();
  state.v0 ^= block;
  state.v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) state.round();
  return Number((state.v0 ^ state.v1 ^ state.v2 ^ state.v3) & 0xffffffffn);
}
