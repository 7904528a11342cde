/** Replays how plugin forward chooses among name servers outside, goes on to the next, and checks how they are. */
import { z } from 'zod';
import {
  answer,
  type DnsServer,
  dueAt,
  metricsOf,
  type Transport,
  type Upstream,
  type UpstreamReply,
  wake,
} from '../../../../controllers/coredns/index.ts';
import type { DnsMessage } from '../../../../src/model/index.ts';
import { serverFor } from './cache-store.ts';
import { contextFor } from './context.ts';
import { namedCompared, type Outcome } from './outcome.ts';
import { queryOf, questionShape, rcodeShape, recordShape, recordsOf, replyOf, replyShape } from './upstream.ts';

const upstreamShape = z.strictObject({
  name: z.string(),
  connection: z.enum(['refused', 'timeout']).optional(),
  transport: z.enum(['udp', 'tcp', 'tls', 'https']).optional(),
  state: z.enum(['up', 'down']).optional(),
  drop_first_query: z.boolean().optional(),
  reply: replyShape.optional(),
});
type RecordedUpstream = z.infer<typeof upstreamShape>;

const checksShape = z.strictObject({
  count: z.number(),
  qname: z.string().optional(),
  qtype: z.string().optional(),
  rd: z.boolean().optional(),
  transport: z.string().optional(),
});

const forwardShape = z.strictObject({
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  title: z.string().optional(),
  derived: z.boolean().optional(),
  corefile: z.string(),
  upstreams: z.array(upstreamShape),
  query: questionShape,
  client_transport: z.enum(['udp', 'tcp']).optional(),
  deadline_ms: z.number().optional(),
  wait_ms: z.number().optional(),
  expect: z.strictObject({
    rcode: rcodeShape.optional(),
    answer: z.array(recordShape).optional(),
    attempts: z.number().optional(),
    attempts_per_upstream: z.number().optional(),
    queries: z.record(z.string(), z.number()).optional(),
    first_query_order: z.array(z.string()).optional(),
    upstream_down: z.array(z.string()).optional(),
    health_checks: checksShape.optional(),
  }),
});
type ForwardCase = z.infer<typeof forwardShape>;

/** How long the checks may take that a failed query sets off. */
const CHECKS_MS = 10_000;
/** The peer's tests shorten its timeouts to this: what never answers has failed by then. */
const SHORT_TIMEOUT_MS = 10;

interface Asked {
  readonly upstream: string;
  readonly query: DnsMessage;
  readonly over: Transport;
}

/** `U1` stands for an address. */
function addressOf(name: string): string {
  return name.replace(/^U(\d+)$/, '192.0.2.$1');
}

function repliedBy(upstream: RecordedUpstream, isFirst: boolean, query: DnsMessage): UpstreamReply {
  if (upstream.connection === 'timeout') return { outcome: 'refused', afterMs: SHORT_TIMEOUT_MS };
  // Where only the order counts nobody is there, so that every server has its turn.
  if (upstream.connection === 'refused' || upstream.reply === undefined) return { outcome: 'refused' };
  const message = replyOf(upstream.reply, query);
  // It takes the query and never says anything: the reply comes too late, whenever one stops waiting.
  const isLate = upstream.drop_first_query === true && isFirst;
  return { outcome: 'replied', message, afterMs: isLate ? Number.POSITIVE_INFINITY : 0 };
}

function runUntil(server: DnsServer, until: number, upstream: Upstream): void {
  for (let at = dueAt(server); at !== undefined && at <= until; at = dueAt(server)) {
    wake(server, contextFor({ at, upstream }));
  }
}

/** Fails queries and checks of those servers until they count as down. */
function takenDown(server: DnsServer, upstreams: readonly RecordedUpstream[], query: DnsMessage): number {
  const down = new Set(upstreams.filter(({ state }) => state === 'down').map(({ name }) => addressOf(name)));
  if (down.size === 0) return 0;
  const upstream: Upstream = (address, sent) => {
    if (down.has(address.replace(/:\d+$/, ''))) return { outcome: 'refused' };
    return { outcome: 'replied', message: replyOf({ rcode: 'NOERROR', answer: [] }, sent) };
  };
  answer(server, query, contextFor({ upstream }));
  runUntil(server, CHECKS_MS, upstream);
  return CHECKS_MS;
}

