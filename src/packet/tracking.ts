/**
 * Connection tracking on the way of a packet: which connection it belongs to and what that makes of it. What changes is a copy
 * in the flight; tables change when the walk is committed. Source: net/netfilter/nf_conntrack_core.c of Linux 6.x.
 */
import {
  Connection,
  type ConntrackTable,
  type Direction,
  DYING,
  numberOfAddress,
  ORIGINAL,
  packPorts,
  REPLY,
  SEEN_REPLY,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  trackPacket,
} from '../dataplane/index.ts';
import type { ConntrackState, FiveTuple } from '../model/index.ts';
import type { Flight } from './flight.ts';

const STATE_NAMES: Readonly<Record<number, ConntrackState>> = {
  [STATE_NEW]: 'NEW',
  [STATE_ESTABLISHED]: 'ESTABLISHED',
  [STATE_RELATED]: 'RELATED',
  [STATE_INVALID]: 'INVALID',
};

/** Finds the packet's connection, or opens one. Loopback traffic comes by twice and keeps what it has. */
export function track(flight: Flight): void {
  const table = flight.table;
  if (table === undefined || flight.state !== 0) return;
  if (flight.payload !== undefined && flight.payload.kind === 'icmp-error')
    trackError(flight, table, flight.payload.about);
  else if (!trackKnown(flight, table)) open(flight);
  flight.recorder?.conntrack(flight.host, flight.packet(), STATE_NAMES[flight.state]!);
}

/** False when the packet has no connection yet, or opens a new one in the place of a closed one. */
function trackKnown(flight: Flight, table: ConntrackTable): boolean {
  const { protocol, source, destination, at } = flight;
  if (!lookUp(flight, table, protocol, source, destination, flight.ports)) return false;
  const connection = flight.connection!;
  const tracked = trackPacket(connection, flight.direction, flight.flags, at);
  if (tracked === 'reopen') {
    connection.status |= DYING;
    return false;
  }
  if (tracked === 'invalid') {
    invalidate(flight);
    return true;
  }
  if (flight.direction === REPLY) {
    connection.status |= SEEN_REPLY;
    flight.state = STATE_ESTABLISHED;
  } else flight.state = (connection.status & SEEN_REPLY) !== 0 ? STATE_ESTABLISHED : STATE_NEW;
  return true;
}

function open(flight: Flight): void {
  const connection = new Connection(flight.protocol, flight.source, flight.destination, flight.ports);
  if (trackPacket(connection, ORIGINAL, flight.flags, flight.at) === 'invalid') {
    invalidate(flight);
    return;
  }
  flight.connection = connection;
  flight.direction = ORIGINAL;
  flight.state = STATE_NEW;
}

function invalidate(flight: Flight): void {
  flight.connection = undefined;
  flight.state = STATE_INVALID;
}

/** An ICMP error belongs to the connection of the packet that it quotes; it does not move that connection on. */
function trackError(flight: Flight, table: ConntrackTable, about: FiveTuple): void {
  // Replies of the quoted packet's connection have its tuple turned round.
  const source = numberOfAddress(about.destination);
  const destination = numberOfAddress(about.source);
  const ports = packPorts(about.destinationPort, about.sourcePort);
  const found = lookUp(flight, table, about.protocol, source, destination, ports, false);
  // The error must go to whom the connection's packets of that direction go.
  if (found && flight.destination === destination) flight.state = STATE_RELATED;
  else invalidate(flight);
}

/**
 * Sets the flight's connection and direction to those with this tuple: among what this same packet has opened on its way, then
 * in the table. `changes`: whether the packet will change the connection.
 */
function lookUp(
  flight: Flight,
  table: ConntrackTable,
  protocol: number,
  source: number,
  destination: number,
  ports: number,
  changes = true,
): boolean {
  if (findPending(flight, table, protocol, source, destination, ports)) return true;
  const found = table.find(protocol, source, destination, ports, flight.at);
  if (found < 0) return false;
  const connection = table.read(found >> 1);
  flight.connection = connection;
  flight.direction = (found & 1) as 0 | 1;
  if (changes) keep(flight, table, connection);
  return true;
}

