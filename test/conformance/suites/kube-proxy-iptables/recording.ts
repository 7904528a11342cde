/** The recordings' format, and what is refused in it. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import {
  categorized,
  commonConfig,
  commonEndpoint,
  commonServicePort,
  commonStep,
  events,
  file,
  flow,
  hints,
  localDetector,
} from '../kube-proxy/recording.ts';

const config = z.strictObject({
  ...commonConfig,
  mode: z.literal('iptables'),
  conntrackTCPLiberal: z.boolean(),
  largeClusterEndpointsThreshold: z.number(),
  localDetector,
  localhostNodePorts: z.boolean(),
  nfAcctCounters: z.record(z.string(), z.boolean()),
  randomFully: z.boolean(),
  syncPeriodSeconds: z.number(),
  localAddresses: z.array(z.string()).optional(),
});

export type RecordedConfig = z.infer<typeof config>;

const servicePort = z.strictObject({
  ...commonServicePort,
  svcChain: z.string(),
  svlChain: z.string(),
  extChain: z.string(),
  fwChain: z.string(),
  endpoints: z.array(z.strictObject({ ...commonEndpoint, ...hints, sepChain: z.string() })),
  /** only the first two endpoints and the last were kept, and `categorized` was left out */
  endpointsAbridged: z.boolean().optional(),
  categorized: categorized.optional(),
});

export type RecordedServicePort = z.infer<typeof servicePort>;

const step = z.strictObject({
  ...commonStep,
  events: events.optional(),
  fullSync: z.boolean().optional(),
  fullSyncPeriodElapsed: z.boolean().optional(),
  largeClusterMode: z.boolean().optional(),
  chainCleanupDue: z.boolean().optional(),
  needFullSyncAfter: z.boolean().optional(),
  action: z.literal('cleanup').optional(),
  error: z.string().optional(),
  rulesetGiven: z.boolean().optional(),
  ruleset: z.string().nullable(),
  rulesetSha256: z.string().optional(),
  restoreInput: z.string().optional(),
  iptablesSave: z.string().optional(),
  servicePorts: z.array(servicePort).optional(),
  flows: z.array(flow),
});

export type RecordedStep = z.infer<typeof step>;

const fact = z.union([
  z.strictObject({
    namespace: z.string(),
    service: z.string(),
    portName: z.string(),
    servicePortName: z.string(),
    protocol: z.enum(['tcp', 'udp', 'sctp']),
    endpoint: z.string(),
    svcChain: z.string(),
    svlChain: z.string(),
    extChain: z.string(),
    fwChain: z.string(),
    sepChain: z.string(),
  }),
  z.strictObject({ n: z.number(), probability: z.string() }),
]);

export type Fact = z.infer<typeof fact>;

const recording = z.strictObject({
  ...file,
  mode: z.literal('iptables'),
  config: config.partial(),
  steps: z.array(step),
  facts: z.array(fact).optional(),
});

export type Recording = z.infer<typeof recording>;

/** Throws, naming the place, at what is not in the format. */
export function recordingOf(json: unknown): Recording {
  return recording.parse(json);
}

/** A step's whole configuration: what the file says, with the changes up to the step. */
export function configOf(settings: unknown): RecordedConfig {
  return config.parse(settings);
}
