/**
 * Network address translation. A target decides once per connection what its tuples become; every packet of the connection is
 * then rewritten to fit. Source: net/netfilter/nf_nat_core.c, nf_nat_masquerade.c of Linux 6.x.
 */
import {
  type Connection,
  DESTINATION_NAT,
  DESTINATION_NAT_DONE,
  invertPorts,
  numberOfAddress,
  ORIGINAL,
  SOURCE_NAT,
  SOURCE_NAT_DONE,
  type Target,
} from '../dataplane/index.ts';
import type { Flight } from './flight.ts';
import { findFreePort } from './nat-ports.ts';
import { tupleInUse } from './tracking.ts';

type TargetOf<T extends Target['target']> = Extract<Target, { target: T }>;

/** Which side of a packet a hook rewrites: the status bit of a connection that is translated there in its first direction. */
export type Side = typeof SOURCE_NAT | typeof DESTINATION_NAT;

/** what stands for the packet's own port */
export const SAME_PORT = -1;

/** A connection that has been decided on stays as it is. */
export function applyDnat(flight: Flight, address: number, port: number): void {
  const connection = flight.connection;
  if (connection === undefined || (connection.status & DESTINATION_NAT_DONE) !== 0) return;
  connection.status |= DESTINATION_NAT_DONE;
  // The reply's source is where the connection leads: its port stands first in the reply's ports.
  const portBefore = connection.replyPorts >>> 16;
  const portAfter = port === SAME_PORT ? portBefore : port;
  if (connection.replySource === address && portBefore === portAfter) return;
  connection.replySource = address;
  connection.replyPorts = (portAfter << 16) | (connection.replyPorts & 0xffff);
  connection.status |= DESTINATION_NAT;
  flight.translatedBy = 'DNAT';
}

export function applySnat(flight: Flight, target: TargetOf<'SNAT'>): void {
  if (flight.connection === undefined || (flight.connection.status & SOURCE_NAT_DONE) !== 0) return;
  setSource(flight, flight.connection, numberOfAddress(target.address), target.randomFully);
  flight.translatedBy = 'SNAT';
}

/** False when the interface has no address to lend: the kernel drops the packet. */
export function applyMasquerade(flight: Flight, target: TargetOf<'MASQUERADE'>): boolean {
  if (flight.connection === undefined || (flight.connection.status & SOURCE_NAT_DONE) !== 0) return true;
  const address = flight.host.addressOf(flight.outInterface, flight.family);
  if (address === undefined) return false;
  setSource(flight, flight.connection, numberOfAddress(address), target.randomFully);
  flight.translatedBy = 'MASQUERADE';
  flight.masqueraded = true;
  return true;
}

/** What no rule translates keeps its addresses, yet may need another source port: two connections must not look alike. */
export function bindAsIs(flight: Flight, connection: Connection, side: Side): void {
  if (side === DESTINATION_NAT) connection.status |= DESTINATION_NAT_DONE;
  else setSource(flight, connection, connection.replyDestination, false);
}

/**
 * Gives the connection this source address and a port under which no other connection's replies come: its own where that is
 * free, else one found by the dice; with `randomly` always one found by the dice.
 */
function setSource(flight: Flight, connection: Connection, address: number, randomly: boolean): void {
  connection.status |= SOURCE_NAT_DONE;
  const { replyDestination, replyPorts } = connection;
  connection.replyDestination = address;
  if (randomly || tupleInUse(flight, connection)) findFreePort(flight, connection);
  if (connection.replyDestination !== replyDestination || connection.replyPorts !== replyPorts)
    connection.status |= SOURCE_NAT;
}

/** Rewrites one side of the packet so that it fits its connection. */
export function translate(flight: Flight, side: Side): void {
  const connection = flight.connection!;
  if ((connection.status & decisiveBit(flight, side)) !== 0) fitSide(flight, connection, side);
}

/** Replies have their sides the other way round. */
export function decisiveBit({ direction }: Flight, side: Side): number {
  return direction === ORIGINAL ? side : side ^ (SOURCE_NAT | DESTINATION_NAT);
}

function fitSide(flight: Flight, connection: Connection, side: Side): void {
  const forward = flight.direction === ORIGINAL;
  const address = translatedAddress(connection, forward, side);
  const ports = invertPorts(connection.protocol, forward ? connection.replyPorts : connection.ports);
  const port = side === SOURCE_NAT ? ports >>> 16 : ports & 0xffff;
  const addressBefore = side === SOURCE_NAT ? flight.source : flight.destination;
  const portBefore = side === SOURCE_NAT ? flight.sourcePort : flight.destinationPort;
  if (address === addressBefore && port === portBefore) return;
  const before = flight.recorder === undefined ? undefined : flight.packet();
  rewrite(flight, side, address, port);
  if (before !== undefined) {
    flight.recorder!.translate(flight.host, flight.packet(), flight.translatedBy, before);
    flight.translatedBy = 'conntrack';
  }
}

/** The other direction's tuple, turned round: what a packet of this direction looks like beyond this host. */
function translatedAddress(connection: Connection, forward: boolean, side: Side): number {
  if (forward) return side === SOURCE_NAT ? connection.replyDestination : connection.replySource;
  return side === SOURCE_NAT ? connection.destination : connection.source;
}

export function rewrite(flight: Flight, side: Side, address: number, port: number): void {
  if (side === SOURCE_NAT) {
    flight.source = address;
    flight.sourcePort = port;
  } else {
    flight.destination = address;
    flight.destinationPort = port;
  }
  flight.changed();
}
