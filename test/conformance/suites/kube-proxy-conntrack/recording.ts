/** The format of recorded clean-ups of conntrack. What is not in it is refused. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import type { EndpointSlice, Service } from '../../../../src/model/index.ts';

const tuple = z.strictObject({ srcIP: z.string(), srcPort: z.number(), dstIP: z.string(), dstPort: z.number() });
const flow = z.strictObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), original: tuple, reply: tuple });

export type RecordedFlow = z.infer<typeof flow>;

const family = z.enum(['IPv4', 'IPv6']);

/** What every step has, used or not. */
const objects = {
  services: z.array(z.custom<Service>()),
  endpointSlices: z.array(z.custom<EndpointSlice>()),
  nodes: z.array(z.unknown()),
  ruleset: z.literal(''),
  flows: z.tuple([]),
};

const file = {
  source: z.string(),
  mode: z.literal('conntrack'),
  origin: z.string(),
  name: z.string(),
  topics: z.array(z.string()),
};

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

const endpoint = z.strictObject({
  endpoint: z.string(),
  local: z.boolean(),
  ready: z.boolean(),
  serving: z.boolean(),
  terminating: z.boolean(),
});

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
