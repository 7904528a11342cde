/**
 * Which real server takes a new connection. A scheduler goes through real servers in the order of their map, the one added
 * last first, and passes over those without weight.
 *
 * Sources: net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq,sh,dh,mh}.c, include/net/ip_vs.h (ip_vs_dest_conn_overhead) of
 * Linux 6.x. Thresholds that would overload a real server are not modelled: kube-proxy sets none.
 */
import { type RealServer, SCHEDULER_HASHES_PORT, type VirtualServer } from '../../dataplane/index.ts';
import type { Address } from '../../model/index.ts';
import { destinationHashTable, hashBucket, maglevBucket, maglevTable, sourceHashTable } from './hashing.ts';

/** What a scheduler remembers of a virtual server from one connection to the next. A value: scheduling makes a new one. */
export interface SchedulerState {
  /** the names of the real servers when it was made */
  readonly order: readonly string[];
  /** the one chosen last; undefined: begin with the first */
  readonly last: string | undefined;
  /** wrr: the least weight that takes a connection in this round */
  readonly weight: number;
}

export interface Scheduled {
  /** undefined: none can take the connection, and its packet is dropped */
  readonly realServer: RealServer | undefined;
  readonly state: SchedulerState;
}

/** Who opens the connection, and to what address: what hashing schedulers go by. */
export interface Client {
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
}

export const FRESH_STATE: SchedulerState = { order: [], last: undefined, weight: 0 };

/** An active connection weighs as much as 256 inactive ones. */
function overhead({ activeConnections, inactiveConnections }: RealServer): number {
  return activeConnections * 256 + inactiveConnections;
}

/** Delays are compared by what the server would have with one more connection. */
function expectedDelay({ activeConnections }: RealServer): number {
  return activeConnections + 1;
}

type Load = (server: RealServer) => number;

/** The first of those with the least load for their weight. */
function leastLoaded(servers: readonly RealServer[], load: Load, weighted: boolean): RealServer | undefined {
  let least: RealServer | undefined;
  for (const server of servers) {
    if (server.weight <= 0) continue;
    const isLess =
      least === undefined ||
      (weighted ? load(least) * server.weight > load(server) * least.weight : load(server) < load(least));
    if (isLess) least = server;
  }
  return least;
}

function neverQueue(servers: readonly RealServer[]): RealServer | undefined {
  const idle = servers.find(({ weight, activeConnections }) => weight > 0 && activeConnections === 0);
  return idle ?? leastLoaded(servers, expectedDelay, true);
}

/** Where the last one stands. If it is gone, the one before it stands in, if any is left; -1 before the first. */
function lastPosition(order: readonly string[], before: SchedulerState): number {
  const from = before.last === undefined ? -1 : before.order.indexOf(before.last);
  if (order === before.order) return from;
  for (let i = from; i >= 0; i--) {
    const found = order.indexOf(before.order[i]!);
    if (found >= 0) return found;
  }
  return -1;
}

const orders = new WeakMap<VirtualServer['realServers'], readonly string[]>();

/** The names of real servers in the order of their map, which never changes. */
function orderOf(servers: VirtualServer['realServers']): readonly string[] {
  let order = orders.get(servers);
  if (order === undefined) orders.set(servers, (order = [...servers.keys()]));
  return order;
}

function roundRobin(servers: VirtualServer['realServers'], before: SchedulerState): Scheduled {
  const order = orderOf(servers);
  const from = lastPosition(order, before);
  for (let i = 1; i <= order.length; i++) {
    const name = order[(from + i) % order.length]!;
    const server = servers.get(name)!;
    if (server.weight > 0) return { realServer: server, state: { order, last: name, weight: 0 } };
  }
  return { realServer: undefined, state: { ...before, order } };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** Where a round's weight stands after the servers have changed (ip_vs_wrr_dest_changed). */
function weightAfterChange(before: number, highest: number, step: number): number {
  if (before > highest || before === 0) return highest;
  return step > 1 ? Math.floor(before / step) * step + 1 : before;
}

/** Rounds of falling weight: in each those servers are taken in turn that have as much. A change of the servers begins anew. */
function weightedRoundRobin(servers: ReadonlyMap<string, RealServer>, before: SchedulerState): Scheduled {
  const order = [...servers.keys()];
  const weights = [...servers.values()].map(({ weight }) => weight);
  const step = weights.reduce(greatestCommonDivisor, 0);
  if (step === 0) return { realServer: undefined, state: { ...before, order } };
  const highest = Math.max(...weights) - (step - 1);
  const goesOn = sameNames(order, before.order) && before.weight > 0 && before.weight <= highest;
  let weight = goesOn ? before.weight : weightAfterChange(before.weight, highest, step);
  for (let at = goesOn ? lastPosition(order, before) + 1 : 0; ; at = 0) {
    for (; at < order.length; at++) {
      if (weights[at]! < weight) continue;
      const last = order[at]!;
      return { realServer: servers.get(last), state: { order, last, weight } };
    }
    weight = weight - step > 0 ? weight - step : highest;
  }
}

/** The server of a bucket, if it takes connections: there is no falling back to another. */
function fromBucket(servers: readonly RealServer[], position: number | undefined): RealServer | undefined {
  const server = position === undefined ? undefined : servers[position];
  return server === undefined || server.weight <= 0 ? undefined : server;
}

function byHash(server: VirtualServer, servers: readonly RealServer[], client: Client): RealServer | undefined {
  const port = (server.flags & SCHEDULER_HASHES_PORT) === 0 ? 0 : client.sourcePort;
  if (server.scheduler === 'dh')
    return fromBucket(servers, tableOf(server, destinationHashTable)[hashBucket(client.destination, 0)]);
  if (server.scheduler === 'sh')
    return fromBucket(servers, tableOf(server, sourceHashTable)[hashBucket(client.source, port)]);
  return fromBucket(servers, tableOf(server, maglevTable)[maglevBucket(client.source, port)]);
}

const tables = new WeakMap<VirtualServer['realServers'], readonly number[]>();

/** A virtual server's table, kept as long as its real servers are the same. */
function tableOf({ realServers }: VirtualServer, make: (servers: readonly RealServer[]) => readonly number[]) {
  let table = tables.get(realServers);
  if (table === undefined) tables.set(realServers, (table = make([...realServers.values()])));
  return table;
}

/** Chooses for one new connection. Throws for schedulers that are not modelled: lblc, lblcr. */
export function schedule(server: VirtualServer, before: SchedulerState, client: Client): Scheduled {
  if (server.scheduler === 'rr') return roundRobin(server.realServers, before);
  const servers = [...server.realServers.values()];
  const stateless = (realServer: RealServer | undefined): Scheduled => ({ realServer, state: before });
  switch (server.scheduler) {
    case 'wrr':
      return weightedRoundRobin(server.realServers, before);
    case 'lc':
      return stateless(leastLoaded(servers, overhead, false));
    case 'wlc':
      return stateless(leastLoaded(servers, overhead, true));
    case 'sed':
      return stateless(leastLoaded(servers, expectedDelay, true));
    case 'nq':
      return stateless(neverQueue(servers));
    case 'sh':
    case 'dh':
    case 'mh':
      return stateless(byHash(server, servers, client));
    case 'lblc':
    case 'lblcr':
      throw new Error(`the IPVS scheduler ${server.scheduler} is not modelled`);
    default:
      return server.scheduler satisfies never;
  }
}
