/**
 * What Azure is asked: so many Services of type LoadBalancer from nothing to settled, then one change at a time. A change must
 * cost the same calls, and the same time, however many nodes there are.
 */
import { Emulator } from '../../src/emulator/index.ts';
import { aLargeCluster, aService, NOTHING_AROUND } from '../support/cluster.ts';
import { type Bench, type BenchOptions, type BenchResult, type Figure, type Timing, timed } from './bench.ts';

const SERVICES = 300;
const DEFAULT_SIZES = [10, 1000, 5000];

interface Measured extends Timing {
  readonly calls: ReadonlyMap<string, number>;
}

interface Run {
  readonly nodes: number;
  readonly fromNothing: Measured;
  readonly portAdded: Measured;
  readonly serviceAdded: Measured;
  readonly serviceDeleted: Measured;
  readonly nodeAdded: Measured;
  /** what it takes to find that nothing is to be done */
  readonly nothing: Measured;
}

/** Does something, lets the cluster settle, and counts what Azure was asked meanwhile. */
function measured(emulator: Emulator, act: () => void): Measured {
  const { operations } = emulator.cloud!;
  // No collection is forced: its sweeping, which grows with the cluster, would go on in what is timed.
  const before = new Map(operations.calls);
  const timing = timed(() => {
    act();
    emulator.settle();
  });
  const calls = [...operations.calls].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const);
  return { ...timing, calls: new Map(calls.filter(([, count]) => count > 0)) };
}

function apply(emulator: Emulator, manifests: readonly object[]): void {
  for (const outcome of emulator.apply(manifests)) if (!outcome.ok) throw new Error(outcome.status.message);
}

const balanced = (name: string, ports: readonly number[]) =>
  aService(name, { type: 'LoadBalancer', ports: ports.map((port) => ({ name: `p${port}`, port, targetPort: 8080 })) });

function runAt(nodes: number): Run {
  const emulator = new Emulator({ ...aLargeCluster(nodes), azure: NOTHING_AROUND }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  const fromNothing = measured(emulator, () => {
    apply(
      emulator,
      Array.from({ length: SERVICES }, (_, i) => balanced(`web-${i}`, [80])),
    );
  });
  const waiting = emulator.list('Service', 'default').filter(({ spec, status }) => {
    return spec.type === 'LoadBalancer' && status.loadBalancer.ingress === undefined;
  });
  if (waiting.length > 0) throw new Error(`${waiting.length} Services have no address: the cluster did not settle`);
  return {
    nodes,
    fromNothing,
    portAdded: measured(emulator, () => apply(emulator, [balanced('web-7', [80, 443])])),
    serviceAdded: measured(emulator, () => apply(emulator, [balanced('one-more', [80])])),
    serviceDeleted: measured(emulator, () => void emulator.remove('Service', 'default/one-more')),
    nodeAdded: measured(emulator, () => emulator.scaleNodePool('nodepool1', nodes + 1)),
    nothing: measured(emulator, () => {}),
  };
}

const CHANGES = ['portAdded', 'serviceAdded', 'serviceDeleted', 'nodeAdded', 'nothing'] as const;
const TITLES = {
  portAdded: 'a port',
  serviceAdded: 'a Service',
  serviceDeleted: 'a Service gone',
  nodeAdded: 'a node',
  nothing: 'nothing',
};

function callsText(calls: ReadonlyMap<string, number>): string {
  return [...calls].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

function figuresOf(run: Run): readonly Figure[] {
  const of = (name: string, { calls, cpuSeconds }: Measured): readonly Figure[] => [
    { name: `calls_${name}_${run.nodes}_nodes`, value: total(calls), unit: 'calls' },
    { name: `cpu_${name}_${run.nodes}_nodes`, value: cpuSeconds * 1000, unit: 'ms' },
  ];
  return [...of('from_nothing', run.fromNothing), ...CHANGES.flatMap((change) => of(change, run[change]))];
}

export const benchAzure: Bench = async ({ sizes = DEFAULT_SIZES }: BenchOptions): Promise<BenchResult> => {
  const runs = sizes.map(runAt);
  const rowOf = ({ nodes }: Run, what: string, { calls, wallSeconds, cpuSeconds }: Measured) => [
    String(nodes),
    what,
    callsText(calls),
    wallSeconds.toFixed(3),
    (cpuSeconds * 1000).toFixed(0),
  ];
  return {
    name: 'azure',
    about: `${SERVICES} Services of type LoadBalancer, from nothing to settled, and one change after the other; what Azure was asked, and what it took.`,
    columns: ['nodes', 'what', 'calls', 'wall s', 'CPU ms'],
    rows: runs.flatMap((run) => [
      rowOf(run, `${SERVICES} Services`, run.fromNothing),
      ...CHANGES.map((change) => rowOf(run, TITLES[change], run[change])),
    ]),
    figures: runs.flatMap(figuresOf),
  };
};
