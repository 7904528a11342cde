/**
 * Cuts an answer to what its client takes: 512 bytes over UDP, or what its OPT record says. What does not fit is left out from
 * the end. The TC bit says so, and the client asks again over TCP.
 *
 * Source: CoreDNS request/request.go (`Size`, `Scrub`), miekg/dns msg_truncate.go.
 */
import type { DnsMessage, DnsRecord, Edns } from '../../src/model/index.ts';
import type { Connection, DnsRequest } from './plugin.ts';
import {
  HEADER_BYTES,
  OPT_BYTES,
  QUESTION_TAIL_BYTES,
  questionBytes,
  RECORD_HEADER_BYTES,
  recordBytes,
  type Suffixes,
  uncompressedBytes,
} from './wire-length.ts';

const UDP_BYTES_LEAST = 512;
const TCP_BYTES_MAX = 65_535;
const NAME_ENDS_BYTES = 2;
const ADDRESS_BYTES_MAX = 16;

/** An option's code and length, then its data, which is text in hexadecimal. */
export function optBytes(edns: Edns | undefined): number {
  if (edns === undefined) return 0;
  return edns.options.reduce((bytes, { data }) => bytes + 4 + data.length / 2, OPT_BYTES);
}

/** The bytes of a message, uncompressed. */
export function messageBytes(message: DnsMessage): number {
  return uncompressedBytes(message) + optBytes(message.edns);
}

/** The bytes of a query as it came. */
export function queryBytes(request: DnsRequest): number {
  return questionBytes({ question: request }, undefined) + optBytes(request.edns);
}

export function bytesMax(edns: Edns | undefined, protocol: Connection['protocol']): number {
  return protocol === 'tcp' ? TCP_BYTES_MAX : Math.max(edns?.udpSizeBytes ?? 0, UDP_BYTES_LEAST);
}

/** Whether a message of addresses alone is so short that nobody need count: a name takes at most two bytes more than its text. */
function surelyFits({ question, answers, authorities, additionals }: DnsMessage, most: number): boolean {
  if (authorities.length > 0 || additionals.length > 0) return false;
  let bytes = HEADER_BYTES + question.name.length + NAME_ENDS_BYTES + QUESTION_TAIL_BYTES;
  for (const { name, type } of answers) {
    if (type !== 'A' && type !== 'AAAA') return false;
    bytes += name.length + NAME_ENDS_BYTES + RECORD_HEADER_BYTES + ADDRESS_BYTES_MAX;
  }
  return bytes <= most;
}

/** A message that is too long only uncompressed loses nothing: it is sent compressed then. */
function truncated(message: DnsMessage, most: number): DnsMessage {
  if (surelyFits(message, most) || uncompressedBytes(message) <= most) return message;
  const suffixes: Suffixes = new Set<string>();
  let bytes = questionBytes(message, suffixes);
  const fitting = (records: readonly DnsRecord[]): readonly DnsRecord[] => {
    for (const [i, record] of records.entries()) {
      if (bytes < most) bytes += recordBytes(record, bytes, suffixes);
      else bytes = most + 1;
      if (bytes > most) return records.slice(0, i);
    }
    return records;
  };
  const answers = fitting(message.answers);
  const authorities = fitting(message.authorities);
  const additionals = fitting(message.additionals);
  const cut = answers !== message.answers || authorities !== message.authorities || additionals !== message.additionals;
  return cut ? { ...message, answers, authorities, additionals, truncated: true } : message;
}

/** The answer as it is sent. A transfer takes as many messages as it needs. */
export function fitted(reply: DnsMessage, protocol: Connection['protocol']): DnsMessage {
  const { edns, question } = reply;
  if (question.type === 'AXFR' || question.type === 'IXFR') return reply;
  return truncated(reply, bytesMax(edns, protocol) - optBytes(edns));
}
