/** ICMP errors: those that the engine's own refusals call for, and the translation of those that pass through a host. */
import { addressOfNumber, DESTINATION_NAT, ORIGINAL, type RejectWith, SOURCE_NAT } from '../dataplane/index.ts';
import {
  ACK,
  type Address,
  type FiveTuple,
  ICMP,
  ICMPV6,
  type IcmpError,
  type Packet,
  RST,
  TCP,
} from '../model/index.ts';
import type { Flight } from './flight.ts';
import { decisiveBit, rewrite, type Side } from './nat.ts';

/** Linux's net.ipv4.ip_default_ttl */
const TTL = 64;

const ERRORS: Readonly<Record<Exclude<RejectWith, 'tcp-reset'>, IcmpError>> = {
  'icmp-port-unreachable': 'port-unreachable',
  'icmp-host-unreachable': 'host-unreachable',
  'icmp-net-unreachable': 'net-unreachable',
  'icmp-admin-prohibited': 'admin-prohibited',
  'icmp6-port-unreachable': 'port-unreachable',
};

/**
 * Rewrites an ICMP error of a translated connection: the quoted packet becomes the one that its sender sent, the error itself
 * comes from where the sender thinks it talks to (nf_nat_icmp_reply_translation, net/netfilter/nf_nat_proto.c).
 */
export function translateError(flight: Flight, side: Side): void {
  const connection = flight.connection!;
  const forward = flight.direction === ORIGINAL;
  if ((connection.status & decisiveBit(flight, side)) === 0 || flight.payload?.kind !== 'icmp-error') return;
  // The tuple of the other direction, which is the quoted packet's own.
  const ports = forward ? connection.replyPorts : connection.ports;
  const [source, destination] = forward
    ? [connection.replySource, connection.replyDestination]
    : [connection.source, connection.destination];
  const number = side === SOURCE_NAT ? destination : source;
  const address = addressOfNumber(flight.family, number);
  const before = flight.recorder === undefined ? undefined : flight.packet();
  const { payload } = flight;
  const about: FiveTuple =
    side === SOURCE_NAT
      ? { ...payload.about, destination: address, destinationPort: ports & 0xffff }
      : { ...payload.about, source: address, sourcePort: ports >>> 16 };
  flight.payload = { ...payload, about };
  rewrite(flight, side, number, side === SOURCE_NAT ? flight.sourcePort : flight.destinationPort);
  if (before !== undefined) flight.recorder!.translate(flight.host, flight.packet(), 'conntrack', before);
}

/** What the host sends back for a REJECT; undefined where nothing may be sent: a reset for a reset, an error for an error. */
export function refusal(flight: Flight, reject: RejectWith): Packet | undefined {
  if (reject !== 'tcp-reset') return errorFor(flight, ERRORS[reject]);
  if (flight.protocol !== TCP || (flight.flags & RST) !== 0) return undefined;
  const { source, sourcePort, destination, destinationPort } = asArrived(flight);
  return {
    protocol: TCP,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
    flags: RST | ((flight.flags & ACK) !== 0 ? 0 : ACK),
    ttl: TTL,
  };
}

/** An ICMP error about this packet, from this host to the packet's source. */
export function errorFor(flight: Flight, type: IcmpError): Packet | undefined {
  if (flight.payload?.kind === 'icmp-error') return undefined;
  const about = asArrived(flight);
  const source = errorSource(flight, about.destination);
  if (source === undefined) return undefined;
  return {
    protocol: flight.family === 4 ? ICMP : ICMPV6,
    source,
    sourcePort: 0,
    destination: about.source,
    destinationPort: 0,
    flags: 0,
    ttl: TTL,
    payload: { kind: 'icmp-error', type, about },
  };
}

/**
 * The packet as it came to this host. Its connection, if it has one, is known from that tuple; what this host has rewritten
 * since is taken back before the error reaches the sender.
 */
function asArrived(flight: Flight): FiveTuple {
  const { connection, family, protocol } = flight;
  if (connection === undefined || connection.protocol !== protocol) {
    const { source, sourcePort, destination, destinationPort } = flight.packet();
    return { protocol, source, sourcePort, destination, destinationPort };
  }
  const forward = flight.direction === ORIGINAL;
  const ports = forward ? connection.ports : connection.replyPorts;
  return {
    protocol,
    source: addressOfNumber(family, forward ? connection.source : connection.replySource),
    sourcePort: ports >>> 16,
    destination: addressOfNumber(family, forward ? connection.destination : connection.replyDestination),
    destinationPort: ports & 0xffff,
  };
}

/** Who the error comes from: the address asked where it is ours or translated here, else that of the way back (icmp_send). */
function errorSource(flight: Flight, asked: Address): Address | undefined {
  const translated = flight.connection !== undefined && (flight.connection.status & DESTINATION_NAT) !== 0;
  if (translated || flight.host.isLocal(asked)) return asked;
  const back = flight.host.hop(flight.packet().source);
  return back === undefined ? undefined : flight.host.addressOf(back.device, flight.family);
}
