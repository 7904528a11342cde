/**
 * New ClusterIP connections through the packet engine: the SYN from a client pod over its node and another node to a server
 * pod, and the SYN-ACK back, connection tracking written after each: two packets a connection. With and without a recorded
 * trace, in each of kube-proxy's modes.
 */
import { ACK, type Dice, type Ipv4, type Packet, SYN, TCP } from '../../src/model/index.ts';
import { commit, send, type Walked } from '../../src/packet/index.ts';
import {
  type BenchOptions,
  type BenchResult,
  collectGarbage,
  type Figure,
  median,
  type Timing,
  timed,
} from './bench.ts';
import { type Layout, MODES, type Mode, type WalkCluster, walkCluster } from './walk-cluster.ts';

const SIZES = [100, 1000, 10_000];
/** iptables mode is measured at this size too: rules that nothing reads may be as many as one likes */
const LARGE_SIZE = 100_000;
/** 8 nodes as full as Azure CNI Overlay lets them be, and 50 nodes with 10,000 pods */
const NARROW: Layout = { clientNodes: 4, serverNodes: 4, podsPerNode: 250 };
const WIDE: Layout = { clientNodes: 10, serverNodes: 40, podsPerNode: 200 };
const RUNS = 9;
const CONNECTIONS_PER_RUN = 20_000;
/** of virtual time: a hundred new connections a second, so that entries expire while others come */
const APART_MS = 10;
/** the SYN and the SYN-ACK */
const PACKETS_PER_CONNECTION = 2;

/** As the emulator's: chance from a seeded generator (mulberry32). */
class BenchDice implements Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  }

  split(component: string): Dice {
    return new BenchDice(this.#state ^ component.length);
  }
}

function segment(source: Ipv4, sourcePort: number, destination: Ipv4, destinationPort: number, flags: number): Packet {
  return { protocol: TCP, source, sourcePort, destination, destinationPort, flags, ttl: 64 };
}

/** Opens connections one after another, each from the next client and port to a Service by chance. */
class Connector {
  readonly #cluster: WalkCluster;
  readonly #dice = new BenchDice(1);
  #opened = 0;

  constructor(cluster: WalkCluster) {
    this.#cluster = cluster;
  }

  /** connections that all nodes track */
  get tracked(): number {
    return this.#cluster.tracked();
  }

  open(count: number, record: boolean): void {
    for (let i = 0; i < count; i++) this.#openOne(record);
  }

  #openOne(record: boolean): void {
    const { clients, firstClusterIP, services } = this.#cluster;
    const number = this.#opened++;
    const client = clients[number % clients.length]!;
    const sourcePort = 1024 + (Math.floor(number / clients.length) % 60_000);
    const clusterIP = firstClusterIP + this.#dice.below(services);
    const at = number * APART_MS;
    const options = { at, dice: this.#dice, record };
    const request = send(client.host, segment(client.address, sourcePort, clusterIP, 80, SYN), options);
    commit(request);
    const { source, sourcePort: seenPort, destination, destinationPort } = request.seen;
    const answer = segment(destination as Ipv4, destinationPort, source as Ipv4, seenPort, SYN | ACK);
    const reply = send(request.host, answer, options);
    commit(reply);
    if (reply.host !== client.host || reply.seen.source !== clusterIP) throw new Error(complaint(request, reply));
  }
}

function complaint(request: Walked, reply: Walked): string {
  return `a connection failed: ${JSON.stringify([request.verdict, request.seen, reply.verdict, reply.seen])}`;
}

interface Case {
  readonly mode: Mode;
  readonly layout: Layout;
  readonly services: number;
}

interface Measured extends Case {
  readonly tracked: number;
  readonly plain: Timing;
  readonly traced: Timing;
}

function warmedUp({ mode, layout, services }: Case): Connector {
  const connector = new Connector(walkCluster(mode, layout, services));
  // Enough for nearly every Service to have been used, for the compiler, and for entries to expire as they come.
  connector.open(Math.max(2 * CONNECTIONS_PER_RUN, 5 * services), false);
  connector.open(Math.max(CONNECTIONS_PER_RUN / 2, 2 * services), true);
  return connector;
}

/** Seconds of a connection: the median of the runs. No collection is forced in between: its sweeping would go on in the run. */
function perConnection(timings: readonly Timing[]): Timing {
  return {
    cpuSeconds: median(timings.map(({ cpuSeconds }) => cpuSeconds)) / CONNECTIONS_PER_RUN,
    wallSeconds: median(timings.map(({ wallSeconds }) => wallSeconds)) / CONNECTIONS_PER_RUN,
  };
}

