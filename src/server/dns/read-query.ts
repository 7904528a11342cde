/**
 * A datagram as a query, or what is answered to one that is none.
 *
 * Source: miekg/dns acceptfunc.go (`defaultMsgAcceptFunc`), server.go (`serveDNS`).
 */
import { answer as resourceRecord } from 'dns-packet';
import type { DnsMessage, DnsQuestion, Edns, EdnsOption } from '../../model/index.ts';
import { readName } from './name.ts';
import { className, typeName } from './record-type.ts';

export interface WireQuery {
  /** the header's second word: what of it an answer repeats */
  readonly flags: number;
  readonly message: DnsMessage;
  /** of the question: classes without a name have numbers too */
  readonly classNumber: number;
  /** of EDNS, 0 where the query has none */
  readonly ednsVersion: number;
}

export type ReadQuery =
  | { readonly read: 'query'; readonly query: WireQuery }
  /** to be answered with nothing but a code */
  | { readonly read: 'refuse'; readonly rcode: 'FORMERR' | 'NOTIMP'; readonly id: number; readonly flags: number }
  | { readonly read: 'ignore' };

const HEADER_BYTES = 12;
export const RESPONSE = 0x8000;
const OPCODE_SHIFT = 11;
const OPCODE_NOTIFY = 4;
/** More records than this are no query: one answer and one authority (IXFR, NOTIFY), OPT and a signature. */
const RECORDS_MAX = { answers: 1, authorities: 1, additionals: 2 } as const;
const OPT = 41;
const DNSSEC_OK = 0x8000;
const RECURSION_DESIRED = 0x0100;
const AUTHENTIC_DATA = 0x0020;
const CHECKING_DISABLED = 0x0010;

interface Question {
  readonly question: DnsQuestion;
  readonly classNumber: number;
  readonly end: number;
}

function readQuestion(bytes: Buffer): Question | undefined {
  const found = readName(bytes, HEADER_BYTES);
  if (found === undefined || found.end + 4 > bytes.length) return undefined;
  const { name, end } = found;
  const type = typeName(bytes.readUInt16BE(end));
  const classNumber = bytes.readUInt16BE(end + 2);
  return { question: { name, type, class: className(classNumber) }, classNumber, end: end + 4 };
}

interface ClientEdns {
  readonly edns: Edns;
  readonly version: number;
}

/** The client's OPT record. Throws where an option is longer than the record. */
function readEdns(bytes: Buffer, at: number): ClientEdns {
  const data = bytes.subarray(at + 10, at + 10 + bytes.readUInt16BE(at + 8));
  const options: EdnsOption[] = [];
  for (let here = 0; here < data.length; ) {
    const end = here + 4 + data.readUInt16BE(here + 2);
    if (end > data.length) throw new RangeError('an option longer than its record');
    options.push({ code: data.readUInt16BE(here), data: data.toString('hex', here + 4, end) });
    here = end;
  }
  const dnssecOk = (bytes.readUInt16BE(at + 6) & DNSSEC_OK) !== 0;
  return { edns: { udpSizeBytes: bytes.readUInt16BE(at + 2), dnssecOk, options }, version: bytes[at + 5]! };
}

/** The OPT record among `count` records from `at` on. Throws where one of them is none. */
function readRecords(bytes: Buffer, at: number, count: number): ClientEdns | undefined {
  let client: ClientEdns | undefined;
  let here = at;
  for (let i = 0; i < count; i++) {
    const owner = readName(bytes, here);
    if (owner === undefined) throw new RangeError('no name');
    const end = owner.end + 10 + bytes.readUInt16BE(owner.end + 8);
    if (end > bytes.length) throw new RangeError('a record longer than its message');
    if (bytes.readUInt16BE(owner.end) === OPT) client = readEdns(bytes, owner.end);
    else resourceRecord.decode(bytes, here);
    here = end;
  }
  return client;
}

function messageOf(id: number, flags: number, question: DnsQuestion, edns: Edns | undefined): DnsMessage {
  return {
    id,
    response: false,
    question,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
    authenticData: (flags & AUTHENTIC_DATA) !== 0,
    checkingDisabled: (flags & CHECKING_DISABLED) !== 0,
    edns,
    answers: [],
    authorities: [],
    additionals: [],
  };
}

export function readQuery(bytes: Buffer): ReadQuery {
  if (bytes.length < HEADER_BYTES) return { read: 'ignore' };
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  if ((flags & RESPONSE) !== 0) return { read: 'ignore' };
  const opcode = (flags >> OPCODE_SHIFT) & 15;
  if (opcode !== 0 && opcode !== OPCODE_NOTIFY) return { read: 'refuse', rcode: 'NOTIMP', id, flags };
  const refused: ReadQuery = { read: 'refuse', rcode: 'FORMERR', id, flags };
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (questions !== 1 || answers! > RECORDS_MAX.answers) return refused;
  if (authorities! > RECORDS_MAX.authorities || additionals! > RECORDS_MAX.additionals) return refused;
  const asked = readQuestion(bytes);
  if (asked === undefined) return refused;
  const { question, classNumber, end } = asked;
  let client: ClientEdns | undefined;
  try {
    client = readRecords(bytes, end, answers! + authorities! + additionals!);
  } catch {
    // What a reader throws at bytes that are no record is of many kinds, dns-packet's too.
    return refused;
  }
  const message = messageOf(id, flags, question, client?.edns);
  return { read: 'query', query: { flags, message, classNumber, ednsVersion: client?.version ?? 0 } };
}
