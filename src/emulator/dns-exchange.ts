/**
 * Queries put to a name server: each a packet, through kube-proxy where the server is a Service, and each answer one back
 * through conntrack.
 */
import { ACK, type Address, type DnsMessage, type Packet, SYN, TCP, type Trace, UDP } from '../model/index.ts';
import type { Host, RequestMode, Walked } from '../packet/index.ts';
import type { DnsExchange } from './contract.ts';
import type { Listener } from './listeners.ts';
import type { NameServers } from './name-servers.ts';
import type { NameServerReply } from './outside-names.ts';
import { answerTo, DEFAULT_TTL, type Sent, type Wire } from './wire.ts';

export const DNS_PORT = 53;

export interface ExchangeParts {
  readonly wire: Wire;
  readonly nameServers: NameServers;
  readonly listener: (
    host: string,
    address: Address,
    port: number,
    protocol: Packet['protocol'],
  ) => Listener | undefined;
}

export interface Client {
  readonly host: Host;
  readonly address: Address;
  /** the node whose CPUs handle packets that are sent at once each on its own; undefined where they wait for each other */
  readonly racesOn?: string | undefined;
}

/** What a client sends, and how. */
export interface ExchangeRequest {
  readonly from: Client;
  readonly server: Address;
  readonly port: number;
  readonly queries: readonly DnsMessage[];
  readonly mode: RequestMode;
  readonly transport: 'udp' | 'tcp';
  /** the next ephemeral one where it is not given */
  readonly sourcePort?: number;
  /** whether traces are kept */
  readonly record: boolean;
}

/** `refused`: an ICMP error or a reset said that nobody listens there. `afterMs`: how long the server took. */
export type Exchanged = DnsExchange & { readonly refused: boolean; readonly afterMs: number };

/** A query that was sent: where it ended, and what its receiver answers. */
interface Asked {
  readonly packet: Packet;
  readonly query: DnsMessage;
  readonly walked: Walked;
  readonly handshake: readonly Trace[];
  readonly request: Trace;
  readonly refused: boolean;
  readonly response: NameServerReply | undefined;
}

/** Sends every query, at once or in turn, and hears what comes back. In the order of the queries. */
export function exchange(request: ExchangeRequest, parts: ExchangeParts): readonly Exchanged[] {
  const { queries, mode } = request;
  if (mode === 'single-request-reopen') {
    return queries.map((query) => hear(ask(openSocket(request, parts), query, request, parts), request, parts));
  }
  const socket = openSocket(request, parts);
  if (mode === 'single-request')
    return queries.map((query) => hear(ask(socket, query, request, parts), request, parts));
  return askAtOnce(socket, request, parts)
    .map((asked) => hear(asked, request, parts))
    .map((heard, i) => (i === 0 ? heard : { ...heard, atOnce: true }));
}

/** Every query is sent before any answer comes. */
function askAtOnce(socket: ClientSocket, request: ExchangeRequest, parts: ExchangeParts): readonly Asked[] {
  const { from, queries, transport, record } = request;
  const [first, second] = queries;
  if (from.racesOn === undefined || transport === 'tcp' || first === undefined || second === undefined)
    return queries.map((query) => ask(socket, query, request, parts));
  const packets = [packetOf(socket, first), packetOf(socket, second)] as const;
  const sent = parts.wire.sendBoth(from.host, packets, record, from.racesOn);
  return [first, second].map((query, i) => arrived(packets[i]!, query, sent[i]!, [], parts));
}

interface ClientSocket {
  readonly packet: Packet;
  /** of TCP: the packets that opened the connection, to be told once */
  handshake: readonly Trace[];
  /** of TCP: how the packet ended that should have opened the connection, or accepted it */
  readonly failed?: { readonly walked: Walked; readonly refused: boolean };
}

