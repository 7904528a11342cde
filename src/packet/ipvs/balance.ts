/**
 * IPVS' hooks on the way of a packet: on LOCAL_IN for what comes from elsewhere, on LOCAL_OUT for what the host sends itself.
 * Source: net/netfilter/ipvs/ip_vs_core.c (ip_vs_in_hook, ip_vs_schedule, ip_vs_leave), ip_vs_nfct.c of Linux 6.x.
 */
import {
  BALANCED,
  DESTINATION_NAT,
  DESTINATION_NAT_DONE,
  ORIGINAL,
  STATE_NEW,
  STATE_RELATED,
} from '../../dataplane/index.ts';
import { ACK, SYN, TCP } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { translate } from '../nat.ts';

/** `passed`: not for IPVS, or the real server is this host. `refused`: no real server takes it. `expired`: its TTL ran out. */
export type Balanced = 'passed' | 'sent' | 'refused' | 'expired';

/** A TCP connection begins with a SYN alone (net.ipv4.vs.sloppy_tcp is off). */
function mayBegin({ protocol, flags }: Flight): boolean {
  return protocol !== TCP || (flags & (SYN | ACK)) === SYN;
}

/** Chooses where a new connection goes. False where no real server takes it; undefined where IPVS leaves it alone. */
function begin(flight: Flight): boolean | undefined {
  const ipvs = flight.host.ipvs?.(flight.family);
  const { connection, table, at } = flight;
  if (ipvs === undefined || connection === undefined || table === undefined) return undefined;
  const found = ipvs.find(flight.destination, flight.destinationPort, flight.protocol);
  if (found === undefined || !mayBegin(flight)) return undefined;
  const { sourceAddress: source, sourcePort, destinationAddress: destination } = flight;
  const choice = ipvs.choose(found, { source, sourcePort, destination }, table, at);
  if (choice === undefined) return false;
  connection.replySource = choice.address;
  connection.replyPorts = (choice.port << 16) | (connection.replyPorts & 0xffff);
  connection.status |= BALANCED | DESTINATION_NAT | DESTINATION_NAT_DONE;
  flight.balanced = { ipvs, choice };
  flight.translatedBy = 'DNAT';
  return true;
}

/** Balances a new connection, and sends the packets of a balanced one where the first was sent. */
export function balance(flight: Flight): Balanced {
  const { connection } = flight;
  if (connection === undefined || flight.direction !== ORIGINAL || flight.state === STATE_RELATED) return 'passed';
  if ((connection.status & BALANCED) === 0) {
    const begun = flight.state === STATE_NEW && connection.row < 0 ? begin(flight) : undefined;
    if (begun === undefined) return 'passed';
    if (!begun) return 'refused';
  }
  translate(flight, DESTINATION_NAT);
  if (flight.host.isLocal(flight.destinationAddress)) return 'passed';
  // Packets of the host's own count down too (ip_vs_xmit.c, decrement_ttl).
  if (flight.ttl <= 1) return 'expired';
  flight.ttl--;
  flight.changed();
  return 'sent';
}

/** Whether IPVS, not the nat table, rewrites this packet's destination. */
export function isForIpvs({ connection, direction }: Flight): boolean {
  return connection !== undefined && (connection.status & BALANCED) !== 0 && direction === ORIGINAL;
}
