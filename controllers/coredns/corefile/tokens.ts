/**
 * Cuts a Corefile into words: whitespace separates, `#` at a word's start comments out the rest of the line, double quotes
 * hold whitespace and newlines together.
 *
 * Source: Caddy v1's Caddyfile lexer, which CoreDNS uses (github.com/coredns/caddy, caddyfile/lexer.go).
 */
export interface Token {
  readonly text: string;
  readonly file: string;
  /** counted from 1, where the token begins */
  readonly line: number;
  readonly column: number;
  /** how many line breaks lie inside of it: what follows on its last line is still the same line of arguments */
  readonly breaks: number;
  readonly quoted: boolean;
}

const WHITESPACE = /\s/;

/** The end of the quoted text that begins at `start`, and what it holds. Only `\"` is an escape. */
function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = '';
  let at = start + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\' && text[at + 1] === '"') at++;
    value += text[at];
    at++;
  }
  return { value, end: at + 1 };
}

function readBare(text: string, start: number): { readonly value: string; readonly end: number } {
  let end = start;
  while (end < text.length && !WHITESPACE.test(text[end]!)) end++;
  return { value: text.slice(start, end), end };
}

export function tokenize(source: string, file: string): readonly Token[] {
  const text = source.replaceAll('\r', '');
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character === '\n') {
      line++;
      lineStart = ++at;
    } else if (WHITESPACE.test(character)) {
      at++;
    } else if (character === '#') {
      while (at < text.length && text[at] !== '\n') at++;
    } else {
      const quoted = character === '"';
      const { value, end } = quoted ? readQuoted(text, at) : readBare(text, at);
      const breaks = value.split('\n').length - 1;
      tokens.push({ text: value, file, line, column: at - lineStart + 1, breaks, quoted });
      if (breaks > 0) lineStart = text.lastIndexOf('\n', end - 1) + 1;
      line += breaks;
      at = end;
    }
  }
  return tokens;
}

/** Whether `next` stands on the line that `token` ends on. */
export function sameLine(token: Token, next: Token | undefined): boolean {
  return next !== undefined && next.file === token.file && next.line === token.line + token.breaks;
}
