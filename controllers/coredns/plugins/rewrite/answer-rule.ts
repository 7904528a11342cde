/** `ttl` and `rcode`: the answer to some names is changed. Source: CoreDNS plugin/rewrite/{ttl,rcode}.go. */
import { RCODE_NUMBERS, type Rcode } from '../../../../src/model/index.ts';
import { normalName } from '../../zones.ts';
import { matchOf, type NameMatch, RuleError } from './match.ts';
import { type ResponseRule, rcodeRule, ttlRule } from './response-rule.ts';

export interface AnswerRule {
  readonly kind: 'ttl' | 'rcode';
  readonly match: NameMatch;
  readonly response: ResponseRule;
}

const UINT32_MAX = 4_294_967_295;
const TTL_MAX = 2_147_483_647;

/** `[exact|prefix|suffix|substring|regex] NAME` */
function readMatch(words: readonly string[], kind: string): NameMatch {
  const [first, name] = words.length === 1 ? ['exact', words[0]] : words;
  const by = first!.toLowerCase();
  const match = matchOf(by, by === 'regex' ? name! : normalName(name!));
  if (match === undefined) {
    throw new RuleError(`${kind} rule supports only exact, prefix, suffix, substring, and regex name matching`);
  }
  return match;
}

function secondsOf(text: string | undefined, otherwise: number): number | undefined {
  if (text === '' || text === undefined) return otherwise;
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return seconds <= UINT32_MAX ? seconds : undefined;
}

/** `30`, `30-300`, `30-` or `-300` */
function readTtl(text: string): ResponseRule | undefined {
  const [least = '', most, ...rest] = text.split('-');
  if (rest.length > 0 || (least === '' && (most ?? '') === '')) return undefined;
  const from = secondsOf(least, 0);
  const to = most === undefined ? from : secondsOf(most, TTL_MAX);
  return from === undefined || to === undefined || from > to ? undefined : ttlRule(from, to);
}

export function readTtlRule(words: readonly string[]): AnswerRule {
  if (words.length < 2) throw new RuleError(`too few (${words.length}) arguments for a ttl rule`);
  const text = words.length <= 3 ? words.at(-1)! : '';
  const response = readTtl(text);
  if (response === undefined) throw new RuleError(`invalid TTL '${text}' for a ttl rule`);
  return { kind: 'ttl', match: readMatch(words.slice(0, -1), 'ttl'), response };
}

const RCODES = new Map(Object.entries(RCODE_NUMBERS).map(([name, number]) => [number as number, name as Rcode]));

/** A code by its number or its name. */
function rcodeOf(text: string, what: string): Rcode {
  const byNumber = /^\d+$/.test(text) ? RCODES.get(Number(text)) : undefined;
  const upper = text.toUpperCase();
  // What nobody has assigned has a number only.
  const known = Object.hasOwn(RCODE_NUMBERS, upper) && !upper.startsWith('RESERVED');
  if (byNumber === undefined && !known) throw new RuleError(`invalid ${what} RCODE '${text}' for a rcode rule`);
  return byNumber ?? (upper as Rcode);
}

export function readRcodeRule(words: readonly string[]): AnswerRule {
  if (words.length < 3) throw new RuleError(`too few (${words.length}) arguments for a rcode rule`);
  const [from, to] = words.length <= 4 ? words.slice(-2) : ['', ''];
  const response = rcodeRule(rcodeOf(from!, 'matching'), rcodeOf(to!, 'replacement'));
  return { kind: 'rcode', match: readMatch(words.slice(0, -2), 'rcode'), response };
}
