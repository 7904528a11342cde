/** Packets of flows that are no longer, or never were, known to what carries them; and the resets that tell of a flow's end. */
import { addressOfNumber, type Connection } from '../../dataplane/index.ts';
import { ACK, type Family, type Packet, RST, SYN, TCP } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import type { Host } from '../world.ts';
import type { AzureFabric } from './azure-fabric.ts';
import type { IdleTimeout } from './idle-timeout.ts';

/** Linux's net.ipv4.ip_default_ttl */
const TTL = 64;

/** Whether it belongs to a TCP connection that began earlier, of which nothing is known here. */
export function isMidstream({ protocol, flags, connection }: Flight): boolean {
  return protocol === TCP && (flags & SYN) === 0 && connection?.row === -1;
}

/** Sets the verdict of such a packet, and gives its reason. `by`: the device and its rule. */
export function forgotten(flight: Flight, fabric: Host, by: string, { minutes, reset }: IdleTimeout): string {
  const reason = `${by}: no such flow, it ends after ${minutes} idle minutes`;
  flight.verdict =
    reset === 'on later packets'
      ? { verdict: 'rejected', host: fabric.name, with: 'tcp-reset', reason }
      : { verdict: 'dropped', host: fabric.name, reason };
  return reason;
}

/** A reset to one end of a flow as if its other end had sent it, and the machine of that end. */
export interface Reset {
  readonly packet: Packet;
  readonly from: Host;
}

/** To the end that was dialled, and to the one that did. */
export function resetsOf(fabric: AzureFabric, family: Family, flow: Connection): readonly [Reset, Reset] {
  const { source, destination, ports, replySource, replyDestination, replyPorts, mark } = flow;
  const from = (number: number) => fabric.machineWith(addressOfNumber(family, number));
  return [
    { packet: reset(family, source, destination, ports), from: from(source) },
    // With floating IP a member answers from the frontend's address.
    {
      packet: reset(family, replySource, replyDestination, replyPorts),
      from: from(mark === 0 ? replySource : mark >>> 0),
    },
  ];
}

function reset(family: Family, source: number, destination: number, ports: number): Packet {
  return {
    protocol: TCP,
    source: addressOfNumber(family, source),
    sourcePort: ports >>> 16,
    destination: addressOfNumber(family, destination),
    destinationPort: ports & 0xffff,
    flags: RST | ACK,
    ttl: TTL,
  };
}
