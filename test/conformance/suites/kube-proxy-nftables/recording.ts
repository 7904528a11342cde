/** The recordings' format, and what is refused in it. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import type { EndpointSlice, Service } from '../../../../src/model/index.ts';

const config = z.strictObject({
  mode: z.literal('nftables'),
  ipFamily: z.enum(['IPv4', 'IPv6']),
  interfaceAddresses: z.array(z.string()),
  localDetector: z.strictObject({
    implemented: z.boolean(),
    ifLocal: z.array(z.string()).optional(),
    ifLocalNFT: z.array(z.string()).optional(),
    ifNotLocal: z.array(z.string()).optional(),
    ifNotLocalNFT: z.array(z.string()).optional(),
  }),
  masqueradeAll: z.boolean(),
  masqueradeMark: z.string(),
  masqueradeRule: z.string(),
  nodeIP: z.string(),
  nodeName: z.string(),
  nodePortAddresses: z.array(z.string()),
  serviceCIDRs: z.string(),
  syncPeriodSeconds: z.number(),
  topologyLabels: z.record(z.string(), z.string()),
  localAddresses: z.array(z.string()).optional(),
});

export type RecordedConfig = z.infer<typeof config>;

const flow = z.strictObject({
  name: z.string(),
  sourceIP: z.string(),
  protocol: z.string(),
  destIP: z.string(),
  destPort: z.number(),
  output: z.string(),
  masquerade: z.boolean().nullable(),
  outcomes: z.array(z.strictObject({ output: z.string(), masquerade: z.boolean() })),
  matchedRules: z.array(z.string()).optional(),
});

export type Flow = z.infer<typeof flow>;

const step = z.strictObject({
  config: z.partialRecord(z.string(), z.unknown()).optional(),
  events: z.array(z.looseObject({ kind: z.string(), op: z.string() })),
  services: z.array(z.custom<Service>()),
  endpointSlices: z.array(z.custom<EndpointSlice>()),
  nodes: z.array(z.unknown()),
  fullSync: z.boolean().optional(),
  updatedServices: z.array(z.string()).optional(),
  conntrackCleanupRequired: z.boolean().optional(),
  healthCheck: z
    .strictObject({
      healthCheckNodePorts: z.record(z.string(), z.number()),
      localReadyEndpoints: z.record(z.string(), z.number()),
    })
    .optional(),
  /** rules that are given, not written: only packets are sent over them */
  rulesetGiven: z.boolean().optional(),
  rulesetBefore: z.string().optional(),
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
  source: z.string(),
  mode: z.literal('nftables'),
  origin: z.string(),
  name: z.string(),
  topics: z.array(z.string()),
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
