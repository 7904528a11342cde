/** Queries and replies, as miekg/dns makes them for CoreDNS. */
import type { DnsMessage, DnsQuestion, DnsRecord, Edns, Rcode, RecordType } from '../../src/model/index.ts';
import { type DnsReply, type DnsRequest, isMessage } from './plugin.ts';

const NO_RECORDS: readonly DnsRecord[] = [];

export interface Sections {
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
  readonly truncated?: boolean;
  /** true unless said otherwise */
  readonly authoritative?: boolean;
}

/** Whether the client asks for signatures (the DO bit). */
export function wantsDnssec({ edns }: DnsRequest): boolean {
  return edns?.dnssecOk === true;
}

export function questionOf({ name, type, class: asked }: DnsRequest): DnsQuestion {
  return asked === 'IN' ? { name, type } : { name, type, class: asked };
}

export function replyTo(request: DnsRequest, rcode: Rcode, sections: Sections = {}): DnsMessage {
  return {
    id: request.id,
    response: true,
    question: questionOf(request),
    rcode,
    authoritative: sections.authoritative ?? true,
    truncated: sections.truncated ?? false,
    recursionDesired: request.recursionDesired,
    checkingDisabled: request.checkingDisabled,
    answers: sections.answers ?? NO_RECORDS,
    authorities: sections.authorities ?? NO_RECORDS,
    additionals: sections.additionals ?? NO_RECORDS,
  };
}

/** What the server writes where no plugin wrote anything: the bare code. */
export function writtenReply(request: DnsRequest, reply: DnsReply): DnsMessage {
  if (isMessage(reply)) return reply;
  return replyTo(request, typeof reply === 'string' ? reply : reply.failed, { authoritative: false });
}

/** The query as a message, to be sent on. */
export function queryOf(request: DnsRequest): DnsMessage {
  const { id, recursionDesired, authenticData, checkingDisabled, edns } = request;
  return {
    id,
    response: false,
    question: questionOf(request),
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    ...{ recursionDesired, authenticData, checkingDisabled, edns },
    answers: NO_RECORDS,
    authorities: NO_RECORDS,
    additionals: NO_RECORDS,
  };
}

/** A question of a server's own, such as a health check. */
export function queryFor(name: string, type: RecordType, recursionDesired: boolean): DnsMessage {
  return {
    id: 0,
    response: false,
    question: { name, type },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired,
    answers: NO_RECORDS,
    authorities: NO_RECORDS,
    additionals: NO_RECORDS,
  };
}

/** Whether a reply belongs to a query: its question is the same (CoreDNS request.Request, `Match`). */
export function isReplyTo({ response, question }: DnsMessage, request: DnsRequest): boolean {
  return (
    response &&
    question.type === request.type &&
    (question.class ?? 'IN') === request.class &&
    question.name.toLowerCase() === request.lowerName
  );
}

/** NSID, expire, cookie, TCP keepalive and padding: options that any reply repeats. */
const REPEATED_OPTIONS: ReadonlySet<number> = new Set([3, 9, 10, 11, 12]);

/** What a reply says of EDNS where no plugin said anything: what the query did, less the options that are not known. */
export function repeatedEdns(edns: Edns | undefined, known: readonly number[]): Edns | undefined {
  if (edns === undefined) return undefined;
  return { ...edns, options: edns.options.filter(({ code }) => REPEATED_OPTIONS.has(code) || known.includes(code)) };
}
