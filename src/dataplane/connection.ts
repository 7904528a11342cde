/**
 * One tracked connection, as nf_conntrack keeps it: the tuple of its first packet, the tuple that replies have, its status
 * and the protocol's state. Addresses are numbers (address-numbers.ts), ports are packed as source << 16 | destination.
 */
import { ICMP, ICMPV6, type Moment, type ProtocolNumber } from '../model/index.ts';
import type { ConntrackTable } from './conntrack.ts';

/** Status bits (include/uapi/linux/netfilter/nf_conntrack_common.h, by meaning). */
export const SEEN_REPLY = 1;
export const ASSURED = 2;
export const SOURCE_NAT = 4;
export const DESTINATION_NAT = 8;
/** NAT of this side has been decided, be it to leave things as they are */
export const SOURCE_NAT_DONE = 16;
export const DESTINATION_NAT_DONE = 32;
/** which direction sent the first FIN */
export const CLOSED_BY_ORIGINAL = 64;
export const CLOSED_BY_REPLY = 128;
/** the last packet was a RST of the original direction */
export const RESET_BY_ORIGINAL = 256;
/** the entry goes away when this is committed */
export const DYING = 512;
/** IPVS has chosen where the connection goes, and translates it in place of the nat table (IP_VS_CONN_F_NFCT) */
export const BALANCED = 1024;

export const ORIGINAL = 0;
export const REPLY = 1;
export type Direction = typeof ORIGINAL | typeof REPLY;

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
  row = -1;
  protocol: ProtocolNumber;
  source: number;
  destination: number;
  ports: number;
  replySource: number;
  replyDestination: number;
  replyPorts: number;
  status = 0;
  /** the protocol's state: an index into its states (conntrack-states.ts) */
  state = 0;
  mark = 0;
  expiresAt: Moment = 0;
  /** UDP: from when on the connection counts as a stream */
  streamAt: Moment = 0;
  /** while a packet is on its way: the table this belongs to, and what the packet changed before */
  table: ConntrackTable | undefined = undefined;
  changedBefore: Connection | undefined = undefined;

  constructor(protocol: ProtocolNumber, source: number, destination: number, ports: number) {
    this.protocol = protocol;
    this.source = source;
    this.destination = destination;
    this.ports = ports;
    this.replySource = destination;
    this.replyDestination = source;
    this.replyPorts = invertPorts(protocol, ports);
  }
}
