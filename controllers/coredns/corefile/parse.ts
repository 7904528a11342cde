/**
 * The Corefile's grammar: server blocks of directives, snippets, imports, environment variables.
 *
 * ```text
 *   zone[:port] ... {            keys, then the block
 *     plugin argument ... {      a directive
 *       option argument ...      a line of its block
 *     }
 *     import GLOB | snippet      replaced by what it names, before anything is read
 *   }
 *   (snippet) { ... }
 * ```
 *
 * Source: Caddy v1's Caddyfile parser (github.com/coredns/caddy, caddyfile/parse.go and dispenser.go).
 */
import { CorefileError, wrongArguments } from './error.ts';
import { sameLine, type Token, tokenize } from './tokens.ts';

/** One line in a directive's block: the option and its arguments. */
export interface OptionLine {
  readonly option: Token;
  readonly arguments: readonly Token[];
}

export interface Directive {
  readonly name: Token;
  readonly arguments: readonly Token[];
  /** undefined where the directive has no block */
  readonly block?: readonly OptionLine[];
  /** all of its words, with the braces of its block */
  readonly tokens: readonly Token[];
}

export interface ServerBlock {
  readonly keys: readonly Token[];
  readonly directives: readonly Directive[];
}

export interface CorefileSources {
  /** files that `import` can name, by path relative to the Corefile: `custom/a.server` */
  readonly files?: Readonly<Record<string, string>>;
  /** what `{$NAME}` stands for; a name that is missing is empty text */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How many imports a Corefile may carry out before they are taken for a circle. */
const IMPORTS_MAX = 1000;

/** The regular expression of a shell glob: `*` and `?` stop at a slash. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${source}$`);
}

class Parser {
  readonly #sources: CorefileSources;
  readonly #snippets = new Map<string, readonly Token[]>();
  #tokens: readonly Token[];
  #at = 0;
  #imports = 0;

  constructor(text: string, file: string, sources: CorefileSources) {
    this.#sources = sources;
    this.#tokens = tokenize(text, file);
  }

  blocks(): readonly ServerBlock[] {
    const blocks: ServerBlock[] = [];
    while (this.#at < this.#tokens.length) {
      const first = this.#tokens[this.#at]!;
      if (first.text === 'import' && !first.quoted) this.#import();
      else if (/^\(.+\)$/.test(first.text)) this.#snippet(first);
      else blocks.push(this.#serverBlock());
    }
    return blocks;
  }

  #snippet(name: Token): void {
    const label = name.text.slice(1, -1);
    if (this.#snippets.has(label))
      throw new CorefileError(name, `redeclaration of previously declared snippet ${label}`);
    this.#at++;
    this.#open(name);
    const start = this.#at;
    let depth = 1;
    while (this.#at < this.#tokens.length) {
      const { text } = this.#tokens[this.#at]!;
      if (text === '{') depth++;
      if (text === '}' && --depth === 0) break;
      this.#at++;
    }
    this.#snippets.set(label, this.#tokens.slice(start, this.#at));
    this.#close(name);
  }

  #serverBlock(): ServerBlock {
    const keys: Token[] = [];
    let last = this.#tokens[this.#at]!;
    let comma = false;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token.text === '{' || (keys.length > 0 && !comma && !sameLine(last, token))) break;
      comma = token.text.endsWith(',');
      for (const text of this.#replaced(token).text.split(',')) if (text !== '') keys.push({ ...token, text });
      last = token;
      this.#at++;
    }
    if (comma) throw new CorefileError(last, 'Unexpected EOF');
    if (keys.length === 0) throw new CorefileError(last, `Unexpected token '${last.text}'; expecting a zone`);
    // A file of one server may leave the braces out: everything after the keys' line is its block.
    const braced = this.#tokens[this.#at]?.text === '{';
    if (braced) this.#at++;
    const directives = this.#directives();
    if (braced) this.#close(last);
    else if (this.#at < this.#tokens.length) throw this.#unexpected();
    return { keys, directives };
  }

  #directives(): readonly Directive[] {
    const directives: Directive[] = [];
    while (this.#at < this.#tokens.length && this.#tokens[this.#at]!.text !== '}') {
      const name = this.#tokens[this.#at]!;
      if (name.text === 'import' && !name.quoted) this.#import();
      else directives.push(this.#directive(name));
    }
    return directives;
  }

  #directive(name: Token): Directive {
    const start = this.#at++;
    const tokens = () => this.#tokens.slice(start, this.#at).map((token) => this.#replaced(token));
    let last = name;
    const found: Token[] = [];
    for (let token = this.#next(); sameLine(last, token) && token!.text !== '{'; token = this.#next()) {
      last = token!;
      found.push(this.#replaced(last));
      this.#at++;
    }
    const opens = this.#next();
    if (!sameLine(last, opens)) return { name, arguments: found, tokens: tokens() };
    this.#at++;
    const block = this.#optionLines(name);
    return { name, arguments: found, block, tokens: tokens() };
  }

  /** A closing brace ends the block only at a line's start: after an option, it is one of that option's arguments. */
  #optionLines(name: Token): readonly OptionLine[] {
    const lines: OptionLine[] = [];
    for (;;) {
      const option = this.#next();
      if (option === undefined) throw new CorefileError(name, `Unexpected EOF in the block of ${name.text}`);
      this.#at++;
      if (option.text === '}') return lines;
      if (option.text === 'import' && !option.quoted) {
        this.#at--;
        this.#import();
        continue;
      }
      const found: Token[] = [];
      let last = option;
      for (let token = this.#next(); sameLine(last, token); token = this.#next()) {
        last = token!;
        found.push(this.#replaced(last));
        this.#at++;
      }
      lines.push({ option: this.#replaced(option), arguments: found });
      if (last.text === '}') return lines;
    }
  }

  /** Puts what an import names in its place. A glob without a match is nothing; a plain path without a file is an error. */
  #import(): void {
    const keyword = this.#tokens[this.#at]!;
    const pattern = this.#tokens[this.#at + 1];
    if (!sameLine(keyword, pattern)) throw wrongArguments(keyword);
    if (sameLine(pattern!, this.#tokens[this.#at + 2])) {
      throw new CorefileError(keyword, 'Import takes only one argument (glob pattern or file)');
    }
    if (++this.#imports > IMPORTS_MAX) throw new CorefileError(keyword, `import ${pattern!.text} never ends`);
    const found = this.#imported(this.#replaced(pattern!));
    this.#tokens = [...this.#tokens.slice(0, this.#at), ...found, ...this.#tokens.slice(this.#at + 2)];
  }

  #imported(pattern: Token): readonly Token[] {
    const snippet = this.#snippets.get(pattern.text);
    if (snippet !== undefined) return snippet;
    const files = this.#sources.files ?? {};
    const path = globOf(pattern.text);
    const names = Object.keys(files).filter((name) => path.test(name));
    if (names.length === 0 && !/[*?[]/.test(pattern.text)) {
      throw new CorefileError(pattern, `File to import not found: ${pattern.text}`);
    }
    return names.sort().flatMap((name) => tokenize(files[name]!, name));
  }

  #replaced(token: Token): Token {
    if (!token.text.includes('{')) return token;
    const environment = this.#sources.environment ?? {};
    const text = token.text.replace(/\{[$%]([^{}%]+)%?\}/g, (_, name: string) => environment[name] ?? '');
    return { ...token, text };
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #open(after: Token): void {
    if (this.#next()?.text !== '{') throw wrongArguments(after);
    this.#at++;
  }

  #close(after: Token): void {
    if (this.#next()?.text !== '}')
      throw new CorefileError(this.#tokens.at(-1) ?? after, "Unexpected EOF, expecting '}'");
    this.#at++;
  }

  #unexpected(): CorefileError {
    const token = this.#tokens[this.#at]!;
    return new CorefileError(token, `Unexpected '${token.text}'`);
  }
}

/** The server blocks of a Corefile. Throws a `CorefileError` that names the place. */
export function parseCorefile(text: string, sources: CorefileSources = {}, file = 'Corefile'): readonly ServerBlock[] {
  return new Parser(text, file, sources).blocks();
}
