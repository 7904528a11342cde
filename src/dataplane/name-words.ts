/**
 * A domain name as numbers: four characters a word. It is read once for each query; what looks a name up hashes and compares
 * words and makes no texts of its labels, each of which would have to be hashed anew.
 */

const CHARACTERS_MAX = 1024;
/** Upper case in any of four characters of seven bits: what lies between 'A' and 'Z'. */
const FROM_A = 0x3f3f3f3f;
const AFTER_Z = 0x25252525;
const HIGH_BITS = 0x80808080;

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** The bits of a word that the last one to three characters take. */
function maskOf(characters: number): number {
  return (1 << (characters << 3)) - 1;
}

/** As `NameWords.hash`, of a name that lies at `at` of words whose unused bits are zero. */
export function hashOfWords(words: Int32Array, at: number, length: number, seed: number): number {
  let hash = seed ^ length;
  for (let i = at, left = length; left > 0; i++, left -= 4) hash = mixed(hash, words[i]!);
  return hash;
}

export class NameWords {
  readonly words = new Int32Array(CHARACTERS_MAX / 4 + 2);
  text = '';
  /** characters */
  length = 0;
  /** ASCII in lower case, and not too long: equal words are equal names then */
  isPlain = true;

  read(text: string): void {
    const { words } = this;
    const length = Math.min(text.length, CHARACTERS_MAX);
    let at = 0;
    let all = 0;
    let upper = 0;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      const word = a | (b << 8) | (c << 16) | (d << 24);
      words[at++] = word;
      all |= a | b | c | d;
      upper |= (word + FROM_A) & ~(word + AFTER_Z);
    }
    let last = 0;
    for (let shift = 0; i < length; i++, shift += 8) {
      const character = text.charCodeAt(i);
      last |= character << shift;
      all |= character;
    }
    words[at] = last;
    upper |= (last + FROM_A) & ~(last + AFTER_Z);
    this.text = text;
    this.length = length;
    this.isPlain = all < 128 && (upper & HIGH_BITS) === 0 && length === text.length;
  }

  /** The first `length` characters, hashed; how many they are counts too. */
  hash(length: number, seed: number): number {
    const { words } = this;
    const whole = length >> 2;
    let hash = seed ^ length;
    for (let i = 0; i < whole; i++) hash = mixed(hash, words[i]!);
    const left = length & 3;
    return left === 0 ? hash : mixed(hash, words[whole]! & maskOf(left));
  }

  /** Whether the first `length` characters are those at `at` of other words, whose unused bits are zero. */
  beginsWith(others: Int32Array, at: number, length: number): boolean {
    const { words } = this;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) if (others[at + i] !== words[i]) return false;
    const left = length & 3;
    return left === 0 || others[at + whole] === (words[whole]! & maskOf(left));
  }

  /** Whether it ends with the words of a suffix, from `from` on. */
  #endsWith(others: Int32Array, from: number): boolean {
    const { words, length } = this;
    const shift = (from & 3) << 3;
    let left = length - from;
    let i = from >> 2;
    let k = 0;
    for (; left >= 4; left -= 4, i++, k++) if (others[k] !== wordAt(words, i, shift)) return false;
    return left === 0 || others[k] === (wordAt(words, i, shift) & maskOf(left));
  }

  /** Puts the whole name into other words at `at`, unused bits as zeros. */
  copy(others: Int32Array, at: number): void {
    const { words } = this;
    const count = (this.length + 3) >> 2;
    for (let i = 0; i < count; i++) others[at + i] = words[i]!;
  }

  endsWith(suffix: NameSuffix): boolean {
    const from = this.length - suffix.length;
    return from >= 0 && this.#endsWith(suffix.words, from);
  }
}

function wordAt(words: Int32Array, i: number, shift: number): number {
  return shift === 0 ? words[i]! : (words[i]! >>> shift) | (words[i + 1]! << (32 - shift));
}

/** How names end that lie in a zone: text in lower case. */
export class NameSuffix {
  readonly words: Int32Array;
  /** infinite where the text is not plain: no plain name ends so */
  readonly length: number;

  constructor(text: string) {
    const name = new NameWords();
    name.read(text);
    this.length = name.isPlain ? text.length : Number.POSITIVE_INFINITY;
    this.words = name.words.slice(0, (text.length >> 2) + 1);
  }
}

const LAST_READ = new NameWords();

/** A name's words, to be used before the next name is read. A name that was read last is not read again. */
export function wordsOfName(text: string): NameWords {
  if (LAST_READ.text !== text) LAST_READ.read(text);
  return LAST_READ;
}

/** The name in lower case; its words are those that were read last. */
export function lowerCased(name: string): string {
  LAST_READ.read(name);
  return LAST_READ.isPlain ? name : name.toLowerCase();
}
