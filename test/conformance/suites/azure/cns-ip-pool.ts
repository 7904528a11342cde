/** cns_ip_pool_v1 and cns_ip_pool_v2: what CNS's pool monitors write after one look at a node's pool. */
import * as z from 'zod';
import {
  maxFreeOf,
  minFreeOf,
  notEnoughToRelease,
  poolStep,
  poolStepV2,
  targetIPCount,
} from '../../../../controllers/ipam/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const scalerShape = z.strictObject({
  batchSize: z.int(),
  releaseThresholdPercent: z.int(),
  requestThresholdPercent: z.int(),
  maxIPCount: z.int(),
});
const thresholds = z.strictObject({
  operation: z.enum(['CalculateMaxFreeIPs', 'CalculateMinFreeIPs']),
  scaler: scalerShape,
});
const poolShape = z.strictObject({
  total: z.int(),
  assigned: z.int(),
  available: z.int(),
  pendingRelease: z.int(),
  pendingProgramming: z.int(),
});
const lookShape = z.strictObject({
  scaler: z.strictObject({
    batch: z.int(),
    max: z.int(),
    minFree: z.int(),
    maxFree: z.int(),
    exhausted: z.boolean(),
  }),
  pool: poolShape,
  requested: z.int(),
  ipsNotInUse: z.int(),
});
const panics = z.strictObject({ panics: z.literal(true) });

export function replayPoolMonitor({ given, expect }: RecordedCase): Outcome {
  const { data } = thresholds.safeParse(given);
  if (data !== undefined) {
    const value = data.operation === 'CalculateMaxFreeIPs' ? maxFreeOf(data.scaler) : minFreeOf(data.scaler);
    return compared(expect, { value });
  }
  const look = lookShape.parse(given);
  // The recording does not say that the apiserver refuses this write, but only a refused write makes CNS panic.
  const isRefused = panics.safeParse(expect).success;
  return compared(expect, isRefused ? { panics: stepOf(look).do === 'decrease' } : written(look));
}

function stepOf({ scaler, pool, requested: requestedIPCount, ipsNotInUse }: z.infer<typeof lookShape>) {
  const { exhausted, ...usual } = scaler;
  const inUse = exhausted ? { ...usual, batch: 1, minFree: 1, maxFree: 2 } : usual;
  const releasable = pool.available + pool.pendingProgramming;
  return poolStep(inUse, { ...pool, releasable }, { requestedIPCount, ipsNotInUse });
}

function written(look: z.infer<typeof lookShape>): object {
  const step = stepOf(look);
  const marked = step.do === 'decrease' ? step.markPendingRelease : 0;
  const pendingRelease = look.pool.pendingRelease + marked;
  if (step.do === 'nothing')
    return { requested: look.requested, ipsNotInUse: look.ipsNotInUse, pendingReleaseAfter: pendingRelease };
  return { requested: step.requestedIPCount, ipsNotInUse: pendingRelease, pendingReleaseAfter: pendingRelease };
}

const target = z.strictObject({
  operation: z.enum(['calculateTargetIPCount', 'calculateTargetIPCountOrMax']),
  demand: z.int(),
  batch: z.int(),
  buffer: z.number(),
  max: z.int().optional(),
});
const lookV2Shape = z.strictObject({
  demand: z.int(),
  request: z.int(),
  scaler: z.strictObject({ batch: z.int(), buffer: z.number(), max: z.int(), exhausted: z.boolean() }),
  pendingRelease: z.int(),
  storeFails: z.boolean(),
  patchFails: z.boolean(),
});

/** What the store and the apiserver of the original tests say when they fail. */
const STORE_FAILS = 'failed to mark IPs pending release';
const PATCH_FAILS = 'failed to UpdateSpec with NNC client: failed to patch NNC Spec';

export function replayPoolMonitorV2({ given, expect }: RecordedCase): Outcome {
  const { data } = target.safeParse(given);
  if (data === undefined) return compared(expect, writtenV2(lookV2Shape.parse(given)));
  const { demand, batch, buffer, max = Number.POSITIVE_INFINITY } = data;
  return compared(expect, { target: Math.min(targetIPCount(demand, batch, buffer), max) });
}

function writtenV2({ demand, request, scaler, ...rest }: z.infer<typeof lookV2Shape>): object {
  const { pendingRelease, storeFails, patchFails } = rest;
  const untouched = { request, ipsNotInUse: 0 };
  const step = poolStepV2(scaler, demand, request);
  if (step.do === 'nothing') return untouched;
  if (storeFails) return { ...untouched, error: notEnoughToRelease(request - step.requestedIPCount, STORE_FAILS) };
  if (patchFails) return { ...untouched, error: PATCH_FAILS };
  return { request: step.requestedIPCount, ipsNotInUse: pendingRelease + step.markPendingRelease };
}
