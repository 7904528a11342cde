/** Replays recorded rewrites: whether a rule is accepted, what goes on to the next plugin, and what the client is told. */
import { z } from 'zod';
import {
  type DnsContext,
  type DnsReply,
  type DnsRequest,
  isMessage,
  type RewriteRule,
  RuleError,
  readRewriteRule,
  rewrite,
} from '../../../../controllers/coredns/index.ts';
import {
  addressOf,
  type DnsClass,
  type DnsMessage,
  type DnsRecord,
  type EdnsOption,
} from '../../../../src/model/index.ts';
import { firstDifference } from '../../difference.ts';
import { contextFor } from './context.ts';
import type { Outcome } from './outcome.ts';
import { handlerOf, requestFor } from './plugin-alone.ts';
import { common, record } from './recording.ts';

const ruleShape = z.strictObject({
  ...common,
  plugin: z.literal('rewrite'),
  args: z.array(z.string()),
  expand: z.strictObject({ token: z.string(), repeat: z.string(), count: z.number() }).optional(),
  valid: z.boolean(),
  error_contains: z.string().optional(),
  expect: z.strictObject({ rule: z.string(), from: z.string(), to: z.string() }).partial().optional(),
});

const option = z.union([
  z.strictObject({ option: z.enum(['local', 'cookie']), code: z.number(), data_hex: z.string() }),
  z.strictObject({ option: z.literal('nsid'), data_hex: z.string() }),
  z.strictObject({
    option: z.literal('subnet'),
    family: z.number(),
    source_netmask: z.number(),
    source_scope: z.number(),
    address_hex: z.string(),
  }),
]);
type RecordedOption = z.infer<typeof option>;

const sections = z.strictObject({
  question: z.null().optional(),
  answer: z.array(record),
  ns: z.array(record),
  extra: z.array(record),
  edns: z.null().optional(),
});
const noResponse = z.strictObject({ no_response: z.literal(true), rcode: z.string() });

const rewriteShape = z.strictObject({
  ...common,
  rules: z.array(z.string()),
  query: z.strictObject({
    qname: z.string(),
    qtype: z.string(),
    qclass: z.string().optional(),
    edns: z.array(option).optional(),
  }),
  client: z
    .strictObject({
      ip: z.string(),
      port: z.number(),
      server_ip: z.string(),
      server_port: z.number(),
      protocol: z.enum(['udp', 'tcp']),
    })
    .optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  next_answers: z
    .union([z.literal('echo'), sections, noResponse])
    .nullable()
    .optional(),
  lookups: z
    .array(
      z.strictObject({
        qname: z.string(),
        qtype: z.string(),
        answer: z.array(record).optional(),
        truncated: z.boolean().optional(),
        failure: z.string().optional(),
      }),
    )
    .optional(),
  expect: z.strictObject({
    rcode: z.string().optional(),
    error_contains: z.string().optional(),
    forwarded: z
      .strictObject({ qname: z.string(), qtype: z.string(), qclass: z.string().optional() })
      .nullable()
      .optional(),
    forwarded_options: z.array(option).nullable().optional(),
    response_options: z.array(option).optional(),
    response_options_absent: z.array(z.number()).optional(),
    response_options_present: z.array(z.number()).optional(),
    response: z
      .strictObject({
        question: z.string(),
        answer: z.array(record).optional(),
        answer_owner: z.string().optional(),
        answer_type: z.string().optional(),
        answer_value: z.string().optional(),
        extra_owner: z.string().optional(),
        truncated: z.boolean().optional(),
      })
      .optional(),
    order: z.literal('exact').optional(),
    ttl_ignored: z.boolean().optional(),
  }),
});
type RewriteCase = z.infer<typeof rewriteShape>;

/** A rule as the recordings call it. */
function ruleName(rule: RewriteRule): string {
  return rule.kind === 'name' ? `name ${rule.match.by}` : rule.kind;
}

function textOf(rule: RewriteRule, end: 'from' | 'to'): string | undefined {
  if (rule.kind !== 'name' && rule.kind !== 'cname') return undefined;
  if (end === 'to') return rule.to;
  return rule.match.by === 'regex' ? rule.match.pattern.source : rule.match.text;
}

