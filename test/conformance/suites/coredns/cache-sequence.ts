/** Replays timed sequences of queries through the cache, and look-ups in a cache whose content is given. */
import { z } from 'zod';
import {
  answer,
  type CacheItem,
  CacheMemory,
  type DnsRequest,
  type DnsServer,
  find,
  itemOf,
  metricsOf,
  parseCorefile,
  readCacheOptions,
  type Upstream,
  type UpstreamReply,
} from '../../../../controllers/coredns/index.ts';
import type { DnsMessage } from '../../../../src/model/index.ts';
import { entriesIn, serverFor } from './cache-store.ts';
import { contextFor } from './context.ts';
import { compared, namedCompared, type Outcome } from './outcome.ts';
import type { RecordedCluster } from './recording.ts';
import { queryOf, questionShape, rcodeShape, recordShape, recordsOf, replyOf, replyShape } from './upstream.ts';

const common = { id: z.string(), source: z.string(), kind: z.string(), derived: z.boolean().optional() };

const upstreamShape = replyShape
  .partial()
  .extend({
    no_response: z.boolean().optional(),
    counter_answer: z.string().optional(),
    ad_when_request_has_ad_or_do: z.boolean().optional(),
    delay_ms: z.number().optional(),
  })
  .strict();
type RecordedUpstream = z.infer<typeof upstreamShape>;

const expectShape = z.strictObject({
  rcode: rcodeShape.optional(),
  answer: z.array(recordShape).optional(),
  answer_ttl: z.number().optional(),
  answer_rdata: z.array(z.string()).optional(),
  authority_ttl: z.number().optional(),
  entries: z.strictObject({ success: z.number().optional(), denial: z.number().optional() }).optional(),
  ad: z.boolean().optional(),
  tc: z.boolean().optional(),
  from_cache: z.boolean().optional(),
  upstream_asked: z.boolean().optional(),
  upstream_request_ad: z.boolean().optional(),
  upstream_requests_total: z.number().optional(),
  refresh_attempts_total: z.number().optional(),
  max_wait_ms: z.number().optional(),
  background_refresh: z.boolean().optional(),
});

const stepShape = z.strictObject({
  at: z.number(),
  query: questionShape,
  upstream: upstreamShape.optional(),
  /** is put into the cache before the query */
  store: replyShape.optional(),
  concurrent: z.number().optional(),
  expect: expectShape,
});
type Step = z.infer<typeof stepShape>;

const sequenceShape = z.strictObject({
  ...common,
  title: z.string().optional(),
  corefile: z.string(),
  steps: z.array(stepShape).min(1),
});

/** One request that reached the server outside. */
interface Asked {
  readonly query: DnsMessage;
  /** the client's own, not one behind its back, which goes over TCP */
  readonly inFront: boolean;
}

function counted(text: string, count: number, query: DnsMessage): DnsMessage {
  const [name, ttl, , type, data] = text.replace(/<number of upstream requests so far>/, String(count)).split(' ');
  const answer = [{ name: name!, type: type!, ttl: Number(ttl), rdata: data! }];
  return replyOf({ rcode: 'NOERROR', answer }, query);
}

function repliedBy(upstream: RecordedUpstream, asked: readonly Asked[], query: DnsMessage): UpstreamReply {
  const { no_response, counter_answer, ad_when_request_has_ad_or_do: saysAd, delay_ms = 0, ...reply } = upstream;
  if (no_response === true) return { outcome: 'silent' };
  if (counter_answer !== undefined) {
    return { outcome: 'replied', message: counted(counter_answer, asked.length, query) };
  }
  const ad = saysAd === true ? query.authenticData === true || query.edns?.dnssecOk === true : (reply.ad ?? false);
  const message = replyOf({ ...replyShape.parse(reply), ad }, query);
  return { outcome: 'replied', message, afterMs: delay_ms };
}