/** A connected UDP socket, which costs no packet, or a TCP connection. */
function openSocket(request: ExchangeRequest, { wire, listener }: ExchangeParts): ClientSocket {
  const { from, server, port, transport, sourcePort, record } = request;
  const packet: Packet = {
    protocol: transport === 'tcp' ? TCP : UDP,
    source: from.address,
    sourcePort: sourcePort ?? wire.nextPort(from.host.name),
    destination: server,
    destinationPort: port,
    flags: transport === 'tcp' ? ACK : 0,
    ttl: DEFAULT_TTL,
  };
  if (transport === 'udp') return { packet, handshake: [] };
  const opening = wire.send(from.host, { ...packet, flags: SYN }, record);
  const { verdict, host, seen } = opening.walked;
  const isDelivered = verdict.verdict === 'delivered';
  if (!isDelivered || listener(host.name, seen.destination, seen.destinationPort, TCP) === undefined) {
    const refused = isDelivered || opening.error !== undefined;
    return { packet, handshake: opening.traces, failed: { walked: opening.walked, refused } };
  }
  const back = wire.send(host, answerTo(seen, SYN | ACK), record);
  const handshake = [...opening.traces, ...back.traces];
  if (isHeard(back.walked, packet)) return { packet, handshake };
  return { packet, handshake, failed: { walked: back.walked, refused: false } };
}

function packetOf({ packet }: ClientSocket, query: DnsMessage): Packet {
  return { ...packet, payload: { kind: 'dns', message: query } };
}

function ask(socket: ClientSocket, query: DnsMessage, request: ExchangeRequest, parts: ExchangeParts): Asked {
  const { handshake, failed } = socket;
  socket.handshake = [];
  const packet = packetOf(socket, query);
  if (failed !== undefined) {
    const { walked, refused } = failed;
    return { packet, query, walked, handshake, request: unrecorded(packet, walked), refused, response: undefined };
  }
  return arrived(packet, query, parts.wire.send(request.from.host, packet, request.record), handshake, parts);
}

/** Where the query ended, and what is answered there. */
function arrived(
  packet: Packet,
  query: DnsMessage,
  { walked, traces, error }: Sent,
  handshake: readonly Trace[],
  { listener, nameServers }: ExchangeParts,
): Asked {
  const asked = { packet, query, walked, handshake, request: traces[0] ?? unrecorded(packet, walked) };
  const lost = { ...asked, refused: error !== undefined, response: undefined };
  if (walked.verdict.verdict !== 'delivered') return lost;
  const { host, seen } = walked;
  const found = listener(host.name, seen.destination, seen.destinationPort, seen.protocol);
  if (found === undefined) return { ...lost, refused: true };
  const answered = nameServers.answer(found.pod, seen, query);
  if (answered === 'refused' || answered === 'silent') return { ...lost, refused: answered === 'refused' };
  return { ...asked, refused: false, response: answered };
}

/** The answer's way back, if there is one. */
function hear(asked: Asked, { record }: ExchangeRequest, { wire }: ExchangeParts): Exchanged {
  const { packet, query, walked, request, refused, response } = asked;
  const afterMs = response?.afterMs ?? 0;
  const told = {
    query,
    request,
    refused,
    afterMs,
    ...(asked.handshake.length === 0 ? {} : { handshake: asked.handshake }),
  };
  if (response === undefined) return told;
  const back = wire.send(walked.host, answerTo(walked.seen, ACK, { kind: 'dns', message: response.message }), record);
  const reply = back.traces[0] ?? unrecorded(packet, back.walked);
  return isHeard(back.walked, packet) ? { ...told, response: response.message, reply } : { ...told, reply };
}

/** A connected socket takes only what comes from the address and port that it asked. */
function isHeard({ verdict, seen }: Walked, asked: Packet): boolean {
  return (
    verdict.verdict === 'delivered' &&
    seen.source === asked.destination &&
    seen.sourcePort === asked.destinationPort &&
    seen.destinationPort === asked.sourcePort
  );
}

function unrecorded(sent: Packet, walked: { readonly seen: Packet; readonly verdict: Trace['verdict'] }): Trace {
  return { sent, seen: walked.seen, steps: [], verdict: walked.verdict };
}
