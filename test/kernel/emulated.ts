/**
 * The emulator's side: packets walk, and hosts react to them as Linux does when its processes leave it alone. Where chance
 * decides, it is made to fall as it fell in Linux, so that both sides remember the same from then on.
 */
import {
  ACK,
  cidrOf,
  contains,
  type Dice,
  formatAddress,
  ICMP,
  type IcmpError,
  type Moment,
  type Packet,
  RST,
  SCTP,
  SYN,
  TCP,
  UDP,
} from '../../src/model/index.ts';
import { commit, type Host, type Outcome, outcomes, send, type Walked, type World } from '../../src/packet/index.ts';
import { OUTSIDE_RANGES } from './cluster.ts';
import type { Heard, Tuple } from './heard.ts';
import { type Layout, OUTSIDE, spaceOf } from './layout.ts';
import { emulatedPacket, type SentPacket } from './packets.ts';
import { SteeredDice } from './steered-dice.ts';

const ERRORS: Readonly<Record<IcmpError, string>> = {
  'net-unreachable': 'icmp 3 0',
  'host-unreachable': 'icmp 3 1',
  'port-unreachable': 'icmp 3 3',
  'admin-prohibited': 'icmp 3 13',
  'time-exceeded': 'icmp 11 0',
};
const TTL = 64;
const OUTSIDE_CIDRS = OUTSIDE_RANGES.map(cidrOf);
/** Rolls until chance falls as wanted: enough for a share of one in a hundred. */
const ROLLS_MAX = 20_000;
/** A reset, a reset's error: no exchange of answers is longer. */
const REACTIONS_MAX = 8;

export interface EmulatedOptions {
  readonly world: World;
  readonly layout: Layout;
  readonly at: Moment;
  readonly dice: Dice;
}

interface Answer {
  readonly host: Host;
  readonly packet: Packet;
}

/** A batch of packets: all are sent, with what their receivers' kernels answer at once; then processes answer. */
export class EmulatedBatch {
  readonly #options: EmulatedOptions;
  readonly #expected = new Map<number, Heard[]>();
  readonly #answers: { readonly sent: SentPacket; readonly answer: Answer }[] = [];
  /** namespaces and ports where UDP clients wait for answers */
  readonly #clients: ReadonlySet<string>;

  constructor(batch: readonly SentPacket[], options: EmulatedOptions) {
    this.#options = options;
    this.#clients = new Set(
      batch.filter(({ protocol }) => protocol === UDP).map(({ client, sourcePort }) => `${client} ${sourcePort}`),
    );
  }

  /** Sends one packet as Linux was seen to send it; returns what could have happened. */
  send(sent: SentPacket, heard: readonly Heard[]): readonly Outcome[] {
    const { world, layout, at } = this.#options;
    const from = senderOf(sent, world, layout);
    const packet = emulatedPacket(sent);
    const possible = outcomes(from, packet, at);
    const walked = this.#asInLinux(from, packet, heard, sent, possible);
    this.#expected.set(sent.number, []);
    this.#follow(walked, sent, 0);
    return possible;
  }

  /** The processes' answers. */
  finish(): void {
    for (const { sent, answer } of this.#answers) this.#follow(this.#walk(answer.host, answer.packet), sent, 0);
  }

  expectedOf(sent: SentPacket): readonly Heard[] {
    return this.#expected.get(sent.number)!;
  }

  #walk(from: Host, packet: Packet, dice: Dice = this.#options.dice): Walked {
    return send(from, packet, { at: this.#options.at, dice });
  }

  /** The walk that ends where Linux' packet did; any, where none of them can. */
  #asInLinux(
    from: Host,
    packet: Packet,
    heard: readonly Heard[],
    sent: SentPacket,
    possible: readonly Outcome[],
  ): Walked {
    const first = heard.find(({ what }) => what === whatOf(packet));
    const { dice: rolled } = this.#options;
    const dice = first === undefined ? rolled : new SteeredDice(rolled, sent.sourcePort, first.sourcePort);
    let walked = this.#walk(from, packet, dice);
    if (possible.length === 1) return walked;
    const wanted = (each: Pick<Walked, 'verdict' | 'seen'>): boolean => {
      if (each.verdict.verdict !== 'delivered') return first === undefined;
      return first !== undefined && sameEnd(first, each.verdict.host, each.seen);
    };
    if (!possible.some(wanted)) return walked;
    for (let rolls = 0; !wanted(walked); rolls++) {
      if (rolls > ROLLS_MAX) throw new Error(`chance does not fall as it fell in Linux for packet ${sent.number}`);
      walked = this.#walk(from, packet, dice);
    }
    return walked;
  }

  /** Makes the packet's changes, notes who was given it, and sends on what he answers. */
  #follow(walked: Walked, sent: SentPacket, reactions: number): void {
    if (reactions > REACTIONS_MAX) throw new Error(`answers without end to packet ${sent.number}`);
    const { verdict, host, seen } = walked;
    commit(walked);
    if (verdict.verdict !== 'delivered') {
      if (walked.answer !== undefined) this.#follow(this.#walk(host, walked.answer), sent, reactions + 1);
      return;
    }
    this.#expected.get(sent.number)!.push(expectedFrom(walked));
    const answer = this.#react(host, seen, sent);
    if (answer !== undefined)
      this.#follow(this.#walk(sideBySide(host, answer, this.#options.world), answer), sent, reactions + 1);
  }

  /** What the receiver's kernel sends back at once. A process' answer is kept for later. */
  #react(host: Host, seen: Packet, sent: SentPacket): Packet | undefined {
    const space = spaceOf(host.name);
    const listens = this.#options.layout.listening.get(space)?.has(seen.destinationPort) ?? false;
    switch (seen.protocol) {
      case TCP:
        return reactTcp(seen, listens);
      case UDP:
        if (listens && isQuestion(seen)) return this.#answerLater(host, seen, sent);
        return listens || this.#clients.has(`${space} ${seen.destinationPort}`) ? undefined : portUnreachable(seen);
      case SCTP:
        // This kernel may know no SCTP; whoever hears it raw keeps the kernel from refusing the protocol.
        return listens && isQuestion(seen) ? this.#answerLater(host, seen, sent) : undefined;
      default:
        return undefined;
    }
  }

  #answerLater(host: Host, seen: Packet, sent: SentPacket): undefined {
    if (sent.answered)
      this.#answers.push({
        sent,
        answer: { host, packet: turned(seen, seen.protocol === SCTP ? SYN | ACK : 0, ANSWERS) },
      });
    return undefined;
  }
}

