/**
 * CoreDNS's answers: in process, with the kubernetes plugin alone and with the whole chain that AKS ships; over UDP on
 * loopback; what a change of one Service costs, and what a Service takes in memory.
 */
import {
  AKS_COREFILE,
  answer,
  type DnsContext,
  type DnsFacts,
  type DnsServer,
  movedSerials,
  startServer,
} from '../../controllers/coredns/index.ts';
import { type DnsRecords, GatheredDataplane, type Program } from '../../src/dataplane/index.ts';
import { SeededDice } from '../../src/emulator/index.ts';
import type { Dice, DnsMessage } from '../../src/model/index.ts';
import { listenForDns } from '../../src/server/index.ts';
import { type BenchOptions, type BenchResult, collectGarbage, type Figure, median, timed } from './bench.ts';
import { load, loadGenerator } from './dns-load.ts';
import { alike, type Choice, changeOf, factsOf, nameOf, popular, queriesFor, recordsOf } from './dns-zone.ts';

const SIZES = [100, 10_000, 100_000];
const RUNS = 12;
const BATCHES_PER_RUN = 200;
/** So few that they are near when they are asked, as one is that was read from a packet just before. */
const QUERIES_PER_BATCH = 250;
const CHANGE_RUNS = 5;
const CHANGES_PER_RUN = 1000;
const UDP_RUNS = 6;
const NAMES_ON_THE_WIRE = 20_000;
const KUBERNETES_ALONE = '.:53 {\n    kubernetes cluster.local {\n        ttl 30\n    }\n}\n';

function serverOf(corefile: string): DnsServer {
  const started = startServer(corefile, { nameservers: ['192.0.2.53'] });
  if (!started.ok) throw started.error;
  return started.server;
}

function contextOf(facts: DnsFacts): DnsContext {
  return {
    at: 0,
    wait: () => {},
    dice: new SeededDice(1),
    client: 0x0af40105,
    facts,
    synced: true,
    localAddresses: ['10.244.0.12'],
    upstream: () => ({ outcome: 'silent' }),
  };
}

interface Case {
  readonly services: number;
  readonly facts: DnsFacts;
  readonly bytesPerService: number;
}

/**
 * Answers per second of CPU in each case. The cases take turns, round after round: what else
 * the machine does meets them alike. The collector is not told to run: it would go on sweeping the Services behind the answers.
 */
function answersPerSecond(corefile: string, choice: Choice, cases: readonly Case[]): readonly number[] {
  const dice = new SeededDice(2);
  const asked = cases.map(({ services, facts }) => {
    const server = serverOf(corefile);
    const context = contextOf(facts);
    return { rates: [] as number[], ask: () => rateOf(server, services, choice, dice, context) };
  });
  for (let run = 0; run < RUNS; run++) for (const { rates, ask } of asked) rates.push(ask());
  return asked.map(({ rates }) => bestHalf(rates));
}

/** The median of the best half: what another program takes from a run is no cost of this one's. */
function bestHalf(rates: readonly number[]): number {
  return median([...rates].sort((a, b) => b - a).slice(0, Math.ceil(rates.length / 2)));
}

/** From a query as it was read to the reply that would be written; the queries are made batch by batch, which is not timed. */
function rateOf(server: DnsServer, services: number, choice: Choice, dice: Dice, context: DnsContext): number {
  let cpuSeconds = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN; batch++) {
    const queries = queriesFor(services, QUERIES_PER_BATCH, choice, dice);
    cpuSeconds += secondsFor(server, queries, context);
  }
  return (BATCHES_PER_RUN * QUERIES_PER_BATCH) / cpuSeconds;
}

function secondsFor(server: DnsServer, queries: readonly DnsMessage[], context: DnsContext): number {
  let records = 0;
  const { cpuSeconds } = timed(() => {
    for (const query of queries) records += answer(server, query, context).answers.length;
  });
  if (records !== queries.length) throw new Error(`${records} records for ${queries.length} queries`);
  return cpuSeconds;
}

/** Microseconds of CPU for one Service whose endpoint moves: from the informer's objects to what is answered. */
function changeMicroseconds(services: number): number {
  const dice = new SeededDice(3);
  const dataplane = new GatheredDataplane();
  for (let i = 0; i < services; i++) dataplane.change(changeOf(i, recordsOf(i)));
  const costs = Array.from({ length: CHANGE_RUNS }, (_, run) => {
    const changes = Array.from({ length: CHANGES_PER_RUN }, () => {
      const index = dice.below(services);
      return { index, after: recordsOf(index, run + 1) };
    });
    const { cpuSeconds } = timed(() => {
      for (const { index, after } of changes) changeOne(dataplane, changeOf(index, after), after, run);
    });
    return (cpuSeconds / CHANGES_PER_RUN) * 1e6;
  });
  return median(costs);
}

