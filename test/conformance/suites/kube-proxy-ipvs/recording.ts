/** The format of recorded syncs in IPVS mode. What is not in it is refused. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import type { EndpointSlice, Service } from '../../../../src/model/index.ts';

const config = z.strictObject({
  mode: z.literal('ipvs'),
  ipFamily: z.enum(['IPv4', 'IPv6']),
  dummyDevice: z.literal('kube-ipvs0'),
  excludeCIDRs: z.array(z.string()),
  interfaceAddresses: z.array(z.string()),
  ipvsScheduler: z.enum(['rr', 'wrr', 'lc', 'wlc', 'dh', 'sh', 'sed', 'nq', 'mh', 'lblc', 'lblcr']),
  localDetector: z.strictObject({
    implemented: z.boolean(),
    ifLocal: z.array(z.string()).optional(),
    ifNotLocal: z.array(z.string()).optional(),
  }),
  masqueradeAll: z.boolean(),
  masqueradeMark: z.string(),
  nodeAddresses: z.array(z.string()),
  nodeIP: z.string(),
  nodeName: z.string(),
  nodePortAddresses: z.array(z.string()),
  randomFully: z.boolean(),
  topologyLabels: z.record(z.string(), z.string()),
});

export type RecordedConfig = z.infer<typeof config>;

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
  endpoints: z.array(
    z.strictObject({
      endpoint: z.string(),
      local: z.boolean(),
      ready: z.boolean(),
      serving: z.boolean(),
      terminating: z.boolean(),
      zoneHints: z.array(z.string()).optional(),
      nodeHints: z.array(z.string()).optional(),
    }),
  ),
  categorized: z.strictObject({
    cluster: endpointNames,
    local: endpointNames,
    allReachable: endpointNames,
    hasAnyEndpoints: z.boolean(),
  }),
});

const virtualServer = z.strictObject({
  address: z.string(),
  scheduler: z.string(),
  flags: z.number(),
  timeout: z.number(),
  realServers: z.array(z.strictObject({ address: z.string(), weight: z.number() })),
});

export type RecordedVirtualServer = z.infer<typeof virtualServer>;

const ipSet = z.strictObject({
  name: z.string(),
  type: z.string(),
  hashFamily: z.enum(['inet', 'inet6']),
  comment: z.string(),
  entries: z.array(z.string()),
});

export type RecordedIpSet = z.infer<typeof ipSet>;

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
  updatedServices: z.array(z.string()).optional(),
  conntrackCleanupRequired: z.boolean().optional(),
  healthCheck: z
    .strictObject({
      healthCheckNodePorts: z.record(z.string(), z.number()),
      localReadyEndpoints: z.record(z.string(), z.number()),
    })
    .optional(),
  rulesetBefore: z.string().optional(),
  ruleset: z.string(),
  restoreInput: z.string().optional(),
  ipsets: z.array(ipSet),
  virtualServers: z.array(virtualServer),
  dummyDeviceAddresses: z.array(z.string()),
  servicePorts: z.array(servicePort).optional(),
  /** no recording sends packets through IPVS */
  flows: z.tuple([]),
});

export type RecordedStep = z.infer<typeof step>;

const recording = z.strictObject({
  source: z.string(),
  mode: z.literal('ipvs'),
  origin: z.string(),
  name: z.string(),
  topics: z.array(z.string()),
  config: config.partial(),
  steps: z.array(step).min(1),
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
