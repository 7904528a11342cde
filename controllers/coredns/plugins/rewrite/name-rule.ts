/** `name`: another name is asked for, and what the answer says of it may be turned back. Source: CoreDNS plugin/rewrite/name.go. */
import type { DnsRequest } from '../../plugin.ts';
import { normalName } from '../../zones.ts';
import { matchOf, type NameMatch, patternFor, patternOf, RuleError, renamed } from './match.ts';
import {
  byDomain,
  byPattern,
  bySuffix,
  ownerRule,
  type Rename,
  type ResponseRule,
  valueRule,
} from './response-rule.ts';
import type { Rewritten } from './rule.ts';

export interface NameRule {
  readonly kind: 'name';
  readonly match: NameMatch;
  readonly to: string;
  /** whether answers are turned back to the name that was asked for */
  readonly auto: boolean;
  readonly answers: readonly ResponseRule[];
}

interface AnswerOptions {
  readonly auto: boolean;
  readonly rules: readonly ResponseRule[];
}

function ownerAndValue(rename: Rename): readonly ResponseRule[] {
  return [ownerRule(rename), valueRule(rename)];
}

/** `[answer] auto | name FROM TO | value FROM TO`, any number of them; the first begins with `answer`. */
function readAnswers(words: readonly string[], by: string): AnswerOptions {
  if (words.length === 0) return { auto: false, rules: [] };
  if (words.length === 1) throw new RuleError(`invalid arguments for ${by} rule`);
  if (words[0] !== 'answer') {
    throw new RuleError(`exceeded the number of arguments for a non-answer rule argument for ${by} rule`);
  }
  const rules: ResponseRule[] = [];
  let auto = false;
  let named = false;
  for (let at = 0; at < words.length; ) {
    if (words[at] === 'answer') at++;
    const what = words[at++];
    if (what === undefined) throw new RuleError(`type missing for answer rule for ${by} rule`);
    if (what === 'auto') {
      auto = true;
      continue;
    }
    if (what !== 'name' && what !== 'value')
      throw new RuleError(`invalid type "${what}" for answer rule for ${by} rule`);
    const [from, to] = words.slice(at, at + 2);
    if (from === undefined || to === undefined) {
      throw new RuleError(`${what} answer rule for ${by} rule: 2 arguments required`);
    }
    at += 2;
    named ||= what === 'name';
    const rename = byPattern(patternFor(from, to), normalName(to));
    rules.push(what === 'name' ? ownerRule(rename) : valueRule(rename));
  }
  if (auto && named) throw new RuleError('auto name answer rule cannot be combined with explicit name answer rules');
  return { auto, rules };
}

/** `[exact|prefix|suffix|substring|regex] FROM TO [answer …]` */
export function readNameRule(words: readonly string[]): NameRule {
  if (words.length < 2) throw new RuleError('too few arguments for a name rule');
  const [first, from, to, ...rest] = words.length === 2 ? ['exact', ...words] : words;
  const by = first!.toLowerCase();
  const { auto, rules } = readAnswers(rest, by);
  const match = matchOf(by, by === 'regex' ? from! : normalName(from!));
  if (match === undefined) {
    throw new RuleError(
      `name rule supports only exact, prefix, suffix, substring, and regex name matching, received: ${by}`,
    );
  }
  const target = normalName(to!);
  if (match.by === 'regex') patternFor(from!, to!);
  // An exact target must be a pattern too, though none is ever matched: the original checks it.
  if (match.by === 'exact') patternOf(target);
  if (match.by !== 'suffix') return { kind: 'name', match, to: target, auto: auto || by === 'exact', answers: rules };
  const back = auto ? ownerAndValue(bySuffix(target, match.text)) : [];
  return { kind: 'name', match, to: target, auto: false, answers: [...back, ...rules] };
}

export function rewriteName(rule: NameRule, request: DnsRequest): Rewritten | undefined {
  const name = renamed(rule.match, request.lowerName, rule.to);
  if (name === undefined) return undefined;
  const back = rule.auto ? ownerAndValue(byDomain(name, request.lowerName)) : [];
  return {
    request: { ...request, name, lowerName: name.toLowerCase() },
    applied: true,
    responses: [...back, ...rule.answers],
  };
}
