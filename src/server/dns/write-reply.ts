/** An answer as bytes. Names are compressed only where the answer would not fit otherwise, as CoreDNS does. */
import { record as library } from 'dns-packet';
import {
  CLASS_NUMBERS,
  type DnsMessage,
  type DnsRecord,
  type Edns,
  RCODE_NUMBERS,
  unescaped,
  wordsOf,
} from '../../model/index.ts';
import { nameBytes, type Offsets } from './name.ts';
import { RESPONSE, type WireQuery } from './read-query.ts';
import { typeNumber } from './record-type.ts';

const HEADER_BYTES = 12;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_AVAILABLE = 0x0080;
const AUTHENTIC_DATA = 0x0020;
/** opcode, RD and CD of the query */
const REPEATED_FLAGS = 0x7910;
const OPT = 41;
const OPT_HEADER_BYTES = 11;
/** The header has room for four bits of a code; the OPT record holds the others. */
const RCODE_BITS = 15;

/** Data of a type that dns-packet writes as it is. */
function encoded(type: string, data: unknown): Buffer {
  return library(type).encode(data).subarray(2);
}

/** A domain name, then what follows it in the record. */
function dataBytes({ type, data }: DnsRecord, at: number, offsets: Offsets): Buffer {
  const words = wordsOf(data);
  switch (type) {
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return nameBytes(data, at, offsets);
    case 'DNAME':
      return nameBytes(data, at, offsets, false);
    case 'MX':
      return Buffer.concat([numbers16(words.slice(0, 1)), nameBytes(words[1]!, at + 2, offsets)]);
    case 'SRV':
      return Buffer.concat([numbers16(words.slice(0, 3)), nameBytes(words[3]!, at + 6, offsets, false)]);
    case 'SOA': {
      const server = nameBytes(words[0]!, at, offsets);
      const mailbox = nameBytes(words[1]!, at + server.length, offsets);
      const numbers = Buffer.alloc(20);
      for (const [i, word] of words.slice(2).entries()) numbers.writeUInt32BE(Number(word), i * 4);
      return Buffer.concat([server, mailbox, numbers]);
    }
    case 'TXT':
    case 'SPF':
      return encoded('TXT', words.map(latin1));
    case 'HINFO':
      return encoded('HINFO', { cpu: unescaped(words[0]!), os: unescaped(words[1] ?? '') });
    case 'CAA':
      return encoded('CAA', { flags: Number(words[0]), tag: words[1], value: unescaped(words[2] ?? '') });
    case 'A':
    case 'AAAA':
      return encoded(type, data);
    default:
      // RFC 3597: `\# 4 0a000001`.
      return Buffer.from(words.slice(2).join(''), 'hex');
  }
}

function latin1(word: string): Buffer {
  return Buffer.from(unescaped(word), 'latin1');
}

function numbers16(words: readonly (string | number)[]): Buffer {
  const bytes = Buffer.alloc(words.length * 2);
  for (const [i, word] of words.entries()) bytes.writeUInt16BE(Number(word), i * 2);
  return bytes;
}

function recordBytes(record: DnsRecord, at: number, offsets: Offsets): Buffer {
  const owner = nameBytes(record.name, at, offsets);
  const header = Buffer.alloc(10);
  const data = dataBytes(record, at + owner.length + header.length, offsets);
  header.writeUInt16BE(typeNumber(record.type), 0);
  header.writeUInt16BE(CLASS_NUMBERS[record.class ?? 'IN'], 2);
  header.writeUInt32BE(record.ttl, 4);
  header.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, header, data]);
}

/** The OPT record, with the upper bits of a code that the header has no room for. */
function optBytes({ udpSizeBytes, dnssecOk, options }: Edns, extendedRcode: number): Buffer {
  const header = Buffer.alloc(OPT_HEADER_BYTES);
  const data = Buffer.concat(
    options.flatMap((option) => [numbers16([option.code, option.data.length / 2]), Buffer.from(option.data, 'hex')]),
  );
  header.writeUInt16BE(OPT, 1);
  header.writeUInt16BE(udpSizeBytes, 3);
  header[5] = extendedRcode;
  header[7] = dnssecOk ? 0x80 : 0;
  header.writeUInt16BE(data.length, 9);
  return Buffer.concat([header, data]);
}

function headerBytes(id: number, flags: number, counts: readonly number[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  for (const [i, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * i);
  return header;
}

function questionBytes({ message, classNumber }: WireQuery, offsets: Offsets): Buffer {
  const { name, type } = message.question;
  return Buffer.concat([nameBytes(name, HEADER_BYTES, offsets), numbers16([typeNumber(type), classNumber])]);
}

/** The reply to `query`, names compressed or not. Throws a RangeError for a record that is no record. */
export function writeReply(reply: DnsMessage, query: WireQuery, compressed: boolean): Buffer {
  const { edns } = reply;
  const offsets: Offsets = compressed ? new Map() : undefined;
  const asked = questionBytes(query, offsets);
  const parts = [asked];
  let at = HEADER_BYTES + asked.length;
  for (const section of [reply.answers, reply.authorities, reply.additionals]) {
    for (const record of section) {
      const bytes = recordBytes(record, at, offsets);
      at += bytes.length;
      parts.push(bytes);
    }
  }
  if (edns !== undefined) parts.push(optBytes(edns, RCODE_NUMBERS[reply.rcode] >> 4));
  const flags =
    RESPONSE |
    (query.flags & REPEATED_FLAGS) |
    (reply.authoritative ? AUTHORITATIVE : 0) |
    (reply.truncated ? TRUNCATED : 0) |
    (reply.recursionAvailable === true ? RECURSION_AVAILABLE : 0) |
    (reply.authenticData === true ? AUTHENTIC_DATA : 0) |
    (RCODE_NUMBERS[reply.rcode] & RCODE_BITS);
  const additionals = reply.additionals.length + (edns === undefined ? 0 : 1);
  const counts = [1, reply.answers.length, reply.authorities.length, additionals];
  return Buffer.concat([headerBytes(reply.id, flags, counts), ...parts]);
}

/** To a client that speaks a later EDNS than we do: BADVERS, whose upper bits are in the OPT record (RFC 6891, 6.1.3). */
export function writeBadVersion(query: WireQuery): Buffer {
  const opt = optBytes({ udpSizeBytes: 0, dnssecOk: false, options: [] }, RCODE_NUMBERS.BADVERS >> 4);
  const header = headerBytes(query.message.id, RESPONSE | (query.flags & REPEATED_FLAGS), [1, 0, 0, 1]);
  return Buffer.concat([header, questionBytes(query, undefined), opt]);
}

/** Only a header, with a code. */
export function writeCode(id: number, flags: number, rcode: keyof typeof RCODE_NUMBERS): Buffer {
  return headerBytes(id, RESPONSE | (flags & REPEATED_FLAGS) | RCODE_NUMBERS[rcode], [0, 0, 0, 0]);
}
