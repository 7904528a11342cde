/**
 * CNS's pool monitor: how many addresses a node asks for, and which it gives back.
 * Source: Azure/azure-container-networking cns/ipampool/monitor.go (`reconcile`, `increasePoolSize`, `decreasePoolSize`,
 * `cleanPendingRelease`). It looks once a second.
 *
 *   expected = requested - assigned                       fewer than minFree: ask for the next multiple of a batch
 *   current  = held - assigned - pending release          maxFree or more: give back to the previous multiple
 */
import type { Thresholds } from './scaler.ts';

export const MONITOR_EVERY_MS = 1000;

/** What CNS holds, counted. */
export interface PoolCounts {
  /** every address of the node's network containers but their primary ones */
  readonly total: number;
  readonly assigned: number;
  readonly pendingRelease: number;
  /** available and not yet programmed ones: those that could be given back */
  readonly releasable: number;
}

/** The NodeNetworkConfig's spec as CNS last wrote it. */
export interface PoolRequest {
  readonly requestedIPCount: number;
  /** how many addresses it lists as not in use */
  readonly ipsNotInUse: number;
}

/** What to do to the pool; the spec to write then lists every address that is pending release. */
export type PoolStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'increase' | 'clean'; readonly requestedIPCount: number }
  /** CNS tries five times to write this one, and panics when that fails: by then it has marked addresses it may still need */
  | { readonly do: 'decrease'; readonly requestedIPCount: number; readonly markPendingRelease: number };

const NOTHING: PoolStep = { do: 'nothing' };

export function poolStep(thresholds: Thresholds, pool: PoolCounts, request: PoolRequest): PoolStep {
  const { max, minFree, maxFree } = thresholds;
  const { requestedIPCount, ipsNotInUse } = request;
  const expectedFree = requestedIPCount - pool.assigned;
  const currentFree = pool.total - pool.assigned - pool.pendingRelease;
  if (expectedFree < minFree) return increase(thresholds.batch, max, requestedIPCount);
  if (currentFree >= maxFree) return decrease(thresholds.batch, pool, requestedIPCount);
  return ipsNotInUse === pool.pendingRelease ? NOTHING : { do: 'clean', requestedIPCount };
}

function increase(batch: number, max: number, requested: number): PoolStep {
  const requestedIPCount = Math.min(requested - (requested % batch) + batch, max);
  return requestedIPCount === requested ? NOTHING : { do: 'increase', requestedIPCount };
}

function decrease(batch: number, pool: PoolCounts, requested: number): PoolStep {
  const beyond = requested % batch;
  const markPendingRelease = Math.min(beyond === 0 ? batch : beyond, pool.releasable);
  return { do: 'decrease', requestedIPCount: requested - markPendingRelease, markPendingRelease };
}

/** What becomes of CNS where the apiserver does not take what a step writes: it tries again at its next look, or dies of it. */
export function refusedWrite(step: PoolStep, cause: string): { readonly panics: boolean; readonly error: string } {
  return { panics: step.do === 'decrease', error: `executing UpdateSpec with NNC client: ${cause}` };
}
