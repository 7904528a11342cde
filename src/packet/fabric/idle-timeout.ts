/**
 * How long a flow may be silent before what carries it forgets it, and who is told. A load balancer's rule and a public address
 * say so in minutes, 4 where they say nothing; a NAT gateway's UDP always has 4.
 *
 * Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-reset (silent, or a reset to both ends when the time
 * is over), https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource (silent, and a reset to whoever sends afterwards),
 * https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses.
 */
import type { Connection } from '../../dataplane/index.ts';
import { type Moment, TCP } from '../../model/index.ts';

export interface IdleTimeout {
  readonly minutes: number;
  /** when a TCP flow's ends get a reset for it */
  readonly reset: 'never' | 'at the timeout' | 'on later packets';
}

export const IDLE_TIMEOUT_DEFAULT_MINUTES = 4;

/** A flow's limit lies in bits of its status that conntrack has no use for. */
const MINUTES_SHIFT = 16;
const MINUTES_MASK = 0xff;
const RESETS_AT_TIMEOUT = 1 << 24;

/** conntrack's states of a TCP connection that is being closed: FIN_WAIT to CLOSE */
const CLOSING_FIRST = 4;
const CLOSING_LAST = 8;

/** Where two carry a flow, it ends by the shorter of their limits. */
export function limitIdle(connection: Connection, { minutes, reset }: IdleTimeout): void {
  const before = minutesOf(connection);
  if (before !== 0 && before <= minutes) return;
  const flag = reset === 'at the timeout' ? RESETS_AT_TIMEOUT : 0;
  const others = connection.status & ~(MINUTES_MASK << MINUTES_SHIFT) & ~RESETS_AT_TIMEOUT;
  connection.status = others | (minutes << MINUTES_SHIFT) | flag;
}

function minutesOf({ status }: Connection): number {
  return (status >>> MINUTES_SHIFT) & MINUTES_MASK;
}

/** Whether both ends of the flow get a reset when it has been idle for too long. */
export function resetsAtTimeout({ status, protocol }: Connection): boolean {
  return protocol === TCP && (status & RESETS_AT_TIMEOUT) !== 0;
}

/** A packet has passed: a limited flow lives on for as long, unless it is being closed. */
export function refreshIdle(connection: Connection, at: Moment): void {
  const minutes = minutesOf(connection);
  if (minutes === 0) return;
  const until = at + minutes * 60_000;
  const { protocol, state, expiresAt } = connection;
  const isClosing = protocol === TCP && state >= CLOSING_FIRST && state <= CLOSING_LAST;
  connection.expiresAt = isClosing ? Math.min(expiresAt, until) : until;
}
