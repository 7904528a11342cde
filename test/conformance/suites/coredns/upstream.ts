/** Recorded replies of name servers outside, as messages. */
import { z } from 'zod';
import { CLASS_NUMBERS, type DnsClass, type DnsMessage, type DnsRecord } from '../../../../src/model/index.ts';

const dnsClass = z.enum(Object.keys(CLASS_NUMBERS) as [DnsClass, ...DnsClass[]]);

export const recordShape = z.strictObject({
  name: z.string(),
  type: z.string(),
  ttl: z.number(),
  rdata: z.string(),
  class: dnsClass.optional(),
});

export const rcodeShape = z.enum(['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']);

export const questionShape = z.strictObject({
  qname: z.string(),
  qtype: z.string(),
  qclass: dnsClass.optional(),
  do: z.boolean().optional(),
  cd: z.boolean().optional(),
  ad: z.boolean().optional(),
});
export type RecordedQuestion = z.infer<typeof questionShape>;

export const replyShape = z.strictObject({
  rcode: rcodeShape,
  answer: z.array(recordShape),
  ns: z.array(recordShape).optional(),
  extra: z.array(recordShape).optional(),
  /** where the reply's question is not the query's */
  question: questionShape.optional(),
  qr: z.boolean().optional(),
  tc: z.boolean().optional(),
  ad: z.boolean().optional(),
  ra: z.boolean().optional(),
  cd: z.boolean().optional(),
  do: z.boolean().optional(),
});
export type RecordedReply = z.infer<typeof replyShape>;

const UDP_SIZE_BYTES = 4096;

export function ednsFor(dnssecOk: boolean | undefined): DnsMessage['edns'] {
  return dnssecOk === true ? { udpSizeBytes: UDP_SIZE_BYTES, dnssecOk, options: [] } : undefined;
}

export function recordsOf(records: readonly z.infer<typeof recordShape>[] = []): readonly DnsRecord[] {
  return records.map(({ rdata, class: recordClass, ...rest }) => ({
    ...rest,
    data: rdata,
    ...(recordClass === undefined ? {} : { class: recordClass }),
  }));
}

function messageOf(question: RecordedQuestion): DnsMessage {
  const { qname, qtype, qclass } = question;
  return {
    id: 1,
    response: false,
    question: { name: qname, type: qtype, ...(qclass === undefined ? {} : { class: qclass }) },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    edns: ednsFor(question.do),
    checkingDisabled: question.cd ?? false,
    authenticData: question.ad ?? false,
    recursionDesired: true,
    answers: [],
    authorities: [],
    additionals: [],
  };
}

export function queryOf(question: RecordedQuestion): DnsMessage {
  return messageOf(question);
}

/** The reply to a query; only where it says so it has an OPT record with DO. */
export function replyOf(recorded: RecordedReply, query: DnsMessage): DnsMessage {
  return {
    ...query,
    response: recorded.qr ?? true,
    question: recorded.question === undefined ? query.question : messageOf(recorded.question).question,
    rcode: recorded.rcode,
    truncated: recorded.tc ?? false,
    authenticData: recorded.ad ?? false,
    recursionAvailable: recorded.ra ?? false,
    checkingDisabled: recorded.cd ?? query.checkingDisabled ?? false,
    edns: ednsFor(recorded.do),
    answers: recordsOf(recorded.answer),
    authorities: recordsOf(recorded.ns),
    additionals: recordsOf(recorded.extra),
  };
}
