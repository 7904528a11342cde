/** nft's text, taken apart into words, for both its commands and its lists. */
import type { ParseFailure } from '../iptables/index.ts';

export interface Token {
  /** without its quotes; `\n` ends a line */
  readonly text: string;
  readonly quoted: boolean;
  readonly line: number;
}

/** Text that is not nft's, or that says what we do not know. Caught where parsing began. */
export class Refusal extends Error {
  readonly failure: ParseFailure;

  constructor(line: number, message: string) {
    super(message);
    this.failure = { line, message };
  }
}

/** Words are parted by spaces; braces, commas and semicolons stand for themselves. `#` begins a comment. */
const TOKEN = /"([^"]*)"|#.*|[{},;\n]|[^\s{},;"#]+/g;

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [whole, inner] of text.matchAll(TOKEN)) {
    if (!whole.startsWith('#')) tokens.push({ text: inner ?? whole, quoted: inner !== undefined, line });
    if (whole === '\n') line++;
  }
  tokens.push({ text: '\n', quoted: false, line });
  return tokens;
}

/** Reads tokens one after the other; says where it is when it refuses one. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isDone(): boolean {
    return this.#next >= this.#tokens.length;
  }

  get line(): number {
    return (this.#tokens[this.#next] ?? this.#tokens.at(-1))?.line ?? 1;
  }

  /** the next word, or nothing at the end; a quoted one is never taken for a keyword */
  get peek(): string {
    const token = this.#tokens[this.#next];
    return token === undefined || token.quoted ? '' : token.text;
  }

  take(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw this.refuse('ends too soon');
    this.#next++;
    return token;
  }

  word(): string {
    return this.take().text;
  }

  /** Goes past the word if it is next. */
  accept(word: string): boolean {
    if (this.peek !== word) return false;
    this.#next++;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) {
      const found = this.isDone ? 'the end' : this.peek;
      if (!this.accept(word)) throw this.refuse(`expected ${word}, found ${found}`);
    }
  }

  /** Words up to one of these, which is taken too but not returned. */
  until(...ends: readonly string[]): readonly Token[] {
    const from = this.#next;
    while (!this.isDone && !ends.includes(this.peek)) this.#next++;
    const taken = this.#tokens.slice(from, this.#next);
    if (!this.isDone) this.#next++;
    return taken;
  }

  /** What stands between braces, without them; lines do not matter there. The opening one is next. */
  braced(): readonly Token[] {
    this.expect('{');
    const taken: Token[] = [];
    for (let depth = 1; ; ) {
      const token = this.take();
      if (!token.quoted && token.text === '{') depth++;
      if (!token.quoted && token.text === '}') depth--;
      if (depth === 0) return taken;
      if (token.text !== '\n') taken.push(token);
    }
  }

  refuse(message: string): Refusal {
    return new Refusal(this.line, message);
  }
}

/** Splits at commas. */
export function listItems(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const items: Token[][] = [[]];
  for (const token of tokens) {
    if (token.text === ',' && !token.quoted) items.push([]);
    else items.at(-1)!.push(token);
  }
  return items.filter((item) => item.length > 0);
}