function compared(expected: unknown, got: unknown, path: string): Outcome {
  const difference = firstDifference(expected, got, path);
  return difference === undefined ? { outcome: 'passed' } : { outcome: 'failed', difference };
}

export function replayRule(json: unknown): Outcome {
  const { id, args, expand, valid, error_contains, expect = {} } = ruleShape.parse(json);
  const words = args.map((word) => (word === expand?.token ? expand.repeat.repeat(expand.count) : word));
  try {
    const rule = readRewriteRule(words);
    const named = { rule: ruleName(rule), from: textOf(rule, 'from'), to: textOf(rule, 'to') };
    const got = Object.fromEntries(Object.keys(expect).map((field) => [field, named[field as keyof typeof named]]));
    return compared({ valid, ...expect }, { valid: true, ...got }, id);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const says = error_contains === undefined || error.message.includes(error_contains);
    return compared(
      { valid, error_contains },
      { valid: false, error_contains: says ? error_contains : error.message },
      id,
    );
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

const NSID = 3;
const SUBNET = 8;

/** An option on the wire: of a subnet's address, only the bytes that its prefix reaches (RFC 7871, 6). */
function wireOf(recorded: RecordedOption): EdnsOption {
  if (recorded.option === 'nsid') return { code: NSID, data: recorded.data_hex };
  if (recorded.option !== 'subnet') return { code: recorded.code, data: recorded.data_hex };
  const { family, source_netmask, source_scope, address_hex } = recorded;
  const address = address_hex.slice(0, 2 * Math.ceil(source_netmask / 8));
  return { code: SUBNET, data: `${hex(family, 4)}${hex(source_netmask, 2)}${hex(source_scope, 2)}${address}` };
}

function dnsRecords(records: readonly z.infer<typeof record>[]): readonly DnsRecord[] {
  return records.map(({ rdata, ...rest }) => ({ ...rest, data: rdata }));
}

/** What the next plugin says: what is recorded, or the query itself as a reply. */
function nextReply({ next_answers: next }: RewriteCase, request: DnsRequest): DnsReply {
  if (next === null) return 'SERVFAIL';
  if (next !== undefined && next !== 'echo' && 'no_response' in next) return next.rcode as DnsReply;
  const { id, name, type, class: asked, edns } = request;
  const reply: DnsMessage = {
    id,
    response: true,
    question: { name, type, class: asked },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    answers: [],
    authorities: [],
    additionals: [],
  };
  if (next === 'echo') return { ...reply, answers: [{ name, type: 'A', ttl: 5, data: '10.0.0.1' }] };
  if (next === undefined) return edns === undefined ? reply : { ...reply, edns };
  const [answers, authorities, additionals] = [next.answer, next.ns, next.extra].map(dnsRecords);
  const question = next.question === null ? { name: '', type: '' } : reply.question;
  return { ...reply, question, answers: answers!, authorities: authorities!, additionals: additionals! };
}

function lookupOf({ lookups = [] }: RewriteCase): DnsRequest['lookup'] {
  return (name, type) => {
    const found = lookups.find(({ qname, qtype }) => qname === name && qtype === type);
    if (found?.answer === undefined) return undefined;
    return {
      id: 0,
      response: true,
      question: { name, type },
      rcode: 'NOERROR',
      authoritative: false,
      truncated: found.truncated ?? false,
      answers: dnsRecords(found.answer),
      authorities: [],
      additionals: [],
    };
  };
}

function requestOf(recorded: RewriteCase): DnsRequest {
  const { query, metadata } = recorded;
  const { qname, qtype, qclass = 'IN', edns } = query;
  return requestFor(qname, qtype, {
    class: qclass as DnsClass,
    edns: edns === undefined ? undefined : { udpSizeBytes: 4096, dnssecOk: false, options: edns.map(wireOf) },
    lookup: lookupOf(recorded),
    ...(metadata === undefined ? {} : { metadata: (label) => metadata[label] }),
  });
}

function contextOf({ client }: RewriteCase, log: (line: string) => void): DnsContext {
  const context = contextFor({ client: addressOf(client?.ip ?? '10.240.0.1'), log });
  if (client === undefined) return context;
  const { protocol, port, server_ip, server_port } = client;
  return {
    ...context,
    connection: { protocol, clientPort: port, server: addressOf(server_ip), serverPort: server_port },
  };
}

interface Told {
  readonly forwarded: DnsRequest | undefined;
  readonly reply: DnsReply;
  readonly log: readonly string[];
}

function tell(recorded: RewriteCase): Told {
  const log: string[] = [];
  let forwarded: DnsRequest | undefined;
  const handler = handlerOf(rewrite, recorded.rules.join('\n'), (request) => {
    forwarded = request;
    return nextReply(recorded, request);
  });
  const reply = handler(
    requestOf(recorded),
    contextOf(recorded, (line) => log.push(line)),
  );
  return { forwarded, reply, log };
}

/** The name in a record's data, whatever stands beside it. */
function nameIn({ type, data }: DnsRecord): string {
  const words = data.split(' ');
  return type === 'MX' || type === 'SRV' || type === 'NAPTR' ? words.at(-1)! : words[0]!;
}

function linesOf(records: readonly DnsRecord[], { order, ttl_ignored }: RewriteCase['expect']): readonly string[] {
  const lines = records.map(({ name, type, ttl, data }) => `${name} ${ttl_ignored ? '' : ttl} ${type} ${data}`);
  return order === 'exact' ? lines : lines.sort();
}

/** What was told, under the names that recordings use; only what the recording names is compared. */
function toldResponse(reply: DnsReply, expect: RewriteCase['expect']): Readonly<Record<string, unknown>> {
  if (!isMessage(reply)) return {};
  const { question, answers, additionals, truncated } = reply;
  return {
    question: question.name,
    answer: linesOf(answers, expect),
    answer_owner: answers[0]?.name,
    answer_type: answers[0]?.type,
    answer_value: answers[0] === undefined ? undefined : nameIn(answers[0]),
    extra_owner: additionals[0]?.name,
    truncated,
  };
}

function only(fields: object, from: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(fields).map((field) => [field, from[field]]));
}

function wires(options: readonly RecordedOption[] | null | undefined): readonly EdnsOption[] | null | undefined {
  return options?.map(wireOf) ?? (options as null | undefined);
}

export function replayRewrite(json: unknown): Outcome {
  const recorded = rewriteShape.parse(json);
  const { expect, id } = recorded;
  const { forwarded, reply, log } = tell(recorded);
  const rcode = isMessage(reply) ? reply.rcode : typeof reply === 'string' ? reply : reply.failed;
  const replied = isMessage(reply) ? (reply.edns?.options ?? []) : undefined;
  const codes = replied?.map(({ code }) => code) ?? [];
  const { order: _, ttl_ignored: __, ...compare } = expect;
  const told = {
    rcode,
    error_contains: log.some((line) => line.includes(expect.error_contains ?? ''))
      ? expect.error_contains
      : log.join('\n'),
    forwarded:
      forwarded === undefined
        ? null
        : only(expect.forwarded ?? {}, { qname: forwarded.name, qtype: forwarded.type, qclass: forwarded.class }),
    forwarded_options: forwarded?.edns?.options ?? null,
    response_options: replied,
    response_options_absent: expect.response_options_absent?.filter((code) => !codes.includes(code)),
    response_options_present: expect.response_options_present?.filter((code) => codes.includes(code)),
    response: only(expect.response ?? {}, toldResponse(reply, expect)),
  };
  const response = expect.response && {
    ...expect.response,
    ...(expect.response.answer === undefined ? {} : { answer: linesOf(dnsRecords(expect.response.answer), expect) }),
  };
  const options = {
    forwarded_options: wires(expect.forwarded_options),
    response_options: wires(expect.response_options),
  };
  return compared(only(compare, { ...expect, ...options, response }), only(compare, told), id);
}
