/**
 * New ClusterIP connections through the packet engine: the SYN from a client pod over its node and another node to a server
 * pod, and the SYN-ACK back, connection tracking written after each. With and without a recorded trace.
 */
import { ACK, type Dice, type Ipv4, type Packet, SYN, TCP } from '../../src/model/index.ts';
import { commit, send, type Walked } from '../../src/packet/index.ts';
import { type BenchOptions, type BenchResult, type Figure, median, type Timing, timed } from './bench.ts';
import { CLIENT_NODES, type WalkCluster, walkCluster } from './walk-cluster.ts';

const SIZES = [100, 1000, 10_000];
const RUNS = 9;
const CONNECTIONS_PER_RUN = 20_000;
/** of virtual time: a hundred new connections a second, so that entries expire while others come */
const APART_MS = 10;

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
    const { clients, clusterIPs } = this.#cluster;
    const number = this.#opened++;
    const client = clients[number % clients.length]!;
    const sourcePort = 1024 + (Math.floor(number / clients.length) % 60_000);
    const clusterIP = clusterIPs[this.#dice.below(clusterIPs.length)]!;
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

interface Measured {
  readonly services: number;
  readonly tracked: number;
  readonly plain: Timing;
  readonly traced: Timing;
}

function warmedUp(services: number): Connector {
  const connector = new Connector(walkCluster(services));
  // Enough for every node to have used nearly every Service, for the compiler, and for entries to expire as they come.
  connector.open(Math.max(2 * CONNECTIONS_PER_RUN, 5 * CLIENT_NODES * services), false);
  connector.open(CONNECTIONS_PER_RUN / 2, true);
  return connector;
}

/** Seconds of a connection: the median of the runs. No collection is forced in between: its sweeping would go on in the run. */
function perConnection(timings: readonly Timing[]): Timing {
  return {
    cpuSeconds: median(timings.map(({ cpuSeconds }) => cpuSeconds)) / CONNECTIONS_PER_RUN,
    wallSeconds: median(timings.map(({ wallSeconds }) => wallSeconds)) / CONNECTIONS_PER_RUN,
  };
}

/** All sizes in turn, round after round: what else the machine does meets them alike. */
function measureAll(sizes: readonly number[]): readonly Measured[] {
  const connectors = sizes.map(warmedUp);
  const plain: Timing[][] = sizes.map(() => []);
  const traced: Timing[][] = sizes.map(() => []);
  for (let run = 0; run < RUNS; run++) {
    connectors.forEach((connector, i) => {
      plain[i]!.push(timed(() => connector.open(CONNECTIONS_PER_RUN, false)));
    });
    connectors.forEach((connector, i) => {
      traced[i]!.push(timed(() => connector.open(CONNECTIONS_PER_RUN, true)));
    });
  }
  return sizes.map((services, i) => ({
    services,
    tracked: connectors[i]!.tracked,
    plain: perConnection(plain[i]!),
    traced: perConnection(traced[i]!),
  }));
}

function figuresOf({ services, plain, traced }: Measured): readonly Figure[] {
  const figure = (name: string, seconds: number): Figure => ({
    name: `${name}_${services}_services`,
    value: Math.round(1 / seconds),
    unit: 'connections/s',
  });
  return [
    figure('cpu_untraced', plain.cpuSeconds),
    figure('wall_untraced', plain.wallSeconds),
    figure('cpu_traced', traced.cpuSeconds),
    figure('wall_traced', traced.wallSeconds),
  ];
}

function perSecond(seconds: number): string {
  return Math.round(1 / seconds).toLocaleString('en');
}

export async function benchWalk(options: BenchOptions): Promise<BenchResult> {
  const measured = measureAll(options.sizes ?? SIZES);
  const cpu = measured.map(({ plain }) => plain.cpuSeconds);
  const spread = (100 * (Math.max(...cpu) - Math.min(...cpu))) / Math.min(...cpu);
  return {
    name: 'walk',
    about:
      'New ClusterIP connections per second: SYN and SYN-ACK over two nodes, kube-proxy in iptables mode; ' +
      'Services of ten endpoints each over 1,000 pods, 8 nodes.',
    columns: ['Services', 'tracked', 'untraced, CPU', 'untraced, wall', 'traced, CPU', 'traced, wall'],
    rows: measured.map(({ services, tracked, plain, traced }) => [
      services.toLocaleString('en'),
      tracked.toLocaleString('en'),
      perSecond(plain.cpuSeconds),
      perSecond(plain.wallSeconds),
      perSecond(traced.cpuSeconds),
      perSecond(traced.wallSeconds),
    ]),
    figures: [
      ...measured.flatMap(figuresOf),
      { name: 'cpu_untraced_spread', value: Math.round(spread * 10) / 10, unit: '%' },
    ],
  };
}
