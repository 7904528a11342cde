/** Replies, as miekg/dns makes them for CoreDNS. */
import type { DnsMessage, DnsRecord, Rcode } from '../../src/model/index.ts';
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

export function replyTo(request: DnsRequest, rcode: Rcode, sections: Sections = {}): DnsMessage {
  return {
    id: request.id,
    response: true,
    question: { name: request.name, type: request.type },
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
