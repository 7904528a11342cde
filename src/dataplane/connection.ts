/**
 * One tracked connection, as nf_conntrack keeps it: the tuple of its first packet, the tuple that replies have, its status
 * and the protocol's state. Addresses are numbers (address-numbers.ts), ports are packed as source << 16 | destination.
 */
import { ICMP, ICMPV6, type Moment, type ProtocolNumber } from '../model/index.ts';
import type { ConntrackTable } from './conntrack.ts';

export function packPorts(source: number, destination: number): number {
  return (source << 16) | destination;
}

/** The ports of the answer. An echo request (type 8, or 128) is answered by a reply (type 0, or 129) with its identifier. */
export function invertPorts(protocol: number, ports: number): number {
  if (protocol === ICMP) return (ports & ~0xffff) | ((ports & 0xffff) === 8 ? 0 : 8);
  if (protocol === ICMPV6) return (ports & ~0xffff) | ((ports & 0xffff) === 128 ? 129 : 128);
  return (ports << 16) | (ports >>> 16);
}

/** A connection taken out of its table, or not yet in one: mutable, and owned by one packet's walk until committed. */
export class Connection {
  /** the row it was read from; -1 for one that is not in the table */
  row: number;
  protocol: ProtocolNumber;
  source: number;
  destination: number;
  ports: number;
  replySource: number;
  replyDestination: number;
  replyPorts: number;
  status: number;
  /** the protocol's state: an index into its states (conntrack-states.ts) */
  state: number;
  mark: number;
  expiresAt: Moment;
  /** UDP: from when on the connection counts as a stream */
  streamAt: Moment;
  /** while a packet is on its way: the table this belongs to, and what the packet changed before */
  table: ConntrackTable | undefined;
  changedBefore: Connection | undefined;

  constructor(
    protocol: ProtocolNumber,
    source: number,
    destination: number,
    ports: number,
    replyPorts = invertPorts(protocol, ports),
  ) {
    this.row = -1;
    this.protocol = protocol;
    this.source = source;
    this.destination = destination;
    this.ports = ports;
    this.replySource = destination;
    this.replyDestination = source;
    this.replyPorts = replyPorts;
    this.status = 0;
    this.state = 0;
    this.mark = 0;
    this.expiresAt = 0;
    this.streamAt = 0;
    this.table = undefined;
    this.changedBefore = undefined;
  }
}
