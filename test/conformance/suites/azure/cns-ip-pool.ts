/** cns_ip_pool_v1 and cns_ip_pool_v2: what CNS's pool monitors write after one look at a node's pool. */
import * as z from 'zod';
import {
  maxFreeOf,
  minFreeOf,
  notEnoughToRelease,
  type PoolStep,
  poolStep,
  poolStepV2,
  refusedWrite,
  specNotUpdated,
  targetIPCount,
} from '../../../../controllers/ipam/index.ts';
import { type CloudAnswers, refusalText } from './cloud-answers.ts';
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
export function replayPoolMonitor({ given, expect, answers }: RecordedCase): Outcome {
  const { data } = thresholds.safeParse(given);
  if (data !== undefined) {
    const value = data.operation === 'CalculateMaxFreeIPs' ? maxFreeOf(data.scaler) : minFreeOf(data.scaler);
    return compared(expect, { value });
  }
  const look = lookShape.parse(given);
  const step = stepOf(look);
  if (answers.patchSpec === undefined || step.do === 'nothing') return compared(expect, written(look, step));
  const refused = refusedWrite(step, refusalText(answers.patchSpec));
  return compared(expect, refused.panics ? { panics: true } : { error: refused.error });
}

function stepOf({ scaler, pool, requested: requestedIPCount, ipsNotInUse }: z.infer<typeof lookShape>): PoolStep {
  const { exhausted, ...usual } = scaler;
  const inUse = exhausted ? { ...usual, batch: 1, minFree: 1, maxFree: 2 } : usual;
  const releasable = pool.available + pool.pendingProgramming;
  return poolStep(inUse, { ...pool, releasable }, { requestedIPCount, ipsNotInUse });
}

function written(look: z.infer<typeof lookShape>, step: PoolStep): object {
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

/** A call that fails, of which nobody says how. */
const UNKNOWN = { error: 'failed' };

export function replayPoolMonitorV2({ given, expect, answers }: RecordedCase): Outcome {
  const { data } = target.safeParse(given);
  if (data === undefined) return compared(expect, writtenV2(lookV2Shape.parse(given), answers));
  const { demand, batch, buffer, max = Number.POSITIVE_INFINITY } = data;
  return compared(expect, { target: Math.min(targetIPCount(demand, batch, buffer), max) });
}

function writtenV2({ demand, request, scaler, ...rest }: z.infer<typeof lookV2Shape>, answers: CloudAnswers): object {
  const { pendingRelease, storeFails, patchFails } = rest;
  const untouched = { request, ipsNotInUse: 0 };
  const step = poolStepV2(scaler, demand, request);
  if (step.do === 'nothing') return untouched;
  if (storeFails) {
    const cause = refusalText(answers.markPendingRelease ?? UNKNOWN);
    return { ...untouched, error: notEnoughToRelease(request - step.requestedIPCount, cause) };
  }
  if (patchFails) return { ...untouched, error: specNotUpdated(refusalText(answers.patchSpec ?? UNKNOWN)) };
  return { request: step.requestedIPCount, ipsNotInUse: pendingRelease + step.markPendingRelease };
}
