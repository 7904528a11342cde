/**
 * From an empty cluster to a settled one: N nodes of 30 pods each, one Deployment and one Service for every 30 pods. Each run
 * is a process of its own, so that its peak memory is its own too.
 */
import { execFileSync } from 'node:child_process';
import { Emulator } from '../../src/emulator/index.ts';
import { aDeployment, aLargeCluster, aService } from '../support/cluster.ts';
import {
  type Bench,
  type BenchOptions,
  type BenchResult,
  type Figure,
  growthExponent,
  median,
  timed,
} from './bench.ts';

const PODS_PER_NODE = 30;
const DEFAULT_SIZES = [30, 300, 1000, 3000];
const RUNS = 3;

interface Run {
  readonly pods: number;
  readonly ready: number;
  readonly events: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMebibytes: number;
  readonly virtualSeconds: number;
}

/** One run in this process. */
export function settleOnce(nodes: number): Run {
  const pods = nodes * PODS_PER_NODE;
  let emulator: Emulator | undefined;
  const timing = timed(() => {
    emulator = new Emulator(aLargeCluster(nodes), { seed: 1 });
    emulator.boot();
    for (let app = 0; app < nodes; app++) {
      const outcomes = emulator.apply([aDeployment(`app-${app}`, PODS_PER_NODE), aService(`app-${app}`)]);
      for (const outcome of outcomes) if (!outcome.ok) throw new Error(outcome.status.message);
    }
    emulator.settle();
  });
  if (emulator === undefined) throw new Error('nothing ran');
  return {
    pods,
    ready: countReady(emulator),
    events: emulator.store.revision,
    ...timing,
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
    virtualSeconds: emulator.now / 1000,
  };
}

/** Ready endpoints as every kube-proxy has them: what a settled cluster has for each pod of a Service. */
function countReady(emulator: Emulator): number {
  let ready = 0;
  for (const record of emulator.dataplane.service.records()) {
    if (record.key.startsWith('default/app-')) ready += record.ports[0]!.endpoints.length;
  }
  return ready;
}

function runApart(nodes: number): Run {
  const [program, ...args] = [
    process.execPath,
    ...process.execArgv,
    process.argv[1]!,
    'settle-once',
    '--sizes',
    String(nodes),
  ];
  const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const run: Run = JSON.parse(output.trim().split('\n').at(-1)!).run;
  if (run.ready !== run.pods)
    throw new Error(`${run.ready} of ${run.pods} pods are endpoints: the cluster did not settle`);
  return run;
}

function medianRun(runs: readonly Run[]): Run {
  const of = (field: keyof Run): number => median(runs.map((run) => run[field]));
  return {
    ...runs[0]!,
    cpuSeconds: of('cpuSeconds'),
    wallSeconds: of('wallSeconds'),
    peakMebibytes: of('peakMebibytes'),
  };
}

export const benchSettle: Bench = async ({ sizes = DEFAULT_SIZES }: BenchOptions): Promise<BenchResult> => {
  const runs: Run[] = sizes.map((nodes) => medianRun(Array.from({ length: RUNS }, () => runApart(nodes))));
  const figures = runs.flatMap((run): readonly Figure[] => [
    { name: `cpu_${run.pods}_pods`, value: run.cpuSeconds, unit: 's' },
    { name: `wall_${run.pods}_pods`, value: run.wallSeconds, unit: 's' },
    { name: `rate_${run.pods}_pods`, value: run.pods / run.wallSeconds, unit: 'pods/s' },
    { name: `cpu_rate_${run.pods}_pods`, value: run.pods / run.cpuSeconds, unit: 'pods/CPU s' },
    { name: `events_${run.pods}_pods`, value: run.events / run.wallSeconds, unit: 'events/s' },
    { name: `peak_memory_${run.pods}_pods`, value: run.peakMebibytes, unit: 'MiB' },
  ]);
  return {
    name: 'settle',
    about: `From empty to settled: nodes of ${PODS_PER_NODE} pods, one Deployment and Service for every ${PODS_PER_NODE} pods; median of ${RUNS} processes. Rates are by the clock on the wall; CPU time is that of all threads, the collector's and the compiler's included.`,
    columns: ['nodes', 'pods', 'wall s', 'pods/s', 'events/s', 'CPU s', 'pods/CPU s', 'peak MiB', 'virtual s'],
    rows: runs.map((run) => [
      String(run.pods / PODS_PER_NODE),
      String(run.pods),
      run.wallSeconds.toFixed(2),
      (run.pods / run.wallSeconds).toFixed(0),
      (run.events / run.wallSeconds).toFixed(0),
      run.cpuSeconds.toFixed(2),
      (run.pods / run.cpuSeconds).toFixed(0),
      run.peakMebibytes.toFixed(0),
      run.virtualSeconds.toFixed(1),
    ]),
    figures:
      runs.length < 2
        ? figures
        : [
            ...figures,
            {
              name: 'growth_exponent',
              value: growthExponent(runs.map(({ pods, cpuSeconds }) => [pods, cpuSeconds] as const)),
              unit: '',
            },
          ],
  };
};
