/** Bytes in, bytes out: what a name server says to a message, be it a query or not. Never throws. */
import type { DnsMessage, DnsRecord } from '../../model/index.ts';
import { readQuery, type WireQuery } from './read-query.ts';
import { writeBadVersion, writeCode, writeReply } from './write-reply.ts';

export type Transport = 'udp' | 'tcp';

/** Answers a query; undefined for silence. */
export type AskDns = (query: DnsMessage, transport: Transport, sourcePort: number) => DnsMessage | undefined;

const UDP_BYTES_LEAST = 512;
const TCP_BYTES_MAX = 65_535;
/** Records of a transfer that go into one message. */
const TRANSFER_RECORDS = 200;

/** Names are compressed only where the reply would not fit otherwise. */
function written(reply: DnsMessage, query: WireQuery, transport: Transport): Buffer {
  const most = transport === 'tcp' ? TCP_BYTES_MAX : Math.max(reply.edns?.udpSizeBytes ?? 0, UDP_BYTES_LEAST);
  const plain = writeReply(reply, query, false);
  return plain.length > most ? writeReply(reply, query, true) : plain;
}

/** A transfer as several messages, its records in order (RFC 5936, 2.2). */
function transferred(reply: DnsMessage, query: WireQuery): readonly Buffer[] {
  const parts: (readonly DnsRecord[])[] = [];
  for (let at = 0; at < reply.answers.length; at += TRANSFER_RECORDS)
    parts.push(reply.answers.slice(at, at + TRANSFER_RECORDS));
  return parts.map((answers) => writeReply({ ...reply, answers }, query, true));
}

function replies(reply: DnsMessage, query: WireQuery, transport: Transport): readonly Buffer[] {
  const { type } = query.message.question;
  const isTransfer = type === 'AXFR' || type === 'IXFR';
  if (isTransfer && transport === 'tcp' && reply.answers.length > 0) return transferred(reply, query);
  return [written(reply, query, transport)];
}

/** Messages to send back, none for silence; more than one only for a transfer over TCP. */
export function respond(bytes: Buffer, transport: Transport, sourcePort: number, ask: AskDns): readonly Buffer[] {
  const read = readQuery(bytes);
  if (read.read === 'ignore') return [];
  if (read.read === 'refuse') return [writeCode(read.id, read.flags, read.rcode)];
  const { query } = read;
  if (query.ednsVersion !== 0) return [writeBadVersion(query)];
  const reply = ask(query.message, transport, sourcePort);
  if (reply === undefined) return [];
  try {
    return replies(reply, query, transport);
  } catch (error) {
    // A name of the cluster's objects or of a Corefile may be none that a message can hold.
    if (error instanceof RangeError) return [writeCode(query.message.id, query.flags, 'SERVFAIL')];
    throw error;
  }
}
