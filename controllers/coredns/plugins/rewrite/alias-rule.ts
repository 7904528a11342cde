/**
 * `cname`: an alias in the answer is pointed elsewhere, and what lies there is looked up through the server itself.
 *
 * Source: CoreDNS plugin/rewrite/cname_target.go.
 */
import type { DnsRequest } from '../../plugin.ts';
import { normalName } from '../../zones.ts';
import { matchOf, type NameMatch, RuleError, renamed } from './match.ts';
import type { RecordDraft, ReplyDraft } from './response-rule.ts';
import type { Rewritten } from './rule.ts';

export interface AliasRule {
  readonly kind: 'cname';
  readonly match: NameMatch;
  readonly to: string;
}

/** `[exact|prefix|suffix|substring|regex] FROM TO` */
export function readAliasRule(words: readonly string[]): AliasRule {
  if (words.length < 2 || words.length > 3) throw new RuleError(`too few (${words.length}) arguments for a cname rule`);
  const [first, from, to] = (words.length === 2 ? ['exact', ...words] : words).map((word) => word.toLowerCase());
  const exact = first === 'exact';
  const match = matchOf(first!, exact ? normalName(from!) : from!);
  if (match === undefined) throw new RuleError(`unknown cname rewrite type: ${first}`);
  return { kind: 'cname', match, to: exact ? normalName(to!) : to! };
}

/** Aliases up to the one that was pointed elsewhere stay; what followed is replaced by what the new target answers. */
function redirect(rule: AliasRule, asked: DnsRequest, record: RecordDraft, reply: ReplyDraft): void {
  if (record.type !== 'CNAME') return;
  const from = record.data;
  const target = renamed(rule.match, from, rule.to);
  if (target === undefined) return;
  const found = asked.lookup(target, asked.type);
  if (found === undefined) return;
  const aliases = reply.answers.filter(({ type }) => type === 'CNAME');
  const last = aliases.findIndex(({ data }) => data === from);
  if (last >= 0) aliases[last]!.data = target;
  const kept = last < 0 ? aliases : aliases.slice(0, last + 1);
  reply.answers = [...kept, ...found.answers.map((answer) => ({ ...answer }))];
  reply.truncated = found.truncated;
}

export function rewriteAlias(rule: AliasRule, request: DnsRequest): Rewritten {
  return {
    request,
    applied: true,
    responses: [{ on: 'record', change: (record, reply, asked) => redirect(rule, asked, record, reply) }],
  };
}
