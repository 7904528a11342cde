/** The packets of a case, with real addresses and ports: the same for both sides. */
import {
  ACK,
  addressOf,
  type Packet,
  PROTOCOL_NUMBERS,
  type ProtocolNumber,
  RST,
  SCTP,
  SYN,
  TCP,
} from '../../src/model/index.ts';
import type { World } from '../../src/packet/index.ts';
import type { DrawnPacket } from './case.ts';
import { type Destination, FABRIC, type Layout, OUTSIDE, type Sender, spaceOf } from './layout.ts';

export interface SentPacket {
  /** by which it is known on both sides */
  readonly number: number;
  /** the namespace that sends it, and the one that waits for an answer */
  readonly from: string;
  readonly client: string;
  /** what the fabric routes by: the node it hands the packet to, from 1; 0 for none */
  readonly mark: number;
  /** the emulator finds that node by itself: the sender asks for an address that a load balancer has */
  readonly balanced: boolean;
  readonly protocol: ProtocolNumber;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly flags: number;
  readonly ttl: number;
  readonly answered: boolean;
  /** what was asked, for people */
  readonly title: string;
}

const FIRST_EPHEMERAL_PORT = 33_000;
const TTL = 64;
const FLAGS = { opens: SYN, acknowledges: ACK, resets: RST } as const;

/** From 1; ports are used once, but for those that repeat one on purpose. */
export function packetsOf(drawn: readonly DrawnPacket[], layout: Layout, world: World): readonly SentPacket[] {
  const sent: SentPacket[] = [];
  for (const [index, packet] of drawn.entries()) {
    const again = packet.port === 'as before' ? sent[packet.from % Math.max(1, sent.length)] : undefined;
    const repeats = again !== undefined && isRepeatable(again);
    sent.push(repeats ? { ...again, number: index + 1 } : fresh(packet, index + 1, layout, world));
  }
  return sent;
}

/**
 * A handshake that stays open answers the next attempt in its own way. It does where a load balancer brings a SYN, for the
 * client's reset does not come that way, and where an SCTP server's answer is to another INIT than the last.
 */
function isRepeatable({ protocol, mark, answered }: SentPacket): boolean {
  if (protocol === SCTP) return !answered;
  return protocol !== TCP || mark === 0;
}

function fresh(packet: DrawnPacket, number: number, layout: Layout, world: World): SentPacket {
  const sender = layout.senders[packet.from % layout.senders.length]!;
  const to = reachable(packet, sender, layout, world);
  const protocol = PROTOCOL_NUMBERS[to.protocol ?? packet.protocol];
  const balancedTo = sender.through === undefined ? balancedThrough(sender, to, layout, world) : undefined;
  const through = sender.through ?? balancedTo;
  return {
    number,
    from: through === undefined ? spaceOf(sender.host) : FABRIC,
    client: spaceOf(sender.host),
    mark: through ?? 0,
    balanced: balancedTo !== undefined,
    protocol,
    source: sourceFor(sender, to, world),
    sourcePort: sourcePort(packet.port, number),
    destination: to.address,
    destinationPort: to.port,
    flags: protocol === TCP ? FLAGS[packet.kind] : 0,
    ttl: TTL,
    answered: packet.answered,
    title: to.title,
  };
}

/** The node that a packet from outside is handed to which asks for a load balancer's address, from 1. */
function balancedThrough(sender: Sender, to: Destination, { nodes }: Layout, world: World): number | undefined {
  if (spaceOf(sender.host) !== OUTSIDE || nodes.some(({ address }) => address === to.address)) return undefined;
  const { next } = world.host(sender.host)!.hop(addressOf(to.address)) ?? {};
  const index = nodes.findIndex(({ name }) => name === next?.name);
  return index < 0 ? undefined : index + 1;
}

/**
 * Loopback is asked for by those who are in the cluster only, and nobody outside asks for himself, nor for an address that a
 * load balancer keeps to itself because no node serves it: there is none here.
 */
function reachable({ to }: DrawnPacket, sender: Sender, { destinations }: Layout, world: World): Destination {
  const fromOutside = spaceOf(sender.host) === OUTSIDE;
  const isUnserved = (address: string): boolean =>
    world.host(sender.host)!.hop(addressOf(address))?.reason?.startsWith('no node answers the probe') === true;
  const open = fromOutside
    ? destinations.filter(
        ({ address }) =>
          address !== '127.0.0.1' &&
          address !== sender.address &&
          (sender.through !== undefined || !isUnserved(address)),
      )
    : destinations;
  return open[to % open.length]!;
}

/** The address that a socket would take which has bound none: a host speaks to itself from the address it asks. */
function sourceFor({ host, address }: Sender, to: Destination, world: World): string {
  return world.host(host)!.isLocal(addressOf(to.address)) ? to.address : address;
}

function sourcePort(port: DrawnPacket['port'], number: number): number {
  if (port === 'below 512') return 1 + (number % 500);
  if (port === 'below 1024') return 600 + (number % 400);
  return FIRST_EPHEMERAL_PORT + number;
}

/** The packet as the emulator takes it. */
export function emulatedPacket(sent: SentPacket): Packet {
  const { protocol, sourcePort, destinationPort, flags, ttl } = sent;
  return {
    protocol,
    source: addressOf(sent.source),
    sourcePort,
    destination: addressOf(sent.destination),
    destinationPort,
    flags,
    ttl,
  };
}
