/** Finds the functions of a file: declarations, expressions, methods, accessors, constructors and arrows. */
import type { Token } from './scanner.ts';

export interface FoundFunction {
  /** `(arrow)` where it has no name of its own */
  readonly name: string;
  readonly line: number;
  readonly lineCount: number;
  /** it has a body in braces: an arrow may have just an expression */
  readonly block: boolean;
  /** the name of the call that it is an argument of, such as `describe` */
  readonly argumentOf: string | undefined;
}

const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await', 'return', 'super']);
const MODIFIERS = new Set(
  'async get set static public private protected override readonly abstract declare accessor export default *'.split(
    ' ',
  ),
);
const MEMBER_STARTS = new Set(['{', '}', ';', ',', undefined]);
const OPENERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
/** After these a brace opens a type, not a body. */
const BEFORE_TYPE = new Set(': | & => ? < , ( [ is keyof readonly infer extends asserts typeof'.split(' '));

/** The functions of a file, in the order in which their parameters begin. */
export function functionsOf(tokens: readonly Token[]): readonly FoundFunction[] {
  const code = tokens.filter((token) => token.kind !== 'comment');
  const closing = matchBrackets(code);
  const found: FoundFunction[] = [];
  code.forEach((token, index) => {
    const one = token.text === '(' ? parenthesized(code, closing, index) : singleParameter(code, closing, index);
    if (one !== undefined) found.push(one);
  });
  return found;
}

type Pairs = ReadonlyMap<number, number>;

const isPunctuator = (token: Token | undefined, text: string) => token?.kind === 'punctuator' && token.text === text;

/** From each opening bracket to its closing one, and back. */
function matchBrackets(code: readonly Token[]): Pairs {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  code.forEach((token, index) => {
    if (token.kind !== 'punctuator') return;
    if (OPENERS[token.text] !== undefined) open.push(index);
    else if (token.text === ')' || token.text === ']' || token.text === '}') {
      const start = open.pop();
      if (start === undefined) return;
      pairs.set(start, index);
      pairs.set(index, start);
    }
  });
  return pairs;
}

/** The function whose parameter list opens at `open`, if it is one. */
function parenthesized(code: readonly Token[], pairs: Pairs, open: number): FoundFunction | undefined {
  const close = pairs.get(open);
  if (close === undefined) return undefined;
  const head = headOf(code, pairs, open);
  const end = afterReturnType(code, pairs, close, head !== undefined);
  if (head !== undefined && isPunctuator(code[end], '{')) {
    return made(code, head.name, head.start, pairs.get(end) ?? end, true);
  }
  return isPunctuator(code[end], '=>') ? arrow(code, pairs, open, end) : undefined;
}

/** `x => …` */
function singleParameter(code: readonly Token[], pairs: Pairs, index: number): FoundFunction | undefined {
  if (code[index]!.kind !== 'word' || !isPunctuator(code[index + 1], '=>') || isPunctuator(code[index - 1], ':')) {
    return undefined;
  }
  return arrow(code, pairs, index, index + 1);
}

function arrow(code: readonly Token[], pairs: Pairs, start: number, at: number): FoundFunction | undefined {
  if (isFunctionType(code, start)) return undefined;
  const block = isPunctuator(code[at + 1], '{');
  const end = block ? (pairs.get(at + 1) ?? at + 1) : expressionEnd(code, pairs, at + 1);
  return made(code, '(arrow)', start, end, block);
}

/** `type F = (…) =>`, `| (…) =>`, and the return type in `run(): () => void`. */
function isFunctionType(code: readonly Token[], start: number): boolean {
  const before = code[start - 1]?.text ?? '';
  if (['|', '&', '<', 'extends'].includes(before)) return true;
  return before === ':' ? isPunctuator(code[start - 2], ')') : before === '=' && code[start - 3]?.text === 'type';
}

function made(code: readonly Token[], name: string, start: number, end: number, block: boolean): FoundFunction {
  const line = code[start]!.line;
  const lineCount = (code[end] ?? code.at(-1)!).endLine - line + 1;
  return { name, line, lineCount, block, argumentOf: callOf(code, start) };
}

/** `describe('title', (…` gives `describe`, also through `describe.each(…)('title', (…`. */
function callOf(code: readonly Token[], start: number): string | undefined {
  let at = start - 1;
  if (code[at]?.text === 'async') at--;
  while (at > 0 && (code[at]!.kind === 'text' || isPunctuator(code[at], ','))) at--;
  if (!isPunctuator(code[at], '(')) return undefined;
  const line = code[at]!.line;
  let first = at - 1;
  while (first > 0 && code[first - 1]!.line === line && code[first - 1]!.text !== ';') first--;
  return code[first]?.kind === 'word' ? code[first]!.text : undefined;
}

/** The name and the first token of a function or member whose parameters open at `open`; undefined for a mere call. */
function headOf(code: readonly Token[], pairs: Pairs, open: number): { name: string; start: number } | undefined {
  let at = open - 1;
  if (isPunctuator(code[at], '>')) at = beforeTypeParameters(code, at);
  if (isPunctuator(code[at], ']')) at = pairs.get(at) ?? at;
  const token = code[at];
  if (token === undefined) return undefined;
  if (token.text === 'function' || (token.text === '*' && code[at - 1]?.text === 'function')) {
    return { name: '(function)', start: at };
  }
  if ((token.kind === 'punctuator' && token.text !== '[') || CONTROL.has(token.text)) return undefined;
  const before = code[at - 1]?.text === '*' ? at - 2 : at - 1;
  if (code[before]?.text === 'function') return { name: token.text, start: before };
  let start = at;
  while (start > 0 && MODIFIERS.has(code[start - 1]!.text)) start--;
  const name = token.text === '[' ? '[computed]' : token.text;
  return MEMBER_STARTS.has(code[start - 1]?.text) ? { name, start } : undefined;
}

function beforeTypeParameters(code: readonly Token[], end: number): number {
  let depth = 0;
  for (let at = end; at >= 0; at--) {
    if (isPunctuator(code[at], '>')) depth++;
    else if (isPunctuator(code[at], '<') && --depth === 0) return at - 1;
    else if (isPunctuator(code[at], ';')) return -1;
  }
  return -1;
}

/**
 * The index after `)` and its return type, if it has one: that of the body's brace, of the arrow, or of whatever else
 * comes. A member's return type may hold arrows of its own, so that only a brace ends it.
 */
function afterReturnType(code: readonly Token[], pairs: Pairs, close: number, member: boolean): number {
  if (!isPunctuator(code[close + 1], ':')) return close + 1;
  for (let at = close + 2; at < code.length; at++) {
    const { text, kind } = code[at]!;
    if (kind !== 'punctuator') continue;
    if (text === '{' && !BEFORE_TYPE.has(code[at - 1]!.text)) return at;
    if (text === '=>' && !member && !isPunctuator(code[at - 1], ')')) return at;
    if (OPENERS[text] !== undefined) at = pairs.get(at) ?? at;
    else if (';)}='.includes(text) || (text === ',' && !member)) return at;
  }
  return code.length;
}

/** The last token of an expression: it goes on until a comma, a semicolon or a bracket that it did not open. */
function expressionEnd(code: readonly Token[], pairs: Pairs, start: number): number {
  for (let at = start; at < code.length; at++) {
    const token = code[at]!;
    if (token.kind !== 'punctuator') continue;
    if (OPENERS[token.text] !== undefined) at = pairs.get(at) ?? at;
    else if ([',', ';', ')', ']', '}'].includes(token.text)) return at - 1;
  }
  return code.length - 1;
}
