/** SHA-512 (FIPS 180-4), which plugin reload tells Corefiles apart with. Here because a browser has it asynchronously only. */

const ROUNDS = 80;
const BLOCK_BYTES = 128;
const LENGTH_BYTES = 16;

/** The first 64 bits of the fractional part of a root of each of the first primes (FIPS 180-4, 4.2.3 and 5.3.5). */
function rootsOfPrimes(count: number, degree: bigint): readonly bigint[] {
  const primes: bigint[] = [];
  for (let candidate = 2n; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate);
  }
  return primes.map((prime) => BigInt.asUintN(64, rootOf(prime, degree)));
}

/** The root in units of 2^-64, rounded down, by Newton's way: it comes nearer from above. */
function rootOf(prime: bigint, degree: bigint): bigint {
  const value = prime << (64n * degree);
  let root = prime << 64n;
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}

function rotate(word: bigint, bits: bigint): bigint {
  return BigInt.asUintN(64, (word >> bits) | (word << (64n - bits)));
}

/** The message: a 1 bit after it, zeros, and its length in bits at the end of the last block. */
function padded(message: Uint8Array): DataView {
  const blocks = Math.ceil((message.length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - 8, BigInt(message.length) * 8n);
  return view;
}

function scheduleOf(view: DataView, offset: number): readonly bigint[] {
  const schedule = Array.from({ length: 16 }, (_, t) => view.getBigUint64(offset + 8 * t));
  for (let t = 16; t < ROUNDS; t++) {
    const early = schedule[t - 15]!;
    const late = schedule[t - 2]!;
    const sigma0 = rotate(early, 1n) ^ rotate(early, 8n) ^ (early >> 7n);
    const sigma1 = rotate(late, 19n) ^ rotate(late, 61n) ^ (late >> 6n);
    schedule.push(BigInt.asUintN(64, sigma1 + schedule[t - 7]! + sigma0 + schedule[t - 16]!));
  }
  return schedule;
}

function compressed(state: readonly bigint[], schedule: readonly bigint[], constants: readonly bigint[]) {
  let [a, b, c, d, e, f, g, h] = state as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  for (let t = 0; t < ROUNDS; t++) {
    const sum1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
    const first = h + sum1 + ((e & f) ^ (~e & g)) + constants[t]! + schedule[t]!;
    const sum0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
    const second = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e] = [g, f, e, BigInt.asUintN(64, d + first)];
    [d, c, b, a] = [c, b, a, BigInt.asUintN(64, first + second)];
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => BigInt.asUintN(64, word + state[i]!));
}

/** The digest of a text's UTF-8, in hexadecimal. */
export function sha512(text: string): string {
  const view = padded(new TextEncoder().encode(text));
  const constants = rootsOfPrimes(ROUNDS, 3n);
  let state = rootsOfPrimes(8, 2n);
  for (let offset = 0; offset < view.byteLength; offset += BLOCK_BYTES) {
    state = compressed(state, scheduleOf(view, offset), constants);
  }
  return state.map((word) => word.toString(16).padStart(16, '0')).join('');
}
