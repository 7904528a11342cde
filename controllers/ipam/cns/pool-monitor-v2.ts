/**
 * Version 2 of CNS's pool monitor: the pool follows the number of pods that are on the node, not the addresses they have got.
 * Source: Azure/azure-container-networking cns/ipampool/v2/monitor.go (`reconcile`, `calculateTargetIPCountOrMax`) and
 * docs/feature/ipammath/0-background.md.
 */

export interface ScalerV2 {
  readonly batch: number;
  /** kept beyond the demand, in batches: 0.5 */
  readonly buffer: number;
  readonly max: number;
  readonly exhausted: boolean;
}

export type PoolStepV2 =
  | { readonly do: 'nothing' }
  /** write `requestedIPCount`, and every address that is pending release once so many more have been marked */
  | { readonly do: 'scale'; readonly requestedIPCount: number; readonly markPendingRelease: number };

/** How many addresses to hold for so many pods. */
export function targetIPCount(demand: number, batch: number, buffer: number): number {
  return batch * Math.ceil(buffer + demand / batch);
}

export function poolStepV2(scaler: ScalerV2, demand: number, requested: number): PoolStepV2 {
  const batch = scaler.exhausted ? 1 : scaler.batch;
  const buffer = scaler.exhausted ? 1 : scaler.buffer;
  const requestedIPCount = Math.min(targetIPCount(demand, batch, buffer), scaler.max);
  if (requestedIPCount === requested) return { do: 'nothing' };
  return { do: 'scale', requestedIPCount, markPendingRelease: Math.max(0, requested - requestedIPCount) };
}

/** What CNS says where the apiserver does not take the spec. */
export function specNotUpdated(cause: string): string {
  return `failed to UpdateSpec with NNC client: ${cause}`;
}

/** What CNS says where it cannot mark as many as it has to; then it writes nothing. */
export function notEnoughToRelease(wanted: number, cause: string): string {
  return `failed to mark sufficient IPs as PendingRelease, wanted ${wanted}: ${cause}`;
}
