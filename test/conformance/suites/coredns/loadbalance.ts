/** Replays what loadbalance makes of recorded sections, and how it reads weight files. */
import { z } from 'zod';
import { loadbalance, readWeights, WeightFileError } from '../../../../controllers/coredns/index.ts';
import type { Dice, DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import { firstDifference } from '../../difference.ts';
import { contextFor, FIRST } from './context.ts';
import { namedCompared, type Outcome } from './outcome.ts';
import { handlerOf, requestFor } from './plugin-alone.ts';
import { common, record } from './recording.ts';

const weightList = z.record(z.string(), z.array(z.tuple([z.string(), z.number()])));

const weightFileShape = z.strictObject({
  ...common,
  file: z.string(),
  valid: z.boolean(),
  error_contains: z.string().optional(),
  expect: z.strictObject({ weights: weightList }).optional(),
});

const groups = z.strictObject({ cname_first: z.number(), address_next: z.number(), mx_last: z.number() });

const orderShape = z.strictObject({
  ...common,
  title: z.string().optional(),
  policy: z.enum(['round_robin', 'weighted', 'prefer']),
  prefer: z.array(z.string()).optional(),
  weights: weightList.optional(),
  random: z.number().optional(),
  weight_sum: z.number().optional(),
  qname: z.string(),
  qtype: z.string(),
  input: z.strictObject({ answer: z.array(record), extra: z.array(record) }),
  repeat: z.number().optional(),
  expect: z.strictObject({
    top_address: z.string().optional(),
    answer: groups.optional(),
    extra: groups.optional(),
    same_records: z.boolean().optional(),
    answer_order: z.literal('unchanged').optional(),
    answer_rdata_order: z.array(z.string()).optional(),
    source_list_unchanged: z.boolean().optional(),
    unchanged: z.boolean().optional(),
  }),
});
type OrderCase = z.infer<typeof orderShape>;

export function replayWeightFile(json: unknown): Outcome {
  const { id, file, valid, error_contains, expect = {} } = weightFileShape.parse(json);
  try {
    const read = [...readWeights(file, 'FILE')];
    const pairs = read.map(([name, list]) => [name, list.map(({ address, weight }) => [address, weight])]);
    return namedCompared({ valid, ...expect }, { valid: true, weights: Object.fromEntries(pairs) }, id);
  } catch (error) {
    if (!(error instanceof WeightFileError)) throw error;
    const says = error.message.includes(error_contains ?? '') ? error_contains : error.message;
    return namedCompared({ valid, error_contains }, { valid: false, error_contains: says }, id);
  }
}

function corefileOf({ policy, prefer = [] }: OrderCase): string {
  if (policy === 'weighted') return 'loadbalance weighted FILE';
  return policy === 'prefer' ? `loadbalance {\n prefer ${prefer.join(' ')}\n}` : 'loadbalance round_robin';
}

function weightFileOf({ weights = {} }: OrderCase): string {
  return Object.entries(weights)
    .flatMap(([name, list]) => [name, ...list.map(([address, weight]) => `${address} ${weight}`)])
    .join('\n');
}

/** Dice that show what was recorded, for the sum of weights that was recorded; else another side each time. */
function diceOf({ random, weight_sum }: OrderCase, round: number): Dice {
  if (random === undefined) return { ...FIRST, below: (limit) => round % limit };
  return {
    ...FIRST,
    below: (limit) => {
      if (limit !== weight_sum) throw new Error(`the weights add up to ${limit}, not ${weight_sum}`);
      return random;
    },
  };
}

function dnsRecords(records: OrderCase['input']['answer']): readonly DnsRecord[] {
  return records.map(({ rdata, ...rest }) => ({ ...rest, data: rdata }));
}

function inputOf({ qname, qtype, input }: OrderCase): DnsMessage {
  return {
    id: 1,
    response: true,
    question: { name: qname, type: qtype },
    rcode: 'NOERROR',
    authoritative: true,
    truncated: false,
    answers: dnsRecords(input.answer),
    authorities: [],
    additionals: dnsRecords(input.extra),
  };
}

function ordered(recorded: OrderCase, reply: DnsMessage, round: number): DnsMessage {
  const handler = handlerOf(loadbalance, corefileOf(recorded), () => reply, { FILE: weightFileOf(recorded) });
  const { name, type } = reply.question;
  return handler(requestFor(name, type), contextFor({ dice: diceOf(recorded, round) })) as DnsMessage;
}

const isAddress = ({ type }: DnsRecord) => type === 'A' || type === 'AAAA';

function countWhile(records: readonly DnsRecord[], matches: (record: DnsRecord) => boolean): number {
  const end = records.findIndex((one) => !matches(one));
  return end < 0 ? records.length : end;
}

function groupsOf(records: readonly DnsRecord[]): z.infer<typeof groups> {
  const aliases = countWhile(records, ({ type }) => type === 'CNAME');
  return {
    cname_first: aliases,
    address_next: countWhile(records.slice(aliases), isAddress),
    mx_last: countWhile(records.toReversed(), ({ type }) => type === 'MX'),
  };
}

const lines = (records: readonly DnsRecord[]) => records.map((one) => JSON.stringify(one));

export function replayOrder(json: unknown): Outcome {
  const recorded = orderShape.parse(json);
  const input = inputOf(recorded);
  const before = JSON.stringify(input);
  for (let round = 0; round < (recorded.repeat ?? 1); round++) {
    const reply = ordered(recorded, input, round);
    const same = firstDifference(lines(input.answers).sort(), lines(reply.answers).sort()) === undefined;
    const unchanged = firstDifference(lines(input.answers), lines(reply.answers)) === undefined;
    const got = {
      top_address: reply.answers.find(isAddress)?.data,
      answer: groupsOf(reply.answers),
      extra: groupsOf(reply.additionals),
      same_records: same,
      answer_order: unchanged ? 'unchanged' : lines(reply.answers),
      answer_rdata_order: reply.answers.map(({ data }) => data),
      source_list_unchanged: JSON.stringify(input) === before,
      // `false` says that the policy is about this type; the order may come out as it was all the same.
      unchanged: recorded.expect.unchanged === true && unchanged,
    };
    const outcome = namedCompared(recorded.expect, got, recorded.id);
    if (outcome.outcome !== 'passed') return outcome;
  }
  return { outcome: 'passed' };
}
