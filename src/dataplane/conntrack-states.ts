/**
 * The states of tracked connections and how long each lasts. Sources: net/netfilter/nf_conntrack_proto_{tcp,udp,icmp,sctp}.c
 * and Documentation/networking/nf_conntrack-sysctl.rst of Linux 6.x. Sequence numbers and windows are not modelled.
 */
import { ACK, FIN, type Moment, RST, SCTP, SYN, TCP, UDP } from '../model/index.ts';
import type { Connection } from './connection.ts';
import {
  ASSURED,
  CLOSED_BY_ORIGINAL,
  CLOSED_BY_REPLY,
  type Direction,
  DYING,
  ORIGINAL,
  RESET_BY_ORIGINAL,
  SEEN_REPLY,
} from './connection-status.ts';

/** What the protocol's tracker says of a packet: it belongs, it does not, or it opens a new connection in the old one's place. */
export type Tracked = 'accept' | 'invalid' | 'reopen';

export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;
const SYN_SENT = 1;
const SYN_RECV = 2;
const ESTABLISHED = 3;
const FIN_WAIT = 4;
const TIME_WAIT = 7;
const CLOSE = 8;
const TCP_TIMEOUT_SECONDS = [0, 120, 60, 432_000, 120, 60, 30, 120, 10, 120];
/** established, but only one side has been heard */
const TCP_UNACKNOWLEDGED_SECONDS = 300;

const IGNORED = -1;
const INVALID = -2;

/** The next state, by direction, kind of packet (SYN, SYN-ACK, FIN, ACK, RST) and state; `.` is ignored, `!` is invalid. */
const TCP_NEXT = [
  ['11.....119', '!!2!!!!!!2', '!!4466678!', '3!3355778!', '!888888888'],
  ['!9!!!!!1!9', '!2.......2', '!!4466678!', '!.2355778.', '!888888888'],
].map((rows) => rows.map((row) => Int8Array.from([...row].map(nextState))));

function nextState(letter: string): number {
  return letter === '.' ? IGNORED : letter === '!' ? INVALID : Number(letter);
}

const KIND_FIN = 2;
const KIND_RST = 4;

/** 0 SYN, 1 SYN-ACK, 2 FIN, 3 ACK, 4 RST; -1 for flags that no TCP sends */
function kindOfTcp(flags: number): number {
  if ((flags & RST) !== 0) return KIND_RST;
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? 1 : 0;
  if ((flags & FIN) !== 0) return KIND_FIN;
  return (flags & ACK) !== 0 ? 3 : -1;
}

/** Moves the connection by one packet. A connection without a state takes it from its first packet. */
export function trackPacket(connection: Connection, direction: Direction, flags: number, at: Moment): Tracked {
  switch (connection.protocol) {
    case TCP:
      return trackTcp(connection, direction, flags, at);
    case UDP:
      return trackUdp(connection, at);
    case SCTP:
      return trackSctp(connection, direction, flags, at);
    default:
      // ICMP echo; an ICMP error never gets here, it belongs to the connection it is about.
      connection.expiresAt = at + 30_000;
      return 'accept';
  }
}

function trackTcp(connection: Connection, direction: Direction, flags: number, at: Moment): Tracked {
  const kind = kindOfTcp(flags);
  const before = connection.state;
  const next = kind < 0 ? INVALID : TCP_NEXT[direction]![kind]![before]!;
  if (next === INVALID) return 'invalid';
  if (next === IGNORED) return 'accept';
  if (next === SYN_SENT && before >= TIME_WAIT && reopens(connection, direction)) return 'reopen';
  if (kind === KIND_RST && direction !== ORIGINAL && (connection.status & SEEN_REPLY) === 0) {
    // The only answer is a reset: there never was a connection, and the entry goes away at once.
    connection.status |= DYING;
    return 'accept';
  }
  noteClosing(connection, direction, kind, next);
  connection.state = next;
  const answered = (connection.status & SEEN_REPLY) !== 0;
  if (answered && next === ESTABLISHED && (before === SYN_RECV || before === ESTABLISHED)) connection.status |= ASSURED;
  const seconds = next === ESTABLISHED && !answered ? TCP_UNACKNOWLEDGED_SECONDS : TCP_TIMEOUT_SECONDS[next]!;
  connection.expiresAt = at + 1000 * (kind === KIND_RST ? TCP_TIMEOUT_SECONDS[CLOSE]! : seconds);
  return 'accept';
}

/** A SYN on a closed connection begins a new one when the other side closed it, or this side reset it; else it goes on. */
function reopens(connection: Connection, direction: Direction): boolean {
  const closedByPeer = direction === ORIGINAL ? CLOSED_BY_REPLY : CLOSED_BY_ORIGINAL;
  return (connection.status & (closedByPeer | RESET_BY_ORIGINAL)) !== 0;
}

function noteClosing(connection: Connection, direction: Direction, kind: number, next: number): void {
  const byOriginal = direction === ORIGINAL;
  if (kind === KIND_RST && byOriginal) connection.status |= RESET_BY_ORIGINAL;
  else connection.status &= ~RESET_BY_ORIGINAL;
  if (kind === KIND_FIN && next === FIN_WAIT) connection.status |= byOriginal ? CLOSED_BY_ORIGINAL : CLOSED_BY_REPLY;
}

function trackUdp(connection: Connection, at: Moment): Tracked {
  if (connection.row < 0) connection.streamAt = at + 2000;
  const stream = (connection.status & SEEN_REPLY) !== 0 && at > connection.streamAt;
  if (stream) connection.status |= ASSURED;
  connection.expiresAt = at + (stream ? 120_000 : 30_000);
  return 'accept';
}

export const SCTP_STATES = ['NONE', 'COOKIE_WAIT', 'COOKIE_ECHOED', 'ESTABLISHED'] as const;
const SCTP_TIMEOUT_SECONDS = [10, 3, 3, 210];

/**
 * Packets carry no chunks here, so the four-way handshake is read from their order: INIT, INIT-ACK, COOKIE-ECHO, COOKIE-ACK.
 * What answers an association that was never seen here has a tag that nobody expects: it is invalid.
 */
function trackSctp(connection: Connection, direction: Direction, flags: number, at: Moment): Tracked {
  if (connection.state === 0 && (flags & (ACK | RST)) !== 0) return 'invalid';
  const answered = (connection.status & SEEN_REPLY) !== 0;
  if (connection.state === 0) connection.state = 1;
  else if (connection.state === 1 && direction === ORIGINAL && answered) connection.state = 2;
  else if (connection.state === 2 && direction !== ORIGINAL) {
    connection.state = 3;
    connection.status |= ASSURED;
  }
  connection.expiresAt = at + 1000 * SCTP_TIMEOUT_SECONDS[connection.state]!;
  return 'accept';
}
