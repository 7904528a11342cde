/** The recordings' format, and what is refused in it. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import { commonConfig, commonStep, file, flow, localDetector } from '../kube-proxy/recording.ts';

const config = z.strictObject({
  ...commonConfig,
  mode: z.literal('nftables'),
  localDetector: localDetector.extend({
    ifLocalNFT: z.array(z.string()).optional(),
    ifNotLocalNFT: z.array(z.string()).optional(),
  }),
  masqueradeRule: z.string(),
  serviceCIDRs: z.string(),
  syncPeriodSeconds: z.number(),
  localAddresses: z.array(z.string()).optional(),
});

export type RecordedConfig = z.infer<typeof config>;

const step = z.strictObject({
  ...commonStep,
  events: z.array(z.looseObject({ kind: z.string(), op: z.string() })),
  fullSync: z.boolean().optional(),
  /** rules that are given, not written: only packets are sent over them */
  rulesetGiven: z.boolean().optional(),
  ruleset: z.string(),
  nftList: z.string().optional(),
  transactions: z.array(z.strictObject({ operations: z.number(), commands: z.array(z.string()) })).optional(),
  staleChainsBefore: z.array(z.strictObject({ chain: z.string(), olderThanOneSecond: z.boolean() })).optional(),
  staleChainsAfter: z.array(z.string()).optional(),
  servicePorts: z.array(z.looseObject({})).optional(),
  flows: z.array(flow),
});

export type RecordedStep = z.infer<typeof step>;

const fact = z.union([
  z.strictObject({
    namespace: z.string(),
    service: z.string(),
    portName: z.string(),
    protocol: z.enum(['tcp', 'udp', 'sctp']),
    endpoint: z.string(),
    serviceChain: z.string(),
    localChain: z.string(),
    externalChain: z.string(),
    firewallChain: z.string(),
    endpointChain: z.string(),
    affinitySet: z.string(),
  }),
  z.strictObject({
    test: z.string(),
    namespace: z.string(),
    service: z.string(),
    portName: z.string(),
    protocol: z.enum(['tcp', 'udp', 'sctp']),
    endpoint: z.string().optional(),
    base: z.string(),
  }),
]);

export type Fact = z.infer<typeof fact>;

const recording = z.strictObject({
  ...file,
  mode: z.literal('nftables'),
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
