/** The format of a recorded choice of endpoints. What is not in it is refused. Format: the README of the kube-proxy recordings. */
import { z } from 'zod';
import type { Service } from '../../../../src/model/index.ts';
import { commonEndpoint, endpointNames, file, objects } from '../kube-proxy/recording.ts';

const endpoint = z.strictObject({
  ...commonEndpoint,
  zoneHints: z.array(z.string()),
  nodeHints: z.array(z.string()),
});

export type RecordedEndpoint = z.infer<typeof endpoint>;

const recording = z.strictObject({
  ...file,
  mode: z.literal('topology'),
  config: z.strictObject({
    nodeName: z.string(),
    nodeLabels: z.record(z.string(), z.string()).nullable(),
    featureGates: z.strictObject({ PreferSameTrafficDistribution: z.boolean() }),
  }),
  steps: z
    .array(
      z.strictObject({
        ...objects,
        services: z.tuple([z.custom<Service>()]),
        /** left out where there are none */
        endpoints: z.array(endpoint).optional(),
        expected: z.strictObject({
          clusterEndpoints: endpointNames,
          localEndpoints: endpointNames,
          allReachableEndpoints: endpointNames,
          hasAnyEndpoints: z.boolean(),
        }),
        ruleset: z.literal(''),
        flows: z.tuple([]),
      }),
    )
    .min(1),
});

export type Recording = z.infer<typeof recording>;

/** Throws, naming the place, at what is not in the format. */
export function recordingOf(json: unknown): Recording {
  return recording.parse(json);
}
