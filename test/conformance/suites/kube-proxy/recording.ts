/**
 * What the formats of recorded syncs have in common, whatever the mode: each mode's file adds its own. What is not in a format
 * is refused. Format: the README of the kube-proxy recordings.
 */
import { z } from 'zod';
import type { EndpointSlice, Service } from '../../../../src/model/index.ts';

/** What a kube-proxy of any mode is told. */
export const commonConfig = {
  ipFamily: z.enum(['IPv4', 'IPv6']),
  interfaceAddresses: z.array(z.string()),
  masqueradeAll: z.boolean(),
  masqueradeMark: z.string(),
  nodeIP: z.string(),
  nodeName: z.string(),
  nodePortAddresses: z.array(z.string()),
  topologyLabels: z.record(z.string(), z.string()),
};

/** How the local detector matches, as iptables writes it. */
export const localDetector = z.strictObject({
  implemented: z.boolean(),
  ifLocal: z.array(z.string()).optional(),
  ifNotLocal: z.array(z.string()).optional(),
});

/** A packet sent over the rules, and all that may become of it. */
export const flow = z.strictObject({
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

export const endpointNames = z.array(z.string()).nullable();

/** An endpoint as kube-proxy has read it. */
export const commonEndpoint = {
  endpoint: z.string(),
  local: z.boolean(),
  ready: z.boolean(),
  serving: z.boolean(),
  terminating: z.boolean(),
};

export const hints = { zoneHints: z.array(z.string()).optional(), nodeHints: z.array(z.string()).optional() };

/** A service port as kube-proxy has read it, without its endpoints. */
export const commonServicePort = {
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
};

/** The endpoints that a node uses, by kind of traffic. */
export const categorized = z.strictObject({
  cluster: endpointNames,
  local: endpointNames,
  allReachable: endpointNames,
  hasAnyEndpoints: z.boolean(),
});

/** What happened before a sync. */
export const events = z.array(
  z.strictObject({
    kind: z.string(),
    op: z.string(),
    name: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
);

/** The objects that there are at a step. */
export const objects = {
  services: z.array(z.custom<Service>()),
  endpointSlices: z.array(z.custom<EndpointSlice>()),
  nodes: z.array(z.unknown()),
};

/** What every step of syncs has. */
export const commonStep = {
  ...objects,
  config: z.partialRecord(z.string(), z.unknown()).optional(),
  updatedServices: z.array(z.string()).optional(),
  conntrackCleanupRequired: z.boolean().optional(),
  healthCheck: z
    .strictObject({
      healthCheckNodePorts: z.record(z.string(), z.number()),
      localReadyEndpoints: z.record(z.string(), z.number()),
    })
    .optional(),
  rulesetBefore: z.string().optional(),
};

/** How every file begins. */
export const file = { source: z.string(), origin: z.string(), name: z.string(), topics: z.array(z.string()) };
