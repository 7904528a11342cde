/** Replays recorded zone transfers, and what plugin metadata publishes of a query. */
import { z } from 'zod';
import { answer, kubernetes, parseCorefile, startServer } from '../../../../controllers/coredns/index.ts';
import { addressOf } from '../../../../src/model/index.ts';
import { contextFor } from './context.ts';
import { compared, failed, type Outcome } from './outcome.ts';
import { requestFor, setupFor } from './plugin-alone.ts';
import { factsOf } from './query.ts';
import { common, corefileOptions, type RecordedCluster, record } from './recording.ts';

const transferShape = z.strictObject({
  ...common,
  title: z.string().optional(),
  qname: z.string(),
  qtype: z.enum(['AXFR', 'IXFR']),
  authoritative: z.boolean(),
  serial: z.number().optional(),
  localIPs: z.array(z.string()).optional(),
  zones: z.array(z.string()).optional(),
  corefile_options: corefileOptions.optional(),
  cluster: z.record(z.string(), z.unknown()).optional(),
  records: z.array(record),
});

/** Between the first SOA and the last, records come in any order; a serial may be any. */
function linesOf(records: readonly { name: string; type: string; ttl: number; data: string }[]): readonly string[] {
  const lines = records.map(({ name, type, ttl, data }) => {
    const shown = type === 'SOA' ? data.replace(/^(\S+ \S+) \S+/, '$1 *') : data;
    return `${name} ${ttl} ${type} ${shown}`;
  });
  return [...lines.slice(0, 1), ...lines.slice(1, -1).sort(), ...lines.slice(1).slice(-1)];
}

export function replayTransfer(json: unknown, top: RecordedCluster): Outcome {
  const recorded = transferShape.parse(json);
  const cluster: RecordedCluster = { ...top, ...(recorded.cluster as Partial<RecordedCluster>) };
  const start = startServer((recorded.corefile_options ?? cluster.corefile_options).corefile ?? '');
  if (!start.ok) return failed('corefile', 'accepted', start.error.message);
  const context = contextFor({
    facts: factsOf(cluster),
    localAddresses: recorded.localIPs ?? cluster.localIPs ?? [],
    connection: { protocol: 'tcp', clientPort: 40000, server: 0, serverPort: 53 },
  });
  const reply = answer(start.server, { id: 1, question: { name: recorded.qname, type: recorded.qtype } }, context);
  const expected = linesOf(recorded.records.map(({ rdata, ...rest }) => ({ ...rest, data: rdata })));
  return compared(
    { authoritative: recorded.authoritative, records: expected },
    { authoritative: reply.authoritative, records: linesOf(reply.answers) },
    recorded.id,
  );
}

const metadataShape = z.strictObject({
  ...common,
  qname: z.string(),
  qtype: z.string(),
  client: z.string(),
  corefile_options: corefileOptions.optional(),
  expect: z.record(z.string(), z.string()),
});

export function replayMetadata(json: unknown, cluster: RecordedCluster): Outcome {
  const { id, qname, qtype, client, corefile_options, expect } = metadataShape.parse(json);
  const [block] = parseCorefile((corefile_options ?? cluster.corefile_options).corefile ?? '');
  const directives = block!.directives.filter(({ name }) => name.text === 'kubernetes');
  const context = contextFor({ client: addressOf(client), facts: factsOf(cluster) });
  const labels = kubernetes.setup(directives, setupFor())!.offers!.labels!(requestFor(qname, qtype), context);
  return compared(expect, Object.fromEntries(labels), `${id}.expect`);
}
