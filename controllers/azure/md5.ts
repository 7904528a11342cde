/** MD5 (RFC 1321) of short ASCII texts: names of security rules hold it. Here because browsers have none. */

const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
const SINES = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const;
const BLOCK_BYTES = 64;

/** In hexadecimal. Throws where the text is not ASCII. */
export function md5(text: string): string {
  const words = padded(text);
  let state: readonly number[] = INITIAL;
  for (let offset = 0; offset < words.length; offset += 16)
    state = compress(state, words.subarray(offset, offset + 16));
  return state.map(hexOf).join('');
}

/** The message as little-endian words: a 1 bit after it, zeros, and its length in bits. */
function padded(text: string): Uint32Array {
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES);
  const words = new Uint32Array((blocks * BLOCK_BYTES) / 4);
  for (let i = 0; i <= text.length; i++) {
    const byte = i === text.length ? 0x80 : text.charCodeAt(i);
    if (byte > 0x7f && i < text.length) throw new Error(`not ASCII: ${text}`);
    words[i >> 2]! |= byte << (8 * (i & 3));
  }
  words[words.length - 2] = text.length * 8;
  return words;
}

function compress(state: readonly number[], words: Uint32Array): readonly number[] {
  let [a, b, c, d] = state as [number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const sum = (a + mix(round, b, c, d) + SINES[i]! + words[wordAt(round, i)]!) | 0;
    [a, d, c, b] = [d, c, b, (b + rotate(sum, SHIFTS[round]![i & 3]!)) | 0];
  }
  return [a, b, c, d].map((word, i) => (word + state[i]!) | 0);
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function wordAt(round: number, i: number): number {
  if (round === 0) return i;
  if (round === 1) return (5 * i + 1) & 15;
  return round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function hexOf(word: number): string {
  return [0, 8, 16, 24].map((bits) => ((word >>> bits) & 0xff).toString(16).padStart(2, '0')).join('');
}
