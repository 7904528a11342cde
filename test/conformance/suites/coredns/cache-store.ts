/** Replays what the cache keeps of one reply: whether, in which half, for how long, and what it serves then. */
import { z } from 'zod';
import {
  answer,
  answersQuestion,
  type DnsServer,
  metricsOf,
  startServer,
  type Upstream,
} from '../../../../controllers/coredns/index.ts';
import { type DnsMessage, momentOf } from '../../../../src/model/index.ts';
import { contextFor } from './context.ts';
import { compared, namedCompared, type Outcome } from './outcome.ts';
import type { RecordedCluster } from './recording.ts';
import { queryOf, questionShape, rcodeShape, recordShape, recordsOf, replyOf, replyShape } from './upstream.ts';

const common = { id: z.string(), source: z.string(), kind: z.string(), derived: z.boolean().optional() };

const storeShape = z.strictObject({
  ...common,
  query: questionShape,
  response: replyShape,
  expect: z.strictObject({
    cached: z.boolean(),
    class: z.enum(['success', 'denial']).optional(),
    ttl: z.number().optional(),
    served: z
      .strictObject({
        rcode: rcodeShape,
        answer: z.array(recordShape),
        ns: z.array(recordShape),
        extra: z.array(recordShape).optional(),
        aa: z.boolean().optional(),
        ad: z.boolean().optional(),
        ra: z.boolean().optional(),
        cd: z.boolean().optional(),
      })
      .optional(),
  }),
});

const separationShape = z.strictObject({
  ...common,
  first: questionShape,
  second: questionShape,
  expect: z.strictObject({ hit: z.boolean() }),
});

const ttlShape = z.strictObject({
  ...common,
  response_ttl: z.number(),
  min_ttl: z.number(),
  max_ttl: z.number(),
  expect: z.strictObject({ ttl: z.number() }),
});

const answersShape = z.strictObject({
  ...common,
  qname: z.string(),
  qtype: z.string(),
  answer: z.array(recordShape),
  expect: z.strictObject({ answers_question: z.boolean() }),
});

export function serverFor(corefile: string): DnsServer {
  const start = startServer(corefile);
  if (!start.ok) throw start.error;
  return start.server;
}

/** How many items a half of the server's cache holds, as plugin prometheus counts them. */
export function entriesIn(server: DnsServer, half: 'success' | 'denial'): number {
  const samples = metricsOf(server, 0).find(({ name }) => name === 'coredns_cache_entries')?.samples ?? [];
  return samples.find(({ labels }) => labels['type'] === half)?.value ?? 0;
}

const silence: Upstream = () => ({ outcome: 'silent' });

function saying(message: DnsMessage): Upstream {
  return () => ({ outcome: 'replied', message });
}

/** Asks once with the recorded reply outside, then again with nobody there: what is answered then was kept. */
export function replayStore(recorded: unknown, cluster: RecordedCluster): Outcome {
  const { id, query, response, expect } = storeShape.parse(recorded);
  const server = serverFor(cluster.corefile_options.corefile!);
  const at = cluster.now === undefined ? 0 : momentOf(cluster.now);
  const question = queryOf(query);
  // A server that is asked for signatures says in its reply that it knows of them.
  const reply = replyOf({ ...response, do: response.do ?? query.do }, question);
  answer(server, question, contextFor({ at, upstream: saying(reply) }));
  const half = (['success', 'denial'] as const).find((name) => entriesIn(server, name) > 0);
  if (!expect.cached) return compared(false, half !== undefined, `${id}.expect.cached`);
  const served = answer(server, question, contextFor({ at, upstream: silence }));
  const records = [...served.answers, ...served.authorities, ...served.additionals];
  const got = {
    cached: half !== undefined,
    class: half,
    // Without records there is nothing that would say how long: it is asked for as long as it lasts.
    ttl: records[0]?.ttl ?? (half === undefined ? undefined : secondsKept(server, question, at)),
    served:
      expect.served === undefined
        ? undefined
        : {
            rcode: served.rcode,
            answer: served.answers,
            ns: served.authorities,
            extra: served.additionals,
            aa: served.authoritative,
            ad: served.authenticData ?? false,
            ra: served.recursionAvailable ?? false,
            cd: served.checkingDisabled ?? false,
          },
  };
  const { served: expected, ...rest } = expect;
  if (expected === undefined) return namedCompared(rest, got, `${id}.expect`);
  const sections = {
    ...expected,
    answer: recordsOf(expected.answer),
    ns: recordsOf(expected.ns),
    extra: recordsOf(expected.extra),
  };
  return namedCompared({ ...rest, served: sections }, got, `${id}.expect`);
}

/** Asks second by second until the server outside is asked again. */
function secondsKept(server: DnsServer, question: DnsMessage, at: number): number {
  let asked = false;
  const upstream: Upstream = () => {
    asked = true;
    return { outcome: 'silent' };
  };
  let seconds = 0;
  while (!asked) {
    answer(server, question, contextFor({ at: at + seconds * 1000, upstream }));
    if (!asked) seconds++;
  }
  return seconds;
}

/** Whether a second question is answered with what was kept for a first. */
export function replaySeparation(recorded: unknown): Outcome {
  const { id, first, second, expect } = separationShape.parse(recorded);
  const server = serverFor('.:53 {\n    cache\n    forward . 192.0.2.53\n}\n');
  const reply = { rcode: 'NOERROR' as const, answer: [{ name: first.qname, type: first.qtype, ttl: 60, rdata: '1' }] };
  answer(server, queryOf(first), contextFor({ upstream: saying(replyOf(reply, queryOf(first))) }));
  const { rcode } = answer(server, queryOf(second), contextFor({ upstream: silence }));
  return compared(expect.hit, rcode === 'NOERROR', `${id}.expect.hit`);
}

export function replayTtl(recorded: unknown): Outcome {
  const { id, response_ttl: ttl, min_ttl: least, max_ttl: most, expect } = ttlShape.parse(recorded);
  const server = serverFor(
    `.:53 {\n    cache {\n        success 10000 ${most} ${least}\n    }\n    forward . 192.0.2.53\n}`,
  );
  const question = queryOf({ qname: 'example.org.', qtype: 'A' });
  const reply = replyOf({ rcode: 'NOERROR', answer: [{ name: 'example.org.', type: 'A', ttl, rdata: '1' }] }, question);
  const { answers } = answer(server, question, contextFor({ upstream: saying(reply) }));
  return compared(expect.ttl, answers[0]?.ttl, `${id}.expect.ttl`);
}

export function replayAnswers(recorded: unknown): Outcome {
  const { id, qname, qtype, answer: records, expect } = answersShape.parse(recorded);
  const reply = replyOf({ rcode: 'NOERROR', answer: records }, queryOf({ qname, qtype }));
  return compared(expect.answers_question, answersQuestion(reply), `${id}.expect.answers_question`);
}
