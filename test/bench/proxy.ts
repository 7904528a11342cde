/**
 * kube-proxy's rules for many Services: made in full, and after one change, on one node and on many that share; beside what
 * Linux takes to load them.
 */
import type { Dataplane } from '../../src/dataplane/index.ts';
import {
  type BenchOptions,
  type BenchResult,
  collectGarbage,
  type Figure,
  median,
  type Timing,
  timed,
} from './bench.ts';
import { builtDataplane, FACTS, ProxiedCluster, type ProxiedObjects, proxiedObjects } from './proxy-cluster.ts';
import { LOADERS, loadTime, reasonAgainst } from './proxy-linux.ts';
import { MODES, type ModeName, type ProxyMode } from './proxy-modes.ts';
import { ENDPOINTS_PER_SERVICE, NODES } from './proxy-objects.ts';

const SIZES = [1000, 10_000];
const MODE_NAMES = Object.keys(MODES) as readonly ModeName[];
const RUNS = 7;
const BUILDS = 5;
/** in one run, on one node */
const CHANGES_ALONE = 100;
/** in one run, on all nodes: enough for each run to pay its share of garbage collection */
const CHANGES_SHARED = 25;
/** a prime, so that changes come to every Service before they come to one again */
const STRIDE = 7919;
const MEBIBYTE = 1024 * 1024;

interface Measure {
  /** as people read it */
  readonly about: string;
  /** as programs do: `cpu_build` */
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'MiB' | 'rules' | 'MB';
}

interface Measured {
  readonly mode: ModeName;
  readonly services: number;
  readonly measures: readonly Measure[];
}

/** Milliseconds of CPU and wall for one of `count`. */
function timeOf(about: string, name: string, timings: readonly Timing[], count = 1): readonly Measure[] {
  const of = (field: keyof Timing): number => (1000 * median(timings.map((timing) => timing[field]))) / count;
  return [
    { about: `${about}, CPU ms`, name: `cpu_${name}`, value: of('cpuSeconds'), unit: 'ms' },
    { about: `${about}, wall ms`, name: `wall_${name}`, value: of('wallSeconds'), unit: 'ms' },
  ];
}

function heapMebibytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / MEBIBYTE;
}

function memory(about: string, name: string, value: number): Measure {
  return { about: `${about}, MiB`, name: `heap_${name}`, value, unit: 'MiB' };
}

interface Built {
  readonly mode: ProxyMode;
  readonly dataplane: Dataplane;
  readonly measures: readonly Measure[];
  readonly text: string;
}

/** Everything from objects to every chain, and to text. The first build is for the compiler. */
function build(objects: readonly ProxiedObjects[], name: ModeName): Built {
  const records: Timing[] = [];
  const rules: Timing[] = [];
  const texts: Timing[] = [];
  let mode = MODES[name]();
  let dataplane = builtDataplane([]);
  let text = '';
  let count = 0;
  for (let run = 0; run <= BUILDS; run++) {
    mode = MODES[name]();
    dataplane = builtDataplane([]);
    collectGarbage();
    records[run] = timed(() => {
      dataplane = builtDataplane(objects);
    });
    rules[run] = timed(() => {
      count = mode.makeAll(dataplane.service, FACTS[0]!);
    });
    texts[run] = timed(() => {
      text = mode.textOf(dataplane.service, FACTS[0]!);
    });
  }
  const whole = records.map((timing, i) => sumOf(timing, rules[i]!));
  const measures: readonly Measure[] = [
    { about: 'rules and elements', name: 'rules', value: count, unit: 'rules' },
    { about: 'their text, MB', name: 'text', value: text.length / 1e6, unit: 'MB' },
    ...timeOf('full build', 'build', whole.slice(1)),
    ...timeOf('… of that, objects to table', 'build_table', records.slice(1)),
    ...timeOf('… of that, table to rules', 'build_rules', rules.slice(1)),
    ...timeOf('text of the rules', 'text', texts.slice(1)),
  ];
  return { mode, dataplane, measures, text };
}

function sumOf(a: Timing, b: Timing): Timing {
  return { cpuSeconds: a.cpuSeconds + b.cpuSeconds, wallSeconds: a.wallSeconds + b.wallSeconds };
}

/** What the table, one node's rules and those of all other nodes retain. */
function measureMemory(objects: readonly ProxiedObjects[], name: ModeName): readonly Measure[] {
  const mode = MODES[name]();
  const before = heapMebibytes();
  const dataplane = builtDataplane(objects);
  const withTable = heapMebibytes();
  mode.makeAll(dataplane.service, FACTS[0]!);
  const withRules = heapMebibytes();
  const cluster = new ProxiedCluster(dataplane, mode);
  const withCluster = heapMebibytes();
  for (let service = 0; service < 10; service++) cluster.ready(service, NODES);
  const withNodes = heapMebibytes();
  return [
    memory('heap of the table', 'table', withTable - before),
    memory("heap of one node's rules", '1_node', withRules - withTable),
    memory(`heap of ${NODES} nodes more`, `${NODES}_nodes`, withNodes - withCluster),
  ];
}

/** Changes spread over the Services, each to one endpoint or by one Service, until every node concerned is ready. */
class Changes {
  readonly #cluster: ProxiedCluster;
  readonly #services: number;
  /** by Service: how often its first endpoint has been replaced */
  readonly #replaced = new Map<number, number>();
  #number = 0;

  constructor(cluster: ProxiedCluster, services: number) {
    this.#cluster = cluster;
    this.#services = services;
  }