/** Sets the flight's connection and direction to those that it has opened or changed itself, if they have this tuple. */
function findPending(
  flight: Flight,
  table: ConntrackTable,
  protocol: number,
  source: number,
  destination: number,
  ports: number,
): boolean {
  for (let changed = flight.changedLast; changed !== undefined; changed = changed.changedBefore) {
    const direction = directionIn(changed, table, protocol, source, destination, ports);
    if (direction === undefined) continue;
    flight.connection = changed;
    flight.direction = direction;
    return true;
  }
  return false;
}

function directionIn(
  changed: Connection,
  table: ConntrackTable,
  protocol: number,
  source: number,
  destination: number,
  ports: number,
): Direction | undefined {
  if (changed.table !== table || changed.protocol !== protocol || (changed.status & DYING) !== 0) return undefined;
  if (changed.source === source && changed.destination === destination && changed.ports === ports) return ORIGINAL;
  const isReply =
    changed.replySource === source && changed.replyDestination === destination && changed.replyPorts === ports;
  return isReply ? REPLY : undefined;
}

function keep(flight: Flight, table: ConntrackTable, connection: Connection): void {
  connection.table = table;
  connection.changedBefore = flight.changedLast;
  flight.changedLast = connection;
}

/**
 * A new connection enters the table where its first packet leaves the host or reaches a process. False where a packet of the
 * same socket, handled by another CPU, has just been confirmed with another translation: then this one is dropped. One that
 * was translated the same joins it. (`__nf_conntrack_confirm`, `nf_ct_resolve_clash`; since Linux 5.7 both are kept.)
 */
export function confirm(flight: Flight): boolean {
  const { connection, table } = flight;
  if (connection === undefined || table === undefined) return true;
  if (connection.row >= 0 || flight.state === STATE_RELATED) return true;
  const rival = rivalOf(flight, connection, table);
  if (rival !== undefined) return hasSameReply(connection, rival);
  if (connection.table === undefined) keep(flight, table, connection);
  return true;
}

function rivalOf({ race, host }: Flight, connection: Connection, table: ConntrackTable): Connection | undefined {
  if (race === undefined || race.host !== host.name) return undefined;
  const { protocol, source, destination, ports } = connection;
  for (let opened = race.rival.changedLast; opened !== undefined; opened = opened.changedBefore) {
    if (directionIn(opened, table, protocol, source, destination, ports) === ORIGINAL) return opened;
  }
  return undefined;
}

function hasSameReply(a: Connection, b: Connection): boolean {
  return a.replySource === b.replySource && a.replyDestination === b.replyDestination && a.replyPorts === b.replyPorts;
}

/** Whether another connection of this host has the tuple that this one's replies would have. */
export function tupleInUse(flight: Flight, connection: Connection): boolean {
  const { protocol, replySource, replyDestination, replyPorts } = connection;
  const table = flight.table!;
  for (let changed = flight.changedLast; changed !== undefined; changed = changed.changedBefore) {
    if (changed === connection) continue;
    if (directionIn(changed, table, protocol, replySource, replyDestination, replyPorts) !== undefined) return true;
  }
  const found = table.find(protocol, replySource, replyDestination, replyPorts, flight.at);
  return found >= 0 && found >> 1 !== connection.row && !isGoing(flight, table, found >> 1);
}

/** Whether this packet has just closed the entry of that row, to open its own in its place. */
function isGoing(flight: Flight, table: ConntrackTable, row: number): boolean {
  for (let changed = flight.changedLast; changed !== undefined; changed = changed.changedBefore) {
    if (changed.row === row && changed.table === table && (changed.status & DYING) !== 0) return true;
  }
  return false;
}
