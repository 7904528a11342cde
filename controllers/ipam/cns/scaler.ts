/**
 * How far the address pool of a node may run ahead of its pods: the `scaler` of a NodeNetworkConfig's status.
 * Source: Azure/azure-container-networking cns/ipampool/monitor.go (`CalculateMinFreeIPs`, `CalculateMaxFreeIPs`, `clampScaler`).
 */
import type { Scaler } from '../../../src/model/index.ts';

/** What DNC tells the nodes of a delegated pod subnet. */
export const DEFAULT_SCALER: Scaler = {
  batchSize: 16,
  maxIPCount: 250,
  requestThresholdPercent: 50,
  releaseThresholdPercent: 150,
};

/** The thresholds in addresses that a monitor goes by. */
export interface Thresholds {
  readonly batch: number;
  readonly max: number;
  readonly minFree: number;
  readonly maxFree: number;
}

export function minFreeOf({ batchSize, requestThresholdPercent }: Scaler): number {
  return shareOf(batchSize, requestThresholdPercent);
}

export function maxFreeOf({ batchSize, releaseThresholdPercent }: Scaler): number {
  return shareOf(batchSize, releaseThresholdPercent);
}

/** Half an address is rounded up. */
function shareOf(batch: number, percent: number): number {
  return Math.trunc(batch * (percent / 100) + 0.5);
}

/** In a subnet that is exhausted addresses are asked for one by one, and no more than one is kept free. */
export function thresholdsOf(scaler: Scaler, exhausted: boolean): Thresholds {
  const { batchSize: batch, maxIPCount: max } = scaler;
  if (exhausted) return { batch: 1, max, minFree: 1, maxFree: 2 };
  return { batch, max, minFree: minFreeOf(scaler), maxFree: maxFreeOf(scaler) };
}
