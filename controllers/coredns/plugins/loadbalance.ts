/** loadbalance: shuffles addresses, so that clients which take the first one spread. Source: CoreDNS plugin/loadbalance. */
import type { Dice, DnsMessage, DnsRecord } from '../../../src/model/index.ts';
import { CorefileError } from '../corefile/error.ts';
import { isMessage, type Plugin } from '../plugin.ts';
import { onlyOne } from './options.ts';

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
export function balanced(records: readonly DnsRecord[], dice: Dice): readonly DnsRecord[] {
  if (records.length < 2) return records;
  const isAddress = ({ type }: DnsRecord) => type === 'A' || type === 'AAAA';
  const aliases = records.filter(({ type }) => type === 'CNAME');
  const addresses = records.filter(isAddress);
  const exchanges = records.filter(({ type }) => type === 'MX');
  const others = records.filter((record) => record.type !== 'CNAME' && record.type !== 'MX' && !isAddress(record));
  return [...aliases, ...others, ...shuffled(addresses, dice), ...shuffled(exchanges, dice)];
}

function balance(reply: DnsMessage, dice: Dice): DnsMessage {
  const { type } = reply.question;
  if (reply.rcode !== 'NOERROR' || type === 'AXFR' || type === 'IXFR') return reply;
  return {
    ...reply,
    answers: balanced(reply.answers, dice),
    authorities: balanced(reply.authorities, dice),
    additionals: balanced(reply.additionals, dice),
  };
}

export const loadbalance: Plugin = {
  name: 'loadbalance',
  setup(directives) {
    const { name, arguments: found } = onlyOne(directives);
    const policy = found[0];
    if (policy !== undefined && policy.text !== 'round_robin') {
      const known = policy.text === 'weighted' || policy.text === 'prefer';
      throw new CorefileError(
        policy,
        `plugin/loadbalance: policy '${policy.text}' ${known ? 'is not emulated yet' : 'is unknown'}`,
      );
    }
    if (found.length > 1) throw new CorefileError(found[1] ?? name, 'unexpected argument');
    return {
      handler: (next) => (request, context) => {
        const reply = next(request, context);
        return isMessage(reply) ? balance(reply, context.dice) : reply;
      },
    };
  },
};
