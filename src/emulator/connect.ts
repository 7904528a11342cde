/**
 * A client that dials an address: over TCP it opens a connection, asks and is answered; over UDP and SCTP it sends one message
 * and hears one.
 */
import {
  ACK,
  type Address,
  formatAddress,
  type Moment,
  type Packet,
  type Payload,
  type ProtocolNumber,
  RST,
  SYN,
  TCP,
} from '../model/index.ts';
import type { Host } from '../packet/index.ts';
import type { SendResult } from './contract.ts';
import type { Listener } from './listeners.ts';
import { type Idle, OpenConnection } from './open-connection.ts';
import { answerTo, DEFAULT_TTL, type Wire } from './wire.ts';

export interface ConnectParts {
  readonly wire: Wire;
  readonly now: () => Moment;
  /** lets so many milliseconds of virtual time pass */
  readonly wait: (ms: number) => void;
  readonly listener: (host: string, address: Address, port: number, protocol: ProtocolNumber) => Listener | undefined;
}

export interface Dial {
  readonly from: Host;
  readonly source: Address;
  /** undefined for the next ephemeral one */
  readonly sourcePort: number | undefined;
  readonly destination: Address;
  readonly port: number;
  readonly protocol: ProtocolNumber;
  /** what is asked once the connection stands */
  readonly request: Payload | undefined;
  /** a TCP connection that stays open without a word for so long, and is used once more */
  readonly idle?: Idle | undefined;
  readonly record: boolean;
}

type Connected = Omit<SendResult, 'resolve'>;

export function connect(dial: Dial, { wire, listener, now, wait }: ConnectParts): Connected {
  const { from, source, destination, port, protocol, record } = dial;
  const first: Packet = {
    protocol,
    source,
    sourcePort: dial.sourcePort ?? wire.nextPort(from.name),
    destination,
    destinationPort: port,
    flags: protocol === TCP ? SYN : 0,
    ttl: DEFAULT_TTL,
  };
  const sent = wire.send(from, first, record);
  const traces = [...sent.traces];
  const { verdict, seen, host } = sent.walked;
  if (verdict.verdict !== 'delivered')
    return { traces, outcome: failureOf(verdict.verdict, sent.error, verdict.host === from.name) };
  const server = listener(host.name, seen.destination, seen.destinationPort, protocol);
  const reached = { deliveredTo: server?.name ?? host.name, sourceSeen: endpoint(seen.source, seen.sourcePort) };
  const answer = server === undefined ? refusal(seen) : answerTo(seen, SYN | ACK);
  const back = wire.send(host, answer, record);
  traces.push(...back.traces);
  const heard = back.walked;
  // The client knows its socket by the addresses it dialled: an answer from elsewhere is not for it.
  const belongs =
    heard.verdict.verdict === 'delivered' && heard.host.name === from.name && isAnswerTo(first, heard.seen);
  if (!belongs) return { ...reached, traces, outcome: 'timed-out' };
  const answered = { ...reached, answeredFrom: endpoint(heard.seen.source, heard.seen.sourcePort) };
  if (server === undefined) return { ...answered, traces, outcome: 'refused' };
  if (protocol !== TCP || (dial.request === undefined && dial.idle === undefined))
    return { ...answered, traces, outcome: 'connected' };
  const connection = new OpenConnection(dial, first, server, { wire, now, wait }, traces);
  if (dial.idle === undefined) return { ...answered, traces, outcome: 'connected', ...connection.ask().result };
  return { ...answered, traces, ...connection.stayIdle(dial.idle) };
}

/** What the sender's system call says when its packet did not arrive: tcp(7), udp(7), icmp(7). */
function failureOf(verdict: string, error: Packet | undefined, atSender: boolean): SendResult['outcome'] {
  if (verdict === 'unroutable' && atSender) return 'unreachable';
  if (error === undefined) return 'timed-out';
  if (error.payload?.kind !== 'icmp-error') return 'refused';
  return error.payload.type === 'port-unreachable' ? 'refused' : 'unreachable';
}

/** What a host answers where nobody listens: a reset for TCP, an ICMP error for the rest. */
function refusal(seen: Packet): Packet {
  if (seen.protocol === TCP) return answerTo(seen, RST | ACK);
  const { protocol, source, sourcePort, destination, destinationPort } = seen;
  return {
    protocol: typeof source === 'number' ? 1 : 58,
    source: destination,
    sourcePort: 0,
    destination: source,
    destinationPort: 0,
    flags: 0,
    ttl: DEFAULT_TTL,
    payload: {
      kind: 'icmp-error',
      type: 'port-unreachable',
      about: { protocol, source, sourcePort, destination, destinationPort },
    },
  };
}

function isAnswerTo(first: Packet, seen: Packet): boolean {
  if (seen.payload?.kind === 'icmp-error') {
    const { about } = seen.payload;
    return about.destination === first.destination && about.sourcePort === first.sourcePort;
  }
  return (
    seen.source === first.destination &&
    seen.sourcePort === first.destinationPort &&
    seen.destinationPort === first.sourcePort
  );
}

function endpoint(address: Address, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