/** Which of them are not asked any more when nobody answers: all, where the server says that it picks one at random. */
function downAmong(server: DnsServer, { upstreams, query }: ForwardCase, at: number): readonly string[] {
  const asked = new Set<string>();
  const upstream: Upstream = (address) => {
    asked.add(address.replace(/:\d+$/, ''));
    return { outcome: 'refused' };
  };
  const allDown = () => metricsOf(server, 0).find(({ name }) => name === 'coredns_forward_healthcheck_broken_total');
  const before = allDown()?.samples[0]?.value;
  answer(server, queryOf(query), contextFor({ at, upstream }));
  const names = upstreams.map(({ name }) => name);
  return allDown()?.samples[0]?.value === before ? names.filter((name) => !asked.has(addressOf(name))) : names;
}

function counts(names: readonly string[]): Readonly<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const name of names) result[name] = (result[name] ?? 0) + 1;
  return result;
}

function onlyValue(values: readonly number[]): number | readonly number[] | undefined {
  return values.every((value) => value === values[0]) ? values[0] : values;
}

/** What the checks were like, as far as the recording says it of its own. */
function checksAmong(asked: readonly Asked[], expected: z.infer<typeof checksShape> | undefined) {
  const [first] = asked;
  const got: Record<string, unknown> = {
    count: asked.length,
    qname: first?.query.question.name,
    qtype: first?.query.question.type,
    rd: first?.query.recursionDesired,
    transport: first?.over,
  };
  return Object.fromEntries(Object.keys(expected ?? {}).map((name) => [name, got[name]]));
}

interface Replayed {
  readonly reply: DnsMessage;
  /** the client's own query, each time that it was sent on */
  readonly queries: readonly Asked[];
  readonly checks: readonly Asked[];
}

function replayed(server: DnsServer, recorded: ForwardCase, start: number): Replayed & { readonly end: number } {
  const query = queryOf(recorded.query);
  const byAddress = new Map(recorded.upstreams.map((one) => [addressOf(one.name).replace(/:\d+$/, ''), one]));
  const asked: Asked[] = [];
  const upstream: Upstream = (address, sent, over) => {
    const one = byAddress.get(address.replace(/:\d+$/, ''));
    if (one === undefined) throw new Error(`nobody has the address ${address}`);
    const isFirst = asked.every(({ upstream: other }) => other !== one.name);
    asked.push({ upstream: one.name, query: sent, over });
    return repliedBy(one, isFirst, sent);
  };
  const protocol = recorded.client_transport ?? 'udp';
  const connection = { protocol, clientPort: 40_000, server: 0, serverPort: 53 };
  const context = contextFor({ at: start, upstream, connection });
  const reply = answer(server, query, context);
  const end = context.at + (recorded.wait_ms ?? CHECKS_MS);
  runUntil(server, end, upstream);
  const isQuery = ({ query: { question } }: Asked) =>
    question.name === query.question.name && question.type === query.question.type;
  return { reply, queries: asked.filter(isQuery), checks: asked.filter((one) => !isQuery(one)), end };
}

export function replayForward(json: unknown): Outcome {
  const recorded = forwardShape.parse(json);
  const { expect, upstreams } = recorded;
  const directives = recorded.corefile.replace(/\bU(\d+)\b/g, (name) => addressOf(name));
  const server = serverFor(`.:53 {\n${directives}\n}\n`);
  const start = takenDown(server, upstreams, queryOf(recorded.query));
  const { reply, queries, checks, end } = replayed(server, recorded, start);
  const queried = counts(queries.map(({ upstream }) => upstream));
  const got = {
    rcode: reply.rcode,
    answer: reply.answers,
    attempts: queries.length,
    attempts_per_upstream: onlyValue(upstreams.map(({ name }) => queried[name] ?? 0)),
    queries: queried,
    first_query_order: [...new Set(queries.map(({ upstream }) => upstream))],
    upstream_down: expect.upstream_down === undefined ? undefined : downAmong(server, recorded, end),
    health_checks: checksAmong(checks, expect.health_checks),
  };
  const expected = expect.answer === undefined ? expect : { ...expect, answer: recordsOf(expect.answer) };
  return namedCompared(expected, got, `${recorded.id}.expect`);
}
