/** The format of recorded syncs in IPVS mode. What is not in it is refused. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import {
  categorized,
  commonConfig,
  commonEndpoint,
  commonServicePort,
  commonStep,
  events,
  file,
  hints,
  localDetector,
} from '../kube-proxy/recording.ts';

const config = z.strictObject({
  ...commonConfig,
  mode: z.literal('ipvs'),
  dummyDevice: z.literal('kube-ipvs0'),
  excludeCIDRs: z.array(z.string()),
  ipvsScheduler: z.enum(['rr', 'wrr', 'lc', 'wlc', 'dh', 'sh', 'sed', 'nq', 'mh', 'lblc', 'lblcr']),
  localDetector,
  nodeAddresses: z.array(z.string()),
  randomFully: z.boolean(),
});

export type RecordedConfig = z.infer<typeof config>;

const servicePort = z.strictObject({
  ...commonServicePort,
  endpoints: z.array(z.strictObject({ ...commonEndpoint, ...hints })),
  categorized,
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
  ...commonStep,
  events: events.optional(),
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
  ...file,
  mode: z.literal('ipvs'),
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
