/** What every benchmark is: sizes in, rows and named figures out; and how time is taken. */

export interface BenchOptions {
  /** the sizes to run at; a benchmark has its own where none are given */
  readonly sizes: readonly number[] | undefined;
  /** kube-proxy's modes to measure, where a benchmark knows several; all of them where none are given */
  readonly modes?: readonly string[] | undefined;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export interface BenchResult {
  readonly name: string;
  /** one sentence: what was measured */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly figures: readonly Figure[];
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

export interface Timing {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

/** The time that `work` takes: of this process's threads on the processor, and by the clock on the wall. */
export function timed(work: () => void): Timing {
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: Number(process.hrtime.bigint() - wall) / 1e9 };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The runtime's garbage collector, where the process was started with --expose-gc. */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

/** The exponent b of cost = a * size^b, fitted by least squares over logarithms. */
export function growthExponent(costs: readonly (readonly [size: number, cost: number])[]): number {
  const points = costs.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
