/** `type` and `class`: another one is asked for. Source: CoreDNS plugin/rewrite/{type,class}.go. */
import { CLASS_NUMBERS, type DnsClass, RECORD_TYPE_NUMBERS } from '../../../../src/model/index.ts';
import type { DnsRequest } from '../../plugin.ts';
import { RuleError } from './match.ts';
import type { Rewritten } from './rule.ts';

export type QuestionRule =
  | { readonly kind: 'type'; readonly from: string; readonly to: string }
  | { readonly kind: 'class'; readonly from: DnsClass; readonly to: DnsClass };

function twoOf(words: readonly string[], kind: string): readonly [string, string] {
  const [from, to] = words;
  if (from === undefined || to === undefined || words.length > 2) {
    throw new RuleError(`${kind} rules must have exactly two arguments`);
  }
  return [from.toUpperCase(), to.toUpperCase()];
}

function typeOf(word: string): string {
  if (!RECORD_TYPE_NUMBERS.has(word)) throw new RuleError(`invalid type "${word}"`);
  return word;
}

function classOf(word: string): DnsClass {
  if (!Object.hasOwn(CLASS_NUMBERS, word)) throw new RuleError(`invalid class "${word}"`);
  return word as DnsClass;
}

export function readTypeRule(words: readonly string[]): QuestionRule {
  const [from, to] = twoOf(words, 'type');
  return { kind: 'type', from: typeOf(from), to: typeOf(to) };
}

export function readClassRule(words: readonly string[]): QuestionRule {
  const [from, to] = twoOf(words, 'class');
  return { kind: 'class', from: classOf(from), to: classOf(to) };
}

export function rewriteQuestion(rule: QuestionRule, request: DnsRequest): Rewritten | undefined {
  if (rule.kind === 'type') {
    return request.type === rule.from
      ? { request: { ...request, type: rule.to }, applied: true, responses: [] }
      : undefined;
  }
  return request.class === rule.from
    ? { request: { ...request, class: rule.to }, applied: true, responses: [] }
    : undefined;
}