/** An application's message stands for the byte that tells an answer from a question. */
const ANSWERS: Packet['payload'] = { kind: 'http-response', status: 200, body: '' };
const isQuestion = (packet: Packet): boolean => packet.payload === undefined;

function senderOf(sent: SentPacket, world: World, layout: Layout): Host {
  if (sent.balanced || (sent.mark === 0 && !sent.from.includes('/'))) return world.host(`external/${sent.source}`)!;
  if (sent.mark === 0) return world.host(sent.from)!;
  const node = world.host(layout.nodes[sent.mark - 1]!.name)!;
  const outside = world.host(`external/${sent.source}`)!;
  const route = outside.hop(node.addressOf('eth0', 4)!)!.route;
  const hop = { device: route.device, route, over: 'load balancer', next: node, nextInterface: 'eth0' };
  return { ...unruled(outside), hop: () => hop };
}

/** A host outside as a sender, with everything but its own ways. */
function unruled(outside: Host): Omit<Host, 'hop'> {
  return {
    name: outside.name,
    forwards: false,
    routeLocalnet: false,
    recent: outside.recent,
    rules: () => undefined,
    conntrack: () => undefined,
    isLocal: () => false,
    addressOf: (device, family) => outside.addressOf(device, family),
    routes: () => outside.routes(),
  };
}

/**
 * Everybody outside lives in one namespace of Linux, load balancers' addresses included: what one of them sends of his own
 * accord to another's address stays there, and no load balancer brings it to a node.
 */
function sideBySide(host: Host, { destination }: Packet, world: World): Host {
  if (spaceOf(host.name) !== OUTSIDE || !OUTSIDE_CIDRS.some((range) => contains(range, destination))) return host;
  const next = world.host(`external/${formatAddress(destination)}`)!;
  const own = host.hop(destination);
  if (own === undefined) return host;
  return { ...unruled(host), hop: () => ({ ...own, next }) };
}

function whatOf({ protocol, flags, payload }: Packet): string {
  if (payload?.kind === 'icmp-error') return ERRORS[payload.type];
  if (protocol === TCP) return `flags ${flags}`;
  return payload === undefined ? 'asks' : 'answers';
}

/** Whether a packet that Linux delivered ended as this one; its source port may have been chosen by chance. */
function sameEnd(heard: Heard, host: string, seen: Packet): boolean {
  const { source, destination, destinationPort } = tupleOf(seen);
  return (
    heard.namespace === spaceOf(host) &&
    heard.source === source &&
    heard.destination === destination &&
    heard.destinationPort === destinationPort
  );
}

function tupleOf({ protocol, source, sourcePort, destination, destinationPort }: Packet): Tuple {
  return {
    protocol,
    source: formatAddress(source),
    sourcePort,
    destination: formatAddress(destination),
    destinationPort,
  };
}

function expectedFrom({ host, seen }: Walked): Heard {
  const heard = { namespace: spaceOf(host.name), what: whatOf(seen), ttl: seen.ttl, ...tupleOf(seen) };
  if (seen.payload?.kind !== 'icmp-error') return heard;
  const { about } = seen.payload;
  return { ...heard, about: { ...tupleOf({ ...seen, ...about }), protocol: about.protocol } };
}

/** A reset answers what belongs to no connection (RFC 9293, 3.5.2); nobody's kernel knows of the SYN that was sent raw. */
function reactTcp(seen: Packet, listens: boolean): Packet | undefined {
  if ((seen.flags & RST) !== 0) return undefined;
  if (seen.flags === SYN) return turned(seen, listens ? SYN | ACK : RST | ACK);
  return turned(seen, RST);
}

function turned(seen: Packet, flags: number, payload?: Packet['payload']): Packet {
  return {
    protocol: seen.protocol,
    source: seen.destination,
    sourcePort: seen.destinationPort,
    destination: seen.source,
    destinationPort: seen.sourcePort,
    flags,
    ttl: TTL,
    ...(payload === undefined ? {} : { payload }),
  };
}

function portUnreachable(seen: Packet): Packet {
  const { protocol, source, sourcePort, destination, destinationPort } = seen;
  const about = { protocol, source, sourcePort, destination, destinationPort };
  return {
    ...turned(seen, 0, { kind: 'icmp-error', type: 'port-unreachable', about }),
    protocol: ICMP,
    sourcePort: 0,
    destinationPort: 0,
  };
}
