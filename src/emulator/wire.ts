/**
 * Packets on their way: sends one from a host, makes the changes that it caused, and brings back what the sender is told.
 */
import { type Dice, type Moment, type Packet, type Trace, UDP } from '../model/index.ts';
import {
  type AzureFabric,
  type CarriedFlow,
  carriedFlow,
  commit,
  forgetFlow,
  type Host,
  type SendOptions,
  send,
  sendResets,
  type Walked,
  type World,
} from '../packet/index.ts';

export interface WireOptions {
  readonly world: () => World & { readonly fabric: AzureFabric | undefined };
  readonly now: () => Moment;
  readonly dice: Dice;
}

/** A packet that was sent, and the error that came back to the sender where one did. */
export interface Sent {
  readonly walked: Walked;
  /** the traces in the order the packets were sent; empty unless recorded */
  readonly traces: readonly Trace[];
  /** what the sender hears of its failure; undefined for silence, or where it was delivered */
  readonly error: Packet | undefined;
}

const FIRST_EPHEMERAL_PORT = 32768;
const EPHEMERAL_PORTS = 28232;

export class Wire {
  readonly #options: WireOptions;
  readonly #ports = new Map<string, number>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  host(name: string): Host | undefined {
    return this.#options.world().host(name);
  }

  /** The next ephemeral port of a host (net.ipv4.ip_local_port_range, 32768-60999), in turn. */
  nextPort(host: string): number {
    const used = this.#ports.get(host) ?? 0;
    this.#ports.set(host, (used + 1) % EPHEMERAL_PORTS);
    return FIRST_EPHEMERAL_PORT + used;
  }

  /** Sends one packet and, where it is refused on its way, the refusal back. */
  send(from: Host, packet: Packet, record: boolean): Sent {
    const walked = this.#walk(from, packet, record);
    commit(walked);
    return this.#sent(from, walked, record);
  }

  /** Sends two packets at the same time: host `on` handles each on a CPU of its own, the first a moment earlier. */
  sendBoth(from: Host, [first, second]: readonly [Packet, Packet], record: boolean, on: string): readonly [Sent, Sent] {
    const winner = this.#walk(from, first, record);
    const loser = this.#walk(from, second, record, { host: on, rival: winner });
    commit(winner);
    commit(loser);
    return [this.#sent(from, winner, record), this.#sent(from, loser, record)];
  }

  /** The flow in which Azure carries the packets of a connection, as it is now; undefined where it carries none. */
  carriedFlow(walked: Walked): CarriedFlow | undefined {
    const { fabric } = this.#options.world();
    return fabric && carriedFlow(walked, fabric, this.#options.now());
  }

  /** Azure forgets a flow. With `resets` it tells both ends: the walks of what it sends them. */
  forget(walked: Walked, resets: boolean, record: boolean): readonly Walked[] {
    const { fabric } = this.#options.world();
    if (fabric === undefined) return [];
    const { dice, now } = this.#options;
    const sent = resets ? sendResets(walked, fabric, { at: now(), dice, record }) : [];
    for (const each of sent) commit(each);
    forgetFlow(walked, fabric);
    return sent;
  }

  #sent(from: Host, walked: Walked, record: boolean): Sent {
    const traces = walked.trace === undefined ? [] : [walked.trace];
    const { answer } = walked;
    if (answer === undefined) return { walked, traces, error: undefined };
    const back = this.#walk(walked.host, answer, record);
    commit(back);
    if (back.trace !== undefined) traces.push(back.trace);
    const heard = back.verdict.verdict === 'delivered' && back.host.name === from.name;
    return { walked, traces, error: heard ? back.seen : undefined };
  }

  #walk(from: Host, packet: Packet, record: boolean, race?: SendOptions['race']): Walked {
    const { dice, now } = this.#options;
    // A host of an earlier world may be gone or have other rules by now.
    const host = this.host(from.name) ?? from;
    return send(host, packet, { at: now(), dice, record, ...(race === undefined ? {} : { race }) });
  }
}

/** Time to live of what Linux sends (net.ipv4.ip_default_ttl). */
export const DEFAULT_TTL = 64;

/** The answer to a packet as its receiver saw it: the tuple turned round. */
export function answerTo(seen: Packet, flags: number, payload?: Packet['payload']): Packet {
  return {
    protocol: seen.protocol,
    source: seen.destination,
    sourcePort: seen.destinationPort,
    destination: seen.source,
    destinationPort: seen.sourcePort,
    flags: seen.protocol === UDP ? 0 : flags,
    ttl: DEFAULT_TTL,
    ...(payload === undefined ? {} : { payload }),
  };
}
