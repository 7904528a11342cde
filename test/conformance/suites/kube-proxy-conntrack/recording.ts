/** The format of recorded clean-ups of conntrack. What is not in it is refused. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import { file as anyFile, objects as anyObjects, commonEndpoint } from '../kube-proxy/recording.ts';

const tuple = z.strictObject({ srcIP: z.string(), srcPort: z.number(), dstIP: z.string(), dstPort: z.number() });
const flow = z.strictObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), original: tuple, reply: tuple });

export type RecordedFlow = z.infer<typeof flow>;

const family = z.enum(['IPv4', 'IPv6']);

/** What every step has, used or not. */
const objects = { ...anyObjects, ruleset: z.literal(''), flows: z.tuple([]) };

const file = { ...anyFile, mode: z.literal('conntrack') };

const cleanUp = z.strictObject({
  ...file,
  kind: z.literal('clean-stale-entries'),
  config: z.strictObject({ ipFamily: family, note: z.string().optional() }),
  steps: z
    .array(
      z.strictObject({
        ...objects,
        conntrackBefore: z.array(flow),
        deleted: z.array(flow),
        kept: z.array(flow),
      }),
    )
    .min(1),
});

const deletion = z.strictObject({
  ...file,
  kind: z.literal('delete-entries'),
  config: z.strictObject({}),
  steps: z
    .array(
      z.strictObject({
        ...objects,
        conntrackBefore: z.array(flow),
        requested: z.array(flow),
        deletedCount: z.number(),
        kept: z.array(flow),
      }),
    )
    .min(1),
});

const filter = z.strictObject({
  ...file,
  kind: z.literal('flow-filter'),
  config: z.strictObject({}),
  steps: z.array(z.strictObject({ ...objects, filterFlows: z.array(flow), flow, match: z.boolean() })).min(1),
});

const endpoint = z.strictObject(commonEndpoint);

export type RecordedEndpoint = z.infer<typeof endpoint>;

const changed = z.strictObject({
  ...objects,
  conntrackCleanupRequired: z.boolean(),
  updatedServices: z.array(z.string()),
  endpointsMap: z.array(z.strictObject({ servicePort: z.string(), endpoints: z.array(endpoint) })),
  localReadyEndpoints: z.record(z.string(), z.number()),
});

const trigger = z.strictObject({
  ...file,
  kind: z.literal('cleanup-trigger'),
  config: z.strictObject({ ipFamily: family, nodeName: z.string() }),
  /** what there was, and what there is */
  steps: z.tuple([z.strictObject(objects), changed]),
});

const recording = z.discriminatedUnion('kind', [cleanUp, deletion, filter, trigger]);

export type Recording = z.infer<typeof recording>;
export type RecordedOf<K extends Recording['kind']> = Extract<Recording, { kind: K }>;

/** Throws, naming the place, at what is not in the format. */
export function recordingOf(json: unknown): Recording {
  return recording.parse(json);
}
