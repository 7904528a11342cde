/** The format of a recorded cluster. What is not in it is refused: an unknown field could be what a recording is about. */
import { z } from 'zod';

const metadata = z.looseObject({ name: z.string(), namespace: z.string().optional() });

/** An object as it was applied or as the apiserver returned it. */
const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata,
  status: z.looseObject({}).optional(),
  /** a pod that was deleted, with grace, and is still there */
  _terminating: z.literal(true).optional(),
});

const observed = z.looseObject({ metadata });

const recording = z.strictObject({
  source: z.string(),
  name: z.string(),
  nodes: z.array(
    z.strictObject({ name: z.string(), ip: z.string(), podCIDR: z.string(), zone: z.string().optional() }),
  ),
  apply: z.array(manifest),
  observed: z.strictObject({
    Service: z.array(observed),
    Pod: z.array(observed),
    EndpointSlice: z.array(observed),
  }),
  /** by node name */
  rules: z
    .record(z.string(), z.strictObject({ iptables: z.string(), nftables: z.string().optional() }))
    .refine((rules) => Object.keys(rules).length > 0, 'no node has rules'),
});

export type Recording = z.infer<typeof recording>;
export type Manifest = z.infer<typeof manifest>;
export type ObservedObject = z.infer<typeof observed>;
export type RecordedNode = Recording['nodes'][number];

/** Throws, naming the field, where the file is not in the format. */
export function recordingOf(json: unknown): Recording {
  const parsed = recording.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`not a recorded cluster: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