/** As coredns-records does it: the records, and the serial where an answer changes. */
function changeOne(dataplane: GatheredDataplane, change: Program, after: DnsRecords, at: number): void {
  const moved = movedSerials(dataplane.current.dns.get(change.key), after, false);
  if (moved.internal) dataplane.change({ piece: 'dnsModified', key: 'internal', value: at });
  dataplane.change(change);
}

/** What objects and typed arrays take. */
function bytesInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The facts, and what they take beyond the objects that informers hold anyway. */
function caseOf(services: number): Case {
  const records = Array.from({ length: services }, (_, i) => recordsOf(i));
  collectGarbage();
  const before = bytesInUse();
  const facts = factsOf(records);
  collectGarbage();
  const bytes = bytesInUse() - before;
  return { services, facts, bytesPerService: bytes / records.length };
}

/** Answers per second in each case, which take turns here too. */
async function answersOverUdp(cases: readonly Case[]): Promise<readonly number[]> {
  const dice = new SeededDice(4);
  const rates = cases.map((): number[] => []);
  for (let run = 0; run < UDP_RUNS; run++) {
    for (const [i, each] of cases.entries()) rates[i]!.push(await udpRateOf(each, dice));
  }
  return rates.map(bestHalf);
}

async function udpRateOf({ facts, services }: Case, dice: Dice): Promise<number> {
  const server = serverOf(AKS_COREFILE);
  const context = contextOf(facts);
  const listener = await listenForDns('127.0.0.1', 0, (query) => answer(server, query, context));
  try {
    const names = Array.from({ length: NAMES_ON_THE_WIRE }, () => nameOf(popular(services, dice)));
    return (await load(listener.port, names)).answersPerSecond;
  } finally {
    await listener.close();
  }
}

interface Measured {
  readonly services: number;
  readonly alone: number;
  readonly aloneAlike: number;
  readonly aks: number;
  readonly udp: number;
  readonly changeMicros: number;
  readonly bytes: number;
}

async function measureAll(cases: readonly Case[]): Promise<readonly Measured[]> {
  const alone = answersPerSecond(KUBERNETES_ALONE, popular, cases);
  const aloneAlike = answersPerSecond(KUBERNETES_ALONE, alike, cases);
  const aks = answersPerSecond(AKS_COREFILE, popular, cases);
  const udp = await answersOverUdp(cases);
  return cases.map(({ services, bytesPerService: bytes }, i) => {
    const changeMicros = changeMicroseconds(services);
    return { services, alone: alone[i]!, aloneAlike: aloneAlike[i]!, aks: aks[i]!, udp: udp[i]!, changeMicros, bytes };
  });
}

function figuresOf({ services, alone, aloneAlike, aks, udp, changeMicros, bytes }: Measured): readonly Figure[] {
  return [
    { name: `answers_per_second_kubernetes_${services}`, value: Math.round(alone), unit: '1/s CPU' },
    { name: `answers_per_second_kubernetes_alike_${services}`, value: Math.round(aloneAlike), unit: '1/s CPU' },
    { name: `answers_per_second_aks_${services}`, value: Math.round(aks), unit: '1/s CPU' },
    { name: `answers_per_second_udp_${services}`, value: Math.round(udp), unit: '1/s' },
    { name: `change_${services}`, value: Number(changeMicros.toFixed(1)), unit: 'µs CPU' },
    { name: `bytes_per_service_${services}`, value: Math.round(bytes), unit: 'bytes' },
  ];
}

export async function benchDns({ sizes = SIZES }: BenchOptions): Promise<BenchResult> {
  const measured = await measureAll(sizes.map(caseOf));
  return {
    name: 'dns',
    about: `Answers to A queries for Services by Zipf's law, and in one column for each alike: in process by CPU time, from a decoded query to a reply that is not encoded, and over UDP on loopback, asked by ${loadGenerator()}.`,
    columns: [
      'Services',
      'kubernetes alone/s',
      'each alike/s',
      "AKS's chain/s",
      'over UDP/s',
      'one change, µs',
      'bytes/Service',
    ],
    rows: measured.map(({ services, alone, aloneAlike, aks, udp, changeMicros, bytes }) => [
      services.toLocaleString('en'),
      Math.round(alone).toLocaleString('en'),
      Math.round(aloneAlike).toLocaleString('en'),
      Math.round(aks).toLocaleString('en'),
      Math.round(udp).toLocaleString('en'),
      changeMicros.toFixed(1),
      Math.round(bytes).toLocaleString('en'),
    ]),
    figures: measured.flatMap(figuresOf),
  };
}
