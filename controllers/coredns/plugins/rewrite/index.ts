/** rewrite: queries are changed on their way in, replies on their way out. Source: CoreDNS plugin/rewrite. */
import type { DnsMessage, Edns } from '../../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive } from '../../corefile/parse.ts';
import { repeatedEdns, writtenReply } from '../../message.ts';
import { type DnsContext, type DnsRequest, isMessage, type Plugin } from '../../plugin.ts';
import { isDomainName } from '../../zones.ts';
import { RuleError } from './match.ts';
import type { ResponseRule } from './response-rule.ts';
import { reverted } from './reverter.ts';
import { type RewriteRule, readRewriteRule, rewriteBy } from './rule.ts';

/** The words of a rule stand on the directive's line, or in its block where that line has fewer than two. */
function ruleOf({ name, arguments: found, block = [] }: Directive): RewriteRule {
  if (found.length >= 2 && block[0] !== undefined) throw wrongArguments(block[0].option);
  const words = [...found, ...block.flatMap((line) => [line.option, ...line.arguments])].map(({ text }) => text);
  try {
    return readRewriteRule(words);
  } catch (error) {
    if (error instanceof RuleError) throw new CorefileError(name, `plugin/rewrite: ${error.message}`);
    throw error;
  }
}

/** The reply says of EDNS what it says by itself, or else what the query says. */
function withEdns(reply: DnsMessage, edns: Edns | undefined): DnsMessage {
  return reply.edns !== undefined || edns === undefined ? reply : { ...reply, edns };
}

interface Outcome {
  readonly request: DnsRequest;
  readonly responses: readonly ResponseRule[];
  readonly stopped: boolean;
}

/** Rules in their order, each on what those before it made of the query; undefined where one makes an impossible name. */
function rewritten(rules: readonly RewriteRule[], original: DnsRequest, context: DnsContext): Outcome | undefined {
  let request = original;
  const responses: ResponseRule[] = [];
  for (const rule of rules) {
    const result = rewriteBy(rule, request, context);
    if (result === undefined) continue;
    request = result.request;
    if (!result.applied) continue;
    if (!isDomainName(request.name)) {
      context.log?.(
        `[ERROR] plugin/errors: 2 ${original.name} ${original.type}: invalid name after rewrite: ${request.name}`,
      );
      return undefined;
    }
    responses.push(...result.responses);
    if (rule.mode === 'stop') return { request, responses, stopped: true };
  }
  return { request, responses, stopped: false };
}

export const rewrite: Plugin = {
  name: 'rewrite',
  setup(directives) {
    const rules = directives.map(ruleOf);
    const ednsOptions = rules.flatMap((rule) => (/^edns0 local/.test(rule.kind) && 'code' in rule ? [rule.code] : []));
    return {
      ednsOptions,
      handler: (next) => (request, context) => {
        const outcome = rewritten(rules, request, context);
        if (outcome === undefined) return 'SERVFAIL';
        const reply = next(outcome.request, context);
        const edns = repeatedEdns(outcome.request.edns, ednsOptions);
        if (outcome.stopped || outcome.responses.length > 0) {
          // A bare code becomes a message here: written by the server, it would pass the rules by.
          const written = withEdns(writtenReply(outcome.request, reply), edns);
          return reverted(written, request, outcome.request, outcome.responses);
        }
        // Rules that only let others follow and say nothing of the reply leave even its question rewritten.
        return !isMessage(reply) || outcome.request.edns === request.edns ? reply : withEdns(reply, edns);
      },
    };
  },
};
