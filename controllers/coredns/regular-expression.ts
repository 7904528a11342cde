/**
 * Go's regular expressions, which Corefiles are written in, as JavaScript's.
 *
 * The syntax is that of RE2 (https://github.com/google/re2/wiki/Syntax, Go's regexp/syntax): what only JavaScript knows,
 * such as look-ahead and back references, is refused as Go refuses it. Two things differ: a group inside of a repeated group
 * keeps what it matched in an earlier round there and forgets it here, and time is linear there.
 */
const REPEAT_MAX = 1000;

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** White space, whose JavaScript class knows Unicode's. */
const PERL_SPACE = '\\t\\n\\f\\r ';
const NO_PERL_SPACE = '\\x00-\\x08\\v\\x0E-\\x1F!-\\uFFFF';

function refused(what: string): SyntaxError {
  return new SyntaxError(`error parsing regexp: ${what}`);
}

/** One pattern being read; `at` is where. */
interface Reader {
  readonly text: string;
  at: number;
}

/** Takes what `pattern`, which must be sticky, matches here. */
function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text) ?? undefined;
  if (found !== undefined) reader.at = pattern.lastIndex;
  return found;
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

function codePoint(value: number): string {
  if (value > 0x10ffff) throw refused('invalid escape sequence');
  return [...String.fromCodePoint(value)].map(literal).join('');
}

/** An escape, from its backslash on. Inside of brackets it stands for characters only. */
function readEscape(reader: Reader, inBrackets: boolean): string {
  const hex = take(reader, /\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/y);
  if (hex !== undefined) return codePoint(Number.parseInt(hex[1] ?? hex[2]!, 16));
  const octal = take(reader, /\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y);
  if (octal !== undefined) return codePoint(Number.parseInt(octal[1]!, 8));
  const space = take(reader, /\\[sS]/y);
  if (space !== undefined) {
    const members = space[0] === '\\s' ? PERL_SPACE : NO_PERL_SPACE;
    return inBrackets ? members : `[${members}]`;
  }
  const shared = take(reader, /\\[dDwWfnrtv]/y);
  if (shared !== undefined) return shared[0];
  if (take(reader, /\\a/y) !== undefined) return '\\x07';
  const punctuation = take(reader, /\\([^0-9A-Za-z])/y);
  if (punctuation !== undefined) return literal(punctuation[1]!);
  throw refused(`invalid escape sequence: \`${reader.text.slice(reader.at, reader.at + 2)}\``);
}

/** Places, which RE2 lets repeat like anything else. */
const PLACES: Readonly<Record<string, string>> = {
  '^': '(?:^)',
  $: '(?:$)',
  '\\b': '(?:\\b)',
  '\\B': '(?:\\B)',
  '\\A': '(?:(?<![\\s\\S]))',
  '\\z': '(?:(?![\\s\\S]))',
};

/** A class in brackets; a closing bracket that stands first is one of its characters. */
function readBrackets(reader: Reader): string {
  const start = reader.at;
  let result = take(reader, /\[\^?/y)![0];
  let first = true;
  while (first || reader.text[reader.at] !== ']') {
    if (reader.at >= reader.text.length) throw refused(`missing closing ]: \`${reader.text.slice(start)}\``);
    first = false;
    const posix = take(reader, /\[:(\^?)(\w+):\]/y);
    if (posix !== undefined) {
      const members = POSIX_CLASSES[posix[2]!];
      if (members === undefined || posix[1] === '^') throw refused(`invalid character class range: \`${posix[0]}\``);
      result += members;
    } else if (reader.text[reader.at] === '\\') {
      result += readEscape(reader, true);
    } else {
      const character = reader.text[reader.at++]!;
      result += character === '-' ? '-' : literal(character);
    }
  }
  reader.at++;
  return `${result}]`;
}

/** What opens a group. Flags may stand at the pattern's start only; `flags` collects them. */
function readGroup(reader: Reader, flags: Set<string>): string {
  const named = take(reader, /\(\?P?<([A-Za-z_]\w*)>/y);
  if (named !== undefined) return `(?<${named[1]}>`;
  if (take(reader, /\(\?:/y) !== undefined) return '(?:';
  const start = reader.at;
  const set = take(reader, /\(\?([ims]+)\)/y);
  if (set !== undefined && start === 0) {
    for (const flag of set[1]!) flags.add(flag);
    return '';
  }
  if (take(reader, /\(\?/y) === undefined) return take(reader, /\(/y)![0];
  throw refused(`invalid or unsupported Perl syntax: \`${reader.text.slice(start, reader.at + 1)}\``);
}

/** `*`, `+`, `?` or `{2,5}`, with its `?` for as few as possible; undefined where braces are only braces. */
function readRepeat(reader: Reader): string | undefined {
  const repeat = take(reader, /(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/y);
  if (repeat === undefined) return undefined;
  const [text, least, most] = repeat;
  if (Number(least ?? 0) > REPEAT_MAX || Number(most ?? 0) > REPEAT_MAX) {
    throw refused(`invalid repeat count: \`${text}\``);
  }
  return text;
}

function readAtom(reader: Reader, flags: Set<string>): string {
  const quoted = take(reader, /\\Q([\s\S]*?)(?:\\E|$)/y);
  if (quoted !== undefined) return [...quoted[1]!].map(literal).join('');
  const place = take(reader, /[$^]|\\[bBAz]/y);
  if (place !== undefined) return PLACES[place[0]]!;
  const character = reader.text[reader.at];
  if (character === '\\') return readEscape(reader, false);
  if (character === '[') return readBrackets(reader);
  if (character === '(') return readGroup(reader, flags);
  reader.at++;
  if (character === '.') return flags.has('s') ? '[\\s\\S]' : '[^\\n]';
  return character === '{' || character === '}' || character === ']' ? `\\${character}` : character!;
}

/** Compiles what Go's `regexp.Compile` takes. Throws a `SyntaxError`. */
export function regularExpressionOf(text: string): RegExp {
  const reader: Reader = { text, at: 0 };
  const flags = new Set<string>();
  let source = '';
  while (reader.at < text.length) {
    const repeat = readRepeat(reader);
    source += repeat ?? readAtom(reader, flags);
  }
  // A repeat of nothing or of a repeat, and parentheses that do not match, are refused by both.
  return new RegExp(source, [...flags].filter((flag) => flag !== 's').join(''));
}

/** How many groups a pattern has: Go's `NumSubexp`. */
export function groupCountOf({ source, flags }: RegExp): number {
  return new RegExp(`${source}|`, flags).exec('')!.length - 1;
}
