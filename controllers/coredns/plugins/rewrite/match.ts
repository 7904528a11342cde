/** Which names a rule is about, and what they become. Source: CoreDNS plugin/rewrite/name.go. */
import { groupCountOf, regularExpressionOf } from '../../regular-expression.ts';

export type NameMatch =
  | { readonly by: 'exact' | 'prefix' | 'suffix' | 'substring'; readonly text: string }
  | { readonly by: 'regex'; readonly pattern: RegExp };

/** Why a rule is refused. Thrown while a Corefile is read; the plugin adds the place. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

const PATTERN_LENGTH_MAX = 10_000;
/** The highest group number that is looked for in a replacement. */
const GROUP_MAX = 100;

/** Throws a `RuleError`. */
export function patternOf(text: string): RegExp {
  if (text.length > PATTERN_LENGTH_MAX) {
    throw new RuleError(`regex pattern too long: ${text.length} > ${PATTERN_LENGTH_MAX}`);
  }
  try {
    return regularExpressionOf(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuleError(`invalid regex matching pattern: ${text}`);
    throw error;
  }
}

/** A pattern whose groups the replacement may use: `{1}` is the first. */
export function patternFor(text: string, replacement: string): RegExp {
  const pattern = patternOf(text);
  const used = new Set(Array.from(replacement.matchAll(/\{(0|[1-9]\d*)\}/g), ([, group]) => Number(group)));
  if ([...used].filter((group) => group <= GROUP_MAX).length > groupCountOf(pattern)) {
    throw new RuleError(
      `the rewrite regex pattern (${replacement}) uses more subexpressions than its corresponding matching regex pattern (${text})`,
    );
  }
  return pattern;
}

/** The match that a word names; undefined for other words. Names are compared as they are, so normalise them before. */
export function matchOf(by: string, text: string): NameMatch | undefined {
  switch (by) {
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'substring':
      return { by, text };
    case 'regex':
      return { by, pattern: patternOf(text) };
    default:
      return undefined;
  }
}

/** The replacement with its groups filled in, which stands for the whole text; undefined where nothing matches. */
export function filledIn(pattern: RegExp, text: string, replacement: string): string | undefined {
  const groups = pattern.exec(text);
  if (groups === null) return undefined;
  return groups.reduce((filled, group, i) => filled.replaceAll(`{${i}}`, () => group ?? ''), replacement);
}

/** What a name becomes; undefined where it does not match. */
export function renamed(match: NameMatch, name: string, to: string): string | undefined {
  switch (match.by) {
    case 'exact':
      return name === match.text ? to : undefined;
    case 'prefix':
      return name.startsWith(match.text) ? to + name.slice(match.text.length) : undefined;
    case 'suffix':
      return name.endsWith(match.text) ? name.slice(0, name.length - match.text.length) + to : undefined;
    case 'substring':
      return name.includes(match.text) ? name.replaceAll(match.text, () => to) : undefined;
    case 'regex':
      return filledIn(match.pattern, name, to);
  }
}

export function matches(match: NameMatch, name: string): boolean {
  return renamed(match, name, '') !== undefined;
}
