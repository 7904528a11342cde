/** What plugins share in reading their arguments: Go's numbers and durations, once-only directives. */
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive, OptionLine } from '../corefile/parse.ts';
import type { Token } from '../corefile/tokens.ts';
import { regularExpressionOf } from '../regular-expression.ts';

/** The one directive of a plugin that a server block may hold once. */
export function onlyOne(directives: readonly Directive[]): Directive {
  const [first, second] = directives;
  if (second !== undefined) {
    throw new CorefileError(
      second.name,
      `plugin/${second.name.text}: this plugin can only be used once per Server Block`,
    );
  }
  return first!;
}

/** As `strconv.Atoi`. */
export function integerOf(token: Token): number {
  if (!/^[+-]?\d+$/.test(token.text)) {
    throw new CorefileError(token, `strconv.Atoi: parsing "${token.text}": invalid syntax`);
  }
  return Number(token.text);
}

/** As `strconv.ParseUint` of 32 bits. */
export function unsignedOf(token: Token): number {
  const invalid = (why: string) => new CorefileError(token, `strconv.ParseUint: parsing "${token.text}": ${why}`);
  if (!/^\d+$/.test(token.text)) throw invalid('invalid syntax');
  if (Number(token.text) >= 2 ** 32) throw invalid('value out of range');
  return Number(token.text);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 1e-6,
};

/** As `time.ParseDuration`: `1h30m`, `500ms`, `0`. In milliseconds. */
export function durationMsOf(token: Token): number {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/.exec(token.text)!;
  if (rest === '0') return 0;
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(rest)) {
    throw new CorefileError(token, `time: invalid duration "${token.text}"`);
  }
  let total = 0;
  for (const [, number, unit] of rest.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(number) * UNIT_MS[unit!]!;
  return sign === '-' ? -total : total;
}

/** Where a plugin listens, `:8181`; refused where there is no port, as `net.SplitHostPort` does. */
export function listenAddressOf(token: Token): string {
  if (splitHostPort(token.text) !== undefined) return token.text;
  throw new CorefileError(token, `address ${token.text}: missing port in address`);
}

/** `[::1]:53` is `::1` and `53`; undefined where there is no port. As Go's `net.SplitHostPort`. */
export function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** As Go's `net.JoinHostPort`. */
export function joinHostPort(host: string, port: string | number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The option's arguments; refused unless there are at least `least` and at most `most`. */
export function argumentsOf(line: OptionLine, least: number, most = least): readonly Token[] {
  const found = line.arguments;
  if (found.length < least || found.length > most) throw wrongArguments(found.at(-1) ?? line.option);
  return found;
}

export function unknownOption({ option }: OptionLine): CorefileError {
  return new CorefileError(option, `unknown property '${option.text}'`);
}

/** `fallthrough [ZONES]`: none listed means every zone. */
export function fallthroughOf(line: OptionLine): readonly string[] {
  return line.arguments.length === 0 ? ['.'] : line.arguments.map(({ text }) => normalZone(text));
}

function normalZone(text: string): string {
  const lower = text.toLowerCase().replace(/:\d+$/, '');
  return lower.endsWith('.') ? lower : `${lower}.`;
}

/** A regular expression of Go's. */
export function patternOf(token: Token): RegExp {
  try {
    return regularExpressionOf(token.text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new CorefileError(token, `could not parse regex: ${error.message}`);
    throw error;
  }
}
