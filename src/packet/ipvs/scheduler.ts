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
  /** the real servers when it was made, in their order */
  readonly servers: readonly RealServer[];
  /** the position of the one chosen last; -1: begin with the first */
  readonly last: number;
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

export const FRESH_STATE: SchedulerState = { servers: [], last: -1, weight: 0 };

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

function isSameServer(a: RealServer, b: RealServer): boolean {
  return a.address === b.address && a.port === b.port;
}

/** Where the last one stands. If it is gone, the one before it stands in, if any is left; -1 before the first. */
export function lastPosition(servers: readonly RealServer[], before: Pick<SchedulerState, 'servers' | 'last'>): number {
  if (servers === before.servers) return before.last;
  for (let i = before.last; i >= 0; i--) {
    const found = servers.findIndex((server) => isSameServer(server, before.servers[i]!));
    if (found >= 0) return found;
  }
  return -1;
}

const lists = new WeakMap<VirtualServer['realServers'], readonly RealServer[]>();

/** A virtual server's real servers in the order of their map: one list for as long as they stay the same. */
export function realServersOf({ realServers }: VirtualServer): readonly RealServer[] {
  let list = lists.get(realServers);
  if (list === undefined) lists.set(realServers, (list = [...realServers.values()]));
  return list;
}

/** rr: who comes after the one at a position; -1 where none takes connections. */
export function nextInTurn(servers: readonly RealServer[], last: number): number {
  for (let i = 1; i <= servers.length; i++) {
    const position = (last + i) % servers.length;
    if (servers[position]!.weight > 0) return position;
  }
  return -1;
}

function roundRobin(servers: readonly RealServer[], before: SchedulerState): Scheduled {
  const last = nextInTurn(servers, lastPosition(servers, before));
  if (last < 0) return { realServer: undefined, state: before };
  return { realServer: servers[last], state: { servers, last, weight: 0 } };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function isSameList(a: readonly RealServer[], b: readonly RealServer[]): boolean {
  return a === b || (a.length === b.length && a.every((server, i) => isSameServer(server, b[i]!)));
}

/** Where a round's weight stands after the servers have changed (ip_vs_wrr_dest_changed). */
function weightAfterChange(before: number, highest: number, step: number): number {
  if (before > highest || before === 0) return highest;
  return step > 1 ? Math.floor(before / step) * step + 1 : before;
}

/** Rounds of falling weight: in each those servers are taken in turn that have as much. A change of the servers begins anew. */
function weightedRoundRobin(servers: readonly RealServer[], before: SchedulerState): Scheduled {
  const weights = servers.map(({ weight }) => weight);
  const step = weights.reduce(greatestCommonDivisor, 0);
  if (step === 0) return { realServer: undefined, state: before };
  const highest = Math.max(...weights) - (step - 1);
  const goesOn = isSameList(servers, before.servers) && before.weight > 0 && before.weight <= highest;
  let weight = goesOn ? before.weight : weightAfterChange(before.weight, highest, step);
  for (let at = goesOn ? before.last + 1 : 0; ; at = 0) {
    for (; at < servers.length; at++)
      if (weights[at]! >= weight) return { realServer: servers[at], state: { servers, last: at, weight } };
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
function tableOf(server: VirtualServer, make: (servers: readonly RealServer[]) => readonly number[]) {
  let table = tables.get(server.realServers);
  if (table === undefined) tables.set(server.realServers, (table = make(realServersOf(server))));
  return table;
}

/** Chooses for one new connection. Throws for schedulers that are not modelled: lblc, lblcr. */
export function schedule(server: VirtualServer, before: SchedulerState, client: Client): Scheduled {
  const servers = realServersOf(server);
  const stateless = (realServer: RealServer | undefined): Scheduled => ({ realServer, state: before });
  switch (server.scheduler) {
    case 'rr':
      return roundRobin(servers, before);
    case 'wrr':
      return weightedRoundRobin(servers, before);
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
