/**
 * A light scanner of TypeScript: enough to find imports and functions and to tell code from text. TypeScript 7 has no
 * compiler API for JavaScript, and tools built on the old one do not read a project of this version.
 */

export interface Token {
  /** `text` is a string or a piece of a template, without its quotes; `regex` a regular expression literal */
  readonly kind: 'word' | 'number' | 'punctuator' | 'text' | 'regex' | 'comment';
  readonly text: string;
  /** the line it begins on, from 1 */
  readonly line: number;
  readonly endLine: number;
}

const PUNCTUATORS = [
  '>>>=',
  '...',
  '===',
  '!==',
  '**=',
  '<<=',
  '>>=',
  '&&=',
  '||=',
  '??=',
  '=>',
  '==',
  '!=',
  '<=',
  '++',
];
const SHORTER_PUNCTUATORS = ['--', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '&&', '||', '??', '?.', '**'];
/** `>=` and `>>` stay apart, so that the ends of nested type arguments can be matched one by one. */
const LONG_PUNCTUATORS = [...PUNCTUATORS.filter((each) => !each.startsWith('>')), ...SHORTER_PUNCTUATORS];

/** After these words an operand comes, so that a slash begins a regular expression. */
const BEFORE_OPERAND = new Set(
  'return typeof case in of void delete throw new instanceof else do await yield default'.split(' '),
);

/** The tokens of a source text, comments included. Unclosed texts and comments end with the file. */
export function scan(source: string): readonly Token[] {
  return new Scanner(source).run();
}

class Scanner {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** one entry for each open brace: true where its closing brace resumes a template */
  readonly #braces: boolean[] = [];
  /** the last token that is not a comment */
  #previous: Token | undefined;
  #previousEnd = 0;
  /** the last token was a `!` that follows its operand, as in `a! / b` */
  #postfix = false;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    if (this.#source.startsWith('#!')) this.#take('comment', this.#lineEnd());
    while (this.#at < this.#source.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const char = this.#source[this.#at]!;
    const ahead = this.#source.slice(this.#at, this.#at + 2);
    if (/\s/.test(char)) this.#skip();
    else if (ahead === '//') this.#take('comment', this.#lineEnd());
    else if (ahead === '/*') this.#take('comment', this.#after('*/', this.#at + 2));
    else if (char === "'" || char === '"') this.#take('text', this.#quoteEnd(char));
    else if (char === '`') this.#template();
    else if (char === '/' && this.#operandExpected()) this.#take('regex', this.#regexEnd());
    else if (/[\p{ID_Start}$_#@]/u.test(char)) this.#take('word', this.#matchEnd(/[\p{ID_Continue}$#@]+/uy));
    else if (/[0-9]/.test(char)) this.#take('number', this.#matchEnd(/[0-9a-zA-Z_.]+/y));
    else this.#punctuator(char);
  }

  #skip(): void {
    if (this.#source[this.#at] === '\n') this.#line++;
    this.#at++;
  }

  #take(kind: Token['kind'], end: number): void {
    const raw = this.#source.slice(this.#at, end);
    const line = this.#line;
    this.#line += raw.split('\n').length - 1;
    const text = kind === 'text' ? raw.replace(/^['"`}]|(?:['"`]|\$\{)$/g, '') : raw;
    const token = { kind, text, line, endLine: this.#line };
    this.#tokens.push(token);
    if (kind !== 'comment') {
      this.#postfix =
        text === '!' && kind === 'punctuator' && this.#previousEnd === this.#at && !this.#operandExpected();
      this.#previous = token;
      this.#previousEnd = end;
    }
    this.#at = end;
  }

  #punctuator(char: string): void {
    if (char === '}' && this.#braces.pop() === true) {
      this.#template();
      return;
    }
    if (char === '{') this.#braces.push(false);
    const long = LONG_PUNCTUATORS.find((each) => this.#source.startsWith(each, this.#at));
    this.#take('punctuator', this.#at + (long ?? char).length);
  }

  /** A template up to its end or to its next `${`; from there on it is code until the brace closes. */
  #template(): void {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== '`' && !this.#source.startsWith('${', end)) {
      end += this.#source[end] === '\\' ? 2 : 1;
    }
    const opens = this.#source[end] === '$';
    this.#take('text', end + (opens ? 2 : 1));
    if (opens) {
      this.#braces.push(true);
      this.#previous = undefined;
    }
  }

  #operandExpected(): boolean {
    const token = this.#previous;
    if (token === undefined) return true;
    if (token.kind === 'word') return BEFORE_OPERAND.has(token.text);
    return token.kind === 'punctuator' && ![')', ']', '}', '++', '--'].includes(token.text) && !this.#postfix;
  }

  #lineEnd(): number {
    const end = this.#source.indexOf('\n', this.#at);
    return end < 0 ? this.#source.length : end;
  }

  #after(text: string, from: number): number {
    const found = this.#source.indexOf(text, from);
    return found < 0 ? this.#source.length : found + text.length;
  }

  #quoteEnd(quote: string): number {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote) end += this.#source[end] === '\\' ? 2 : 1;
    return end + 1;
  }

  #regexEnd(): number {
    let end = this.#at + 1;
    let inClass = false;
    for (; end < this.#source.length && (inClass || this.#source[end] !== '/'); end++) {
      if (this.#source[end] === '\\') end++;
      else if (this.#source[end] === '[') inClass = true;
      else if (this.#source[end] === ']') inClass = false;
    }
    while (/[a-z]/.test(this.#source[++end] ?? ''));
    return end;
  }

  #matchEnd(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    return this.#at + (pattern.exec(this.#source)?.[0].length ?? 1);
  }
}
