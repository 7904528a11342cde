/** A packet in one line: its five-tuple, what TCP or ICMP says, and its message. */
import {
  ACK,
  type DnsMessage,
  FIN,
  formatEndpoint,
  ICMP,
  ICMPV6,
  type Packet,
  type Payload,
  type ProtocolNumber,
  RST,
  SCTP,
  SYN,
  TCP,
  UDP,
} from '../model/index.ts';

const NAMES: { readonly [P in ProtocolNumber]: string } = {
  [TCP]: 'TCP',
  [UDP]: 'UDP',
  [SCTP]: 'SCTP',
  [ICMP]: 'ICMP',
  [ICMPV6]: 'ICMPv6',
};

const FLAGS: readonly (readonly [number, string])[] = [
  [SYN, 'SYN'],
  [FIN, 'FIN'],
  [RST, 'RST'],
  [ACK, 'ACK'],
];

export function protocolName(protocol: ProtocolNumber): string {
  return NAMES[protocol];
}

export const sourceOf = (packet: Packet): string => formatEndpoint(packet.source, packet.sourcePort);
export const destinationOf = (packet: Packet): string => formatEndpoint(packet.destination, packet.destinationPort);

/** `TCP 10.244.1.10:40000 → 10.96.0.50:80 [SYN]`, `UDP … query A my-api.default.svc.cluster.local.` */
export function describePacket(packet: Packet): string {
  const flags = FLAGS.filter(([bit]) => (packet.flags & bit) !== 0).map(([, flag]) => flag);
  const said = packet.payload === undefined ? '' : ` ${describePayload(packet.payload)}`;
  const tuple = `${NAMES[packet.protocol]} ${sourceOf(packet)} → ${destinationOf(packet)}`;
  return `${tuple}${flags.length > 0 ? ` [${flags.join(' ')}]` : ''}${said}`;
}

export function describePayload(payload: Payload): string {
  switch (payload.kind) {
    case 'dns':
      return describeDns(payload.message);
    case 'http-request':
      return `${payload.method} http://${payload.host}${payload.path}`;
    case 'http-response':
      return `HTTP ${payload.status}`;
    case 'icmp-error':
      return `ICMP ${payload.type}`;
    default: {
      const impossible: never = payload;
      throw new Error(`no payload is ${JSON.stringify(impossible)}`);
    }
  }
}

export function describeDns({ response, question, rcode, answers }: DnsMessage): string {
  if (!response) return `query ${question.type} ${question.name}`;
  if (rcode !== 'NOERROR') return `answer ${rcode}`;
  return `answer ${answers.length === 0 ? 'NOERROR without records' : answers.map(({ type, data }) => `${type} ${data}`).join(', ')}`;
}
