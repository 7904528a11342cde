/** SHA-256 (FIPS 180-4) of short ASCII texts: kube-proxy hashes names with it. Here because a browser has it asynchronously only. */

const ROUNDS = 64;
const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional part of a root of each of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function rootsOfPrimes(count: number, root: 2 | 3): Uint32Array {
  const words = new Uint32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    if (!isPrime(candidate)) continue;
    const fraction = (root === 2 ? Math.sqrt(candidate) : Math.cbrt(candidate)) % 1;
    words[found++] = Math.floor(fraction * 2 ** 32);
  }
  return words;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false;
  return true;
}

const CONSTANTS = rootsOfPrimes(ROUNDS, 3);
const INITIAL = rootsOfPrimes(8, 2);

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The message as big-endian words: a 1 bit after it, zeros, and its length in bits at the end of the last block. */
function padded(text: string): Uint32Array {
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES);
  const words = new Uint32Array((blocks * BLOCK_BYTES) / 4);
  for (let i = 0; i <= text.length; i++) {
    const byte = i === text.length ? 0x80 : text.charCodeAt(i);
    if (byte > 0x7f && i < text.length) throw new Error(`not ASCII: ${text}`);
    words[i >> 2]! |= byte << (24 - 8 * (i & 3));
  }
  words[words.length - 1] = text.length * 8;
  return words;
}

const schedule = new Uint32Array(ROUNDS);

function fillSchedule(words: Uint32Array, offset: number): void {
  for (let t = 0; t < 16; t++) schedule[t] = words[offset + t]!;
  for (let t = 16; t < ROUNDS; t++) {
    const early = schedule[t - 15]!;
    const late = schedule[t - 2]!;
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    schedule[t] = sigma1 + schedule[t - 7]! + sigma0 + schedule[t - 16]!;
  }
}

function compress(state: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < ROUNDS; t++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + CONSTANTS[t]! + schedule[t]!) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const mixed = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i]! += mixed[i]!;
}

/** The digest's eight words, big-endian. Throws on text that is not ASCII. */
export function sha256(text: string): Uint32Array {
  const words = padded(text);
  const state = INITIAL.slice();
  for (let offset = 0; offset < words.length; offset += BLOCK_BYTES / 4) {
    fillSchedule(words, offset);
    compress(state);
  }
  return state;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first `length` characters of the digest in base32 (RFC 4648): what kube-proxy's names end in. */
export function sha256Base32(text: string, length: number): string {
  const digest = sha256(text);
  let encoded = '';
  for (let i = 0; i < length; i++) {
    const bit = i * 5;
    const word = digest[bit >> 5]!;
    const next = digest[(bit >> 5) + 1] ?? 0;
    const shift = bit & 31;
    const five = shift <= 27 ? word >>> (27 - shift) : (word << (shift - 27)) | (next >>> (59 - shift));
    encoded += BASE32[five & 31];
  }
  return encoded;
}
