/** Replies, as miekg/dns makes them for CoreDNS. */
import type { DnsMessage, DnsQuestion, DnsRecord, Edns, Rcode } from '../../src/model/index.ts';
import type { DnsReply, DnsRequest } from './plugin.ts';

const NO_RECORDS: readonly DnsRecord[] = [];

export interface Sections {
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
  readonly truncated?: boolean;
  /** true unless said otherwise */
  readonly authoritative?: boolean;
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
    answers: sections.answers ?? NO_RECORDS,
    authorities: sections.authorities ?? NO_RECORDS,
    additionals: sections.additionals ?? NO_RECORDS,
  };
}

/** What the server writes where no plugin wrote anything: the bare code. */
export function writtenReply(request: DnsRequest, reply: DnsReply): DnsMessage {
  return typeof reply === 'string' ? replyTo(request, reply, { authoritative: false }) : reply;
}

/** NSID, expire, cookie, TCP keepalive and padding: options that any reply repeats. */
const REPEATED_OPTIONS: ReadonlySet<number> = new Set([3, 9, 10, 11, 12]);

/** What a reply says of EDNS where no plugin said anything: what the query did, less the options that are not known. */
export function repeatedEdns(edns: Edns | undefined, known: readonly number[]): Edns | undefined {
  if (edns === undefined) return undefined;
  return { ...edns, options: edns.options.filter(({ code }) => REPEATED_OPTIONS.has(code) || known.includes(code)) };
}