/** All cases in turn, round after round: what else the machine does meets them alike. */
function measureAll(cases: readonly Case[]): readonly Measured[] {
  const connectors = cases.map(warmedUp);
  const plain: Timing[][] = cases.map(() => []);
  const traced: Timing[][] = cases.map(() => []);
  for (let run = 0; run < RUNS; run++) {
    connectors.forEach((connector, i) => {
      plain[i]!.push(timed(() => connector.open(CONNECTIONS_PER_RUN, false)));
    });
    connectors.forEach((connector, i) => {
      traced[i]!.push(timed(() => connector.open(CONNECTIONS_PER_RUN, true)));
    });
  }
  return cases.map((each, i) => ({
    ...each,
    tracked: connectors[i]!.tracked,
    plain: perConnection(plain[i]!),
    traced: perConnection(traced[i]!),
  }));
}

function figuresOf({ mode, layout, services, plain, traced }: Measured): readonly Figure[] {
  const figure = (name: string, unit: string, value: number): Figure => ({
    name: `${mode}_${name}_${services}_services${layout === WIDE ? '_wide' : ''}`,
    value: Math.round(value),
    unit,
  });
  return [
    figure('cpu_untraced_connections', 'connections/s', 1 / plain.cpuSeconds),
    figure('cpu_untraced', 'packets/s', PACKETS_PER_CONNECTION / plain.cpuSeconds),
    figure('wall_untraced', 'packets/s', PACKETS_PER_CONNECTION / plain.wallSeconds),
    figure('cpu_traced', 'packets/s', PACKETS_PER_CONNECTION / traced.cpuSeconds),
    figure('wall_traced', 'packets/s', PACKETS_PER_CONNECTION / traced.wallSeconds),
  ];
}

/** How much slower the slowest of some sizes is than the fastest, the layout being the same. */
function spreadOf(measured: readonly Measured[], name: string, concerns: (services: number) => boolean): Figure {
  const alike = measured.filter(({ layout, services }) => layout === NARROW && concerns(services));
  const rates = alike.map(({ plain }) => 1 / plain.cpuSeconds);
  const spread = 100 * (1 - Math.min(...rates) / Math.max(...rates));
  return { name: `${measured[0]!.mode}_${name}`, value: Math.round(spread * 10) / 10, unit: '%' };
}

function spreadsOf(measured: readonly Measured[]): readonly Figure[] {
  const spreads = [spreadOf(measured, 'spread_to_10000_services', (services) => services <= 10_000)];
  if (!measured.some(({ services }) => services === LARGE_SIZE)) return spreads;
  const isOfThePair = (services: number) => services === 1000 || services === LARGE_SIZE;
  return [...spreads, spreadOf(measured, 'spread_1000_to_100000_services', isOfThePair)];
}

function rowOf({ mode, layout, services, tracked, plain, traced }: Measured): readonly string[] {
  return [
    mode,
    `${layout.clientNodes + layout.serverNodes}`,
    ((layout.clientNodes + layout.serverNodes) * layout.podsPerNode).toLocaleString('en'),
    services.toLocaleString('en'),
    tracked.toLocaleString('en'),
    written(1 / plain.cpuSeconds),
    written(PACKETS_PER_CONNECTION / plain.cpuSeconds),
    written(PACKETS_PER_CONNECTION / plain.wallSeconds),
    written(PACKETS_PER_CONNECTION / traced.cpuSeconds),
    written(PACKETS_PER_CONNECTION / traced.wallSeconds),
  ];
}

function written(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}

function casesOf(mode: Mode, sizes: readonly number[] | undefined): readonly Case[] {
  const narrow = (sizes ?? SIZES).map((services) => ({ mode, layout: NARROW, services }));
  if (sizes !== undefined) return narrow;
  const large = mode === 'iptables' ? [{ mode, layout: NARROW, services: LARGE_SIZE }] : [];
  return [...narrow, ...large, { mode, layout: WIDE, services: SIZES.at(-1)! }];
}

export async function benchWalk({ sizes, modes = MODES }: BenchOptions): Promise<BenchResult> {
  const byMode = MODES.filter((mode) => modes.includes(mode)).map((mode) => {
    const measured = measureAll(casesOf(mode, sizes));
    // One mode's clusters go before the next one's come.
    collectGarbage();
    return measured;
  });
  const measured = byMode.flat();
  return {
    name: 'walk',
    about:
      "New ClusterIP connections in each of kube-proxy's modes, Services of ten endpoints each: SYN and SYN-ACK over two " +
      'nodes, conntrack written, so two packets a connection. Packets a second, the first column connections a second.',
    columns: [
      ...['mode', 'nodes', 'pods', 'Services', 'tracked', 'connections/s'],
      ...['packets/s, CPU', 'wall', 'traced, CPU', 'wall'],
    ],
    rows: measured.map(rowOf),
    figures: [...measured.flatMap(figuresOf), ...byMode.flatMap(spreadsOf)],
  };
}