  /** Times `count` replaced endpoints; with `walks`, the first packet on each node counts too. */
  endpoints(count: number, nodes: number, walks: boolean): Timing {
    const changes = Array.from({ length: count }, () => {
      const service = (++this.#number * STRIDE) % this.#services;
      const replaced = (this.#replaced.get(service) ?? 0) + 1;
      this.#replaced.set(service, replaced);
      return { service, objects: proxiedObjects(service, replaced) };
    });
    return this.#apply(changes, nodes, walks);
  }

  added(count: number, nodes: number, walks: boolean): Timing {
    const changes = Array.from({ length: count }, () => {
      const service = this.#services + ++this.#number;
      return { service, objects: proxiedObjects(service) };
    });
    return this.#apply(changes, nodes, walks);
  }

  #apply(
    changes: readonly { readonly service: number; readonly objects: ProxiedObjects }[],
    nodes: number,
    walks: boolean,
  ): Timing {
    return timed(() => {
      for (const { service, objects } of changes) {
        this.#cluster.change(objects, service, nodes);
        if (walks) this.#cluster.walk(service, nodes);
      }
    });
  }
}

function measureChanges(built: Built, services: number): readonly Measure[] {
  const cluster = new ProxiedCluster(built.dataplane, built.mode);
  cluster.ready(0, NODES);
  cluster.walk(0, NODES);
  const changes = new Changes(cluster, services);
  const of = (about: string, name: string, kind: 'endpoints' | 'added', nodes: number, walks: boolean) => {
    const count = nodes === 1 ? CHANGES_ALONE : CHANGES_SHARED;
    // The first two runs are for the compiler.
    const timings = Array.from({ length: RUNS + 2 }, () => changes[kind](count, nodes, walks)).slice(2);
    return timeOf(about, name, timings, count);
  };
  const packet = '… and the first packet on each';
  return [
    ...of('a Service added, 1 node', 'service_added_1_node', 'added', 1, false),
    ...of(`a Service added, ${NODES} nodes`, `service_added_${NODES}_nodes`, 'added', NODES, false),
    ...of('an endpoint changed, 1 node', 'endpoint_changed_1_node', 'endpoints', 1, false),
    ...of(packet, 'endpoint_changed_walked_1_node', 'endpoints', 1, true),
    ...of(`an endpoint changed, ${NODES} nodes`, `endpoint_changed_${NODES}_nodes`, 'endpoints', NODES, false),
    ...of(packet, `endpoint_changed_walked_${NODES}_nodes`, 'endpoints', NODES, true),
  ];
}

function measureLinux(built: Built, mode: ModeName, remarks: Set<string>): readonly Measure[] {
  return LOADERS.filter((loader) => loader.mode === mode).flatMap((loader) => {
    const reason = reasonAgainst(loader);
    const timing = reason ?? loadTime(loader, built.text);
    if (typeof timing === 'string') {
      remarks.add(`${loader.name} is left out: ${timing}.`);
      return [];
    }
    return timeOf(`Linux: ${loader.name}`, loader.name.replaceAll(/\W+/g, '_').toLowerCase(), [timing]);
  });
}

function measure(mode: ModeName, services: number, remarks: Set<string>): Measured {
  const objects = Array.from({ length: services }, (_, service) => proxiedObjects(service));
  const retained = measureMemory(objects, mode);
  const built = build(objects, mode);
  const changed = measureChanges(built, services);
  const loaded = measureLinux(built, mode, remarks);
  return { mode, services, measures: [...built.measures, ...changed, ...retained, ...loaded] };
}

function shown(value: number | undefined): string {
  if (value === undefined) return '';
  const digits = value < 0.1 ? 4 : value < 10 ? 3 : value < 100 ? 1 : 0;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: value < 100 ? digits : 0 });
}

/** How many times as much the last size takes as the first. */
function growth(values: readonly (number | undefined)[]): string {
  const [first, last] = [values[0], values.at(-1)];
  return first === undefined || last === undefined || first === 0 || values.length < 2
    ? ''
    : `× ${(last / first).toFixed(2)}`;
}

/** A row for each thing measured, with a column for each mode and size. */
function rowsOf(measured: readonly Measured[], modes: readonly ModeName[]): readonly (readonly string[])[] {
  const names = new Set(measured.flatMap(({ measures }) => measures.map(({ name }) => name)));
  return [...names].map((name) => {
    const found = measured.map(({ measures }) => measures.find((each) => each.name === name));
    const cells = modes.flatMap((mode) => {
      const values = found.filter((_, i) => measured[i]!.mode === mode).map((each) => each?.value);
      return [...values.map(shown), growth(values)];
    });
    return [found.find((each) => each !== undefined)!.about, ...cells];
  });
}

function figuresOf({ mode, services, measures }: Measured): readonly Figure[] {
  return measures.map(({ name, value, unit }) => ({ name: `${name}_${mode}_${services}_services`, value, unit }));
}

export async function benchProxy(options: BenchOptions): Promise<BenchResult> {
  const sizes = options.sizes ?? SIZES;
  const modes = MODE_NAMES.filter((name) => options.modes?.includes(name) !== false);
  const remarks = new Set<string>();
  const measured = modes.flatMap((mode) => sizes.map((services) => measure(mode, services, remarks)));
  const about =
    `kube-proxy's rules for Services of ${ENDPOINTS_PER_SERVICE} endpoints each, over ${NODES} nodes that share; times are medians ` +
    `of ${BUILDS} builds and of ${RUNS} runs of changes. A change ends when each node has the Service's new rules.`;
  return {
    name: 'proxy',
    about: [about, ...remarks].join('\n'),
    columns: [
      '',
      ...modes.flatMap((mode) => [...sizes.map((size) => `${mode} ${size.toLocaleString('en')}`), 'growth']),
    ],
    rows: rowsOf(measured, modes),
    figures: measured.flatMap(figuresOf),
  };
}