function counterOf(server: DnsServer, name: string): number {
  const samples = metricsOf(server, 0).find((family) => family.name === name)?.samples ?? [];
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function onlyValue<T>(values: readonly T[]): T | readonly T[] | undefined {
  return values.every((value) => value === values[0]) ? values[0] : values;
}

/** What a step shows, under the recording's names. */
function replayStep(server: DnsServer, step: Step, asked: Asked[], primed: number): Record<string, unknown> {
  const query = queryOf(step.query);
  const upstream: Upstream = (_server, sent, over) => {
    asked.push({ query: sent, inFront: over === 'udp' });
    return repliedBy(step.upstream ?? { no_response: true }, asked, sent);
  };
  const at = step.at * 1000;
  if (step.store !== undefined) {
    const stored = replyOf(step.store, query);
    answer(server, query, contextFor({ at, upstream: () => ({ outcome: 'replied', message: stored }) }));
  }
  const before = { asked: asked.length, hits: counterOf(server, 'coredns_cache_hits_total') };
  const context = contextFor({ at, upstream });
  const reply = answer(server, query, context);
  for (let i = 1; i < (step.concurrent ?? 1); i++) answer(server, query, contextFor({ at, upstream }));
  const mine = asked.slice(before.asked);
  return {
    rcode: reply.rcode,
    answer: reply.answers,
    answer_ttl: onlyValue(reply.answers.map(({ ttl }) => ttl)),
    answer_rdata: reply.answers.map(({ data }) => data),
    authority_ttl: onlyValue(reply.authorities.map(({ ttl }) => ttl)),
    entries: { success: entriesIn(server, 'success'), denial: entriesIn(server, 'denial') },
    ad: reply.authenticData ?? false,
    tc: reply.truncated,
    from_cache: counterOf(server, 'coredns_cache_hits_total') > before.hits && !mine.some(({ inFront }) => inFront),
    upstream_asked: mine.length > 0,
    upstream_request_ad:
      mine.length > 0 ? onlyValue(mine.map(({ query: sent }) => sent.authenticData ?? false)) : undefined,
    upstream_requests_total: asked.length,
    refresh_attempts_total: asked.length - primed,
    waited: context.at - at,
    background_refresh: mine.length > 0,
  };
}

function comparedStep(expect: Step['expect'], got: Record<string, unknown>, path: string): Outcome {
  const { max_wait_ms: most, answer: records, entries, ...rest } = expect;
  if (most !== undefined && (got['waited'] as number) > most)
    return compared(most, got['waited'], `${path}.max_wait_ms`);
  if (entries !== undefined) {
    const outcome = namedCompared(entries, got['entries'] as Record<string, unknown>, `${path}.entries`);
    if (outcome.outcome !== 'passed') return outcome;
  }
  const expected = records === undefined ? rest : { ...rest, answer: recordsOf(records) };
  return namedCompared(expected, got, path);
}

export function replaySequence(recorded: unknown): Outcome {
  const { id, corefile, steps } = sequenceShape.parse(recorded);
  const server = serverFor(corefile);
  const asked: Asked[] = [];
  let primed = 0;
  for (const [i, step] of steps.entries()) {
    const got = replayStep(server, step, asked, primed);
    if (i === 0) primed = asked.length;
    const outcome = comparedStep(step.expect, got, `${id}.steps[${i}].expect`);
    if (outcome.outcome !== 'passed') return outcome;
  }
  return { outcome: 'passed' };
}

const entryFields = {
  class: z.enum(['success', 'denial']),
  qname: z.string(),
  qtype: z.string(),
  stored_at: z.number(),
  ttl: z.number(),
  response: replyShape,
};
const entryShape = z.strictObject({ ...entryFields, retained: z.strictObject(entryFields).optional() });
type Entry = z.infer<typeof entryShape>;

const lookupShape = z.strictObject({
  ...common,
  title: z.string().optional(),
  corefile: z.string(),
  entries: z.array(entryShape),
  query: questionShape,
  at: z.number(),
  expect: z.strictObject({ rcode: rcodeShape }),
});

function itemFor({ qname, qtype, stored_at, ttl, response }: Omit<Entry, 'retained'>): CacheItem {
  return itemOf(replyOf(response, queryOf({ qname, qtype })), ttl, stored_at * 1000);
}

function requestFor({ qname, qtype }: Pick<Entry, 'qname' | 'qtype'>): DnsRequest {
  const bits = { recursionDesired: true, authenticData: false, checkingDisabled: false };
  const name = { name: qname, lowerName: qname.toLowerCase() };
  return { id: 0, ...name, type: qtype, class: 'IN', ...bits, edns: undefined, lookup: () => undefined };
}

/** Which of several items answers. */
export function replayLookup(recorded: unknown, cluster: RecordedCluster): Outcome {
  const { id, corefile, entries, query, at, expect } = lookupShape.parse(recorded);
  const [block] = parseCorefile(corefile);
  const directives = block!.directives.filter(({ name }) => name.text === 'cache');
  const setup = {
    plugins: new Set<string>(),
    zones: cluster.zones,
    nameservers: [],
    interfaces: {},
    files: {},
    resolve: () => [],
  };
  const options = readCacheOptions(directives, setup);
  const memory = CacheMemory.of(options);
  const { dice } = contextFor({});
  for (const { retained, ...entry } of entries) {
    const item = itemFor(entry);
    const kept = retained === undefined ? item : { ...item, lastKnownGood: itemFor(retained) };
    memory.set(entry.class, requestFor(entry), kept, dice);
  }
  const found = find(memory, requestFor(query), at * 1000, options);
  return compared(expect.rcode, found?.item.reply.rcode, `${id}.expect.rcode`);
}
