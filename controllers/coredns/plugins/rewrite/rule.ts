/** A line of the plugin, read and applied. Source: CoreDNS plugin/rewrite/rewrite.go, `newRule`. */
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { type AliasRule, readAliasRule, rewriteAlias } from './alias-rule.ts';
import { type AnswerRule, readRcodeRule, readTtlRule } from './answer-rule.ts';
import { type EdnsRule, readEdnsRule, rewriteEdns } from './edns-rule.ts';
import { matches, RuleError } from './match.ts';
import { type NameRule, readNameRule, rewriteName } from './name-rule.ts';
import { type QuestionRule, readClassRule, readTypeRule, rewriteQuestion } from './question-rule.ts';
import type { ResponseRule } from './response-rule.ts';

export type RewriteRule = { readonly mode: 'stop' | 'continue' } & (
  | NameRule
  | QuestionRule
  | EdnsRule
  | AnswerRule
  | AliasRule
);

/** What a rule makes of a query. */
export interface Rewritten {
  readonly request: DnsRequest;
  /** whether it counts as applied: only then does `stop` stop */
  readonly applied: boolean;
  /** what to do to the reply */
  readonly responses: readonly ResponseRule[];
}

const READERS: Readonly<
  Record<string, (words: readonly string[]) => NameRule | QuestionRule | EdnsRule | AnswerRule | AliasRule>
> = {
  name: readNameRule,
  class: readClassRule,
  type: readTypeRule,
  edns0: readEdnsRule,
  ttl: readTtlRule,
  cname: readAliasRule,
  rcode: readRcodeRule,
};

/** The words after `rewrite`. Throws a `RuleError`. */
export function readRewriteRule(words: readonly string[]): RewriteRule {
  const [first] = words;
  if (first === undefined) throw new RuleError('no rule type specified for rewrite');
  const mode = first.toLowerCase();
  const withMode = mode === 'stop' || mode === 'continue';
  const [kind, ...rest] = withMode ? words.slice(1) : words;
  if (kind === undefined) throw new RuleError(`${mode} rule must begin with a rule type`);
  if (kind.toLowerCase() === 'answer') throw new RuleError('response rewrites must begin with a name rule');
  const read = Object.hasOwn(READERS, kind.toLowerCase()) ? READERS[kind.toLowerCase()] : undefined;
  if (read === undefined) throw new RuleError(`invalid rule type "${first}"`);
  return { mode: mode === 'continue' ? 'continue' : 'stop', ...read(rest) };
}

/** What one rule makes of a query; undefined where it is not about it. */
export function rewriteBy(rule: RewriteRule, request: DnsRequest, context: DnsContext): Rewritten | undefined {
  switch (rule.kind) {
    case 'name':
      return rewriteName(rule, request);
    case 'type':
    case 'class':
      return rewriteQuestion(rule, request);
    case 'edns0 local':
    case 'edns0 local variable':
    case 'edns0 nsid':
    case 'edns0 subnet':
      return rewriteEdns(rule, request, context);
    case 'ttl':
    case 'rcode':
      return matches(rule.match, request.lowerName)
        ? { request, applied: true, responses: [rule.response] }
        : undefined;
    case 'cname':
      return rewriteAlias(rule, request);
  }
}
