/** loadbalance: orders addresses, so that clients which take the first one spread. Source: CoreDNS plugin/loadbalance. */
import type { Dice, DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import { isMessage, type Plugin } from '../../plugin.ts';
import { type LoadbalanceOptions, readLoadbalanceOptions, weightsOf } from './options.ts';
import { preferred } from './prefer.ts';
import { groupsOf } from './record-groups.ts';
import { type Weights, weighted } from './weighted.ts';

/** Two are swapped by a coin; more are dealt from front to back. */
function shuffled(records: readonly DnsRecord[], dice: Dice): readonly DnsRecord[] {
  const result = [...records];
  if (result.length < 2) return result;
  if (result.length === 2) return dice.below(2) === 0 ? [result[1]!, result[0]!] : result;
  for (let i = 0; i < result.length; i++) {
    const other = i + dice.below(result.length - i);
    [result[i], result[other]] = [result[other]!, result[i]!];
  }
  return result;
}

/** CNAMEs first, then what is not shuffled, then addresses, then MX. */
function balanced(records: readonly DnsRecord[], dice: Dice): readonly DnsRecord[] {
  if (records.length < 2) return records;
  const { aliases, others, addresses, exchanges } = groupsOf(records);
  return [...aliases, ...others, ...shuffled(addresses, dice), ...shuffled(exchanges, dice)];
}

const WEIGHTED_TYPES: ReadonlySet<string> = new Set(['A', 'AAAA', 'SRV']);

function byPolicy(reply: DnsMessage, policy: LoadbalanceOptions['policy'], weights: Weights, dice: Dice): DnsMessage {
  if (policy === 'weighted') {
    if (!WEIGHTED_TYPES.has(reply.question.type)) return reply;
    return {
      ...reply,
      answers: weighted(reply.answers, weights, dice),
      additionals: weighted(reply.additionals, weights, dice),
    };
  }
  const { answers, authorities, additionals } = reply;
  // Nothing to put in order, as with most replies: a copy would cost more than the reply did.
  if (answers.length < 2 && authorities.length < 2 && additionals.length < 2) return reply;
  return {
    ...reply,
    answers: balanced(answers, dice),
    authorities: balanced(authorities, dice),
    additionals: balanced(additionals, dice),
  };
}

function balance(reply: DnsMessage, options: LoadbalanceOptions, weights: Weights, dice: Dice): DnsMessage {
  const { type } = reply.question;
  if (reply.rcode !== 'NOERROR' || type === 'AXFR' || type === 'IXFR') return reply;
  const ordered = byPolicy(reply, options.policy, weights, dice);
  if (options.prefer.length === 0) return ordered;
  return {
    ...ordered,
    answers: preferred(ordered.answers, options.prefer),
    additionals: preferred(ordered.additionals, options.prefer),
  };
}

export const loadbalance: Plugin = {
  name: 'loadbalance',
  setup(directives, setup) {
    const options = readLoadbalanceOptions(directives);
    const weights = weightsOf(options, setup);
    return {
      handler: (next) => (request, context) => {
        const reply = next(request, context);
        return isMessage(reply) ? balance(reply, options, weights, context.dice) : reply;
      },
    };
  },
};
