/** The shape of a plan, `apiVersion: orrery/v1`, `kind: Plan`. The cluster is that of scripts. */
import * as z from 'zod';
import { clusterSchema } from '../scenario/index.ts';

const name = z.string().min(1);
const perPool = z.record(z.string(), z.int().min(0));

const growthStep = z.strictObject({
  title: z.string().optional(),
  nodes: perPool.optional(),
  pods: perPool.optional(),
  upgrade: z.union([name, z.array(name).min(1)]).optional(),
  services: z.int().min(0).optional(),
});

export const planSchema = z.strictObject({
  apiVersion: z.literal('orrery/v1'),
  kind: z.literal('Plan'),
  metadata: z.strictObject({ name, title: z.string().optional(), description: z.string().optional() }),
  spec: z.strictObject({
    cluster: clusterSchema.optional(),
    requirements: z.strictObject({ podsReachedByAddress: z.boolean().optional() }).optional(),
    growth: z.array(growthStep).min(1),
  }),
});

export type PlanDocument = z.infer<typeof planSchema>;
export type GrowthDocument = z.infer<typeof growthStep>;
