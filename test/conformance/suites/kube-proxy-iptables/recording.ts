/** The recordings' format, and what is refused in it. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import type { EndpointSlice, Service } from '../../../../src/model/index.ts';

const config = z.strictObject({
  mode: z.literal('iptables'),
  ipFamily: z.enum(['IPv4', 'IPv6']),
  conntrackTCPLiberal: z.boolean(),
  interfaceAddresses: z.array(z.string()),
  largeClusterEndpointsThreshold: z.number(),
  localDetector: z.strictObject({
    implemented: z.boolean(),
    ifLocal: z.array(z.string()).optional(),
    ifNotLocal: z.array(z.string()).optional(),
  }),
  localhostNodePorts: z.boolean(),
  masqueradeAll: z.boolean(),
  masqueradeMark: z.string(),
  nfAcctCounters: z.record(z.string(), z.boolean()),
  nodeIP: z.string(),
  nodeName: z.string(),
  nodePortAddresses: z.array(z.string()),
  randomFully: z.boolean(),
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

const endpointNames = z.array(z.string()).nullable();

const servicePort = z.strictObject({
  servicePortName: z.string(),
  protocol: z.string(),
  clusterIP: z.string(),
  port: z.number(),
  nodePort: z.number().optional(),
  externalIPs: z.array(z.string()).optional(),
  loadBalancerVIPs: z.array(z.string()).optional(),
  loadBalancerSourceRanges: z.array(z.string()).optional(),
  sessionAffinity: z.string().optional(),
  stickyMaxAgeSeconds: z.number().optional(),
  healthCheckNodePort: z.number().optional(),
  externalPolicyLocal: z.boolean(),
  internalPolicyLocal: z.boolean(),
  svcChain: z.string(),
  svlChain: z.string(),
  extChain: z.string(),
  fwChain: z.string(),
  endpoints: z.array(
    z.strictObject({
      endpoint: z.string(),
      local: z.boolean(),
      ready: z.boolean(),
      serving: z.boolean(),
      terminating: z.boolean(),
      zoneHints: z.array(z.string()).optional(),
      nodeHints: z.array(z.string()).optional(),
      sepChain: z.string(),
    }),
  ),
  /** only the first two endpoints and the last were kept, and `categorized` was left out */
  endpointsAbridged: z.boolean().optional(),
  categorized: z
    .strictObject({
      cluster: endpointNames,
      local: endpointNames,
      allReachable: endpointNames,
      hasAnyEndpoints: z.boolean(),
    })
    .optional(),
});

export type RecordedServicePort = z.infer<typeof servicePort>;

const step = z.strictObject({
  config: z.partialRecord(z.string(), z.unknown()).optional(),
  events: z
    .array(
      z.strictObject({
        kind: z.string(),
        op: z.string(),
        name: z.string().optional(),
        labels: z.record(z.string(), z.string()).optional(),
      }),
    )
    .optional(),
  services: z.array(z.custom<Service>()),
  endpointSlices: z.array(z.custom<EndpointSlice>()),
  nodes: z.array(z.unknown()),
  fullSync: z.boolean().optional(),
  fullSyncPeriodElapsed: z.boolean().optional(),
  largeClusterMode: z.boolean().optional(),
  chainCleanupDue: z.boolean().optional(),
  needFullSyncAfter: z.boolean().optional(),
  updatedServices: z.array(z.string()).optional(),
  conntrackCleanupRequired: z.boolean().optional(),
  healthCheck: z
    .strictObject({
      healthCheckNodePorts: z.record(z.string(), z.number()),
      localReadyEndpoints: z.record(z.string(), z.number()),
    })
    .optional(),
  action: z.literal('cleanup').optional(),
  error: z.string().optional(),
  rulesetGiven: z.boolean().optional(),
  rulesetBefore: z.string().optional(),
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
  source: z.string(),
  mode: z.literal('iptables'),
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
