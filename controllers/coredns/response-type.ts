/**
 * What kind of answer a reply is, which plugins cache and log go by.
 *
 * Source: CoreDNS plugin/pkg/response/typify.go; miekg/dns `RRSIG.ValidityPeriod`.
 */
import { type DnsMessage, type DnsRecord, EPOCH_MS, type Moment } from '../../src/model/index.ts';

export type ResponseType =
  | 'NOERROR'
  /** the name exists, the type does not: NOERROR with a SOA */
  | 'NODATA'
  | 'NXDOMAIN'
  /** SERVFAIL and NOTIMP */
  | 'SERVERERROR'
  /** NOERROR that names other servers */
  | 'DELEGATION'
  /** a zone transfer */
  | 'META'
  | 'OTHERERROR';

const EXPIRATION_FIELD = 4;
const INCEPTION_FIELD = 5;
/** Signature times are 32 bits wide and wrap around. */
const WRAP_SECONDS = 2 ** 31;

/** `20160521031301`, or seconds since 1970. */
function secondsOf(time: string): number {
  if (time.length !== 14) return Number(time);
  const [year, month, day, hour, minute, second] = [0, 4, 6, 8, 10, 12].map((start, i) =>
    Number(time.slice(start, start + (i === 0 ? 4 : 2))),
  ) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

function isValidSignature({ data }: DnsRecord, at: Moment): boolean {
  const fields = data.split(' ');
  const now = Math.floor((EPOCH_MS + at) / 1000);
  const unwrapped = (seconds: number) => seconds + Math.trunc((seconds - now) / WRAP_SECONDS) * WRAP_SECONDS;
  const inception = unwrapped(secondsOf(fields[INCEPTION_FIELD] ?? ''));
  return inception <= now && now <= unwrapped(secondsOf(fields[EXPIRATION_FIELD] ?? ''));
}

function hasExpiredSignature({ answers, authorities, additionals }: DnsMessage, at: Moment): boolean {
  return [answers, authorities, additionals].some((records) =>
    records.some((record) => record.type === 'RRSIG' && !isValidSignature(record, at)),
  );
}

export function hasSoa({ authorities }: DnsMessage): boolean {
  return authorities.some(({ type }) => type === 'SOA');
}

export function responseType(reply: DnsMessage, at: Moment): ResponseType {
  const { rcode, answers, authorities, question, edns } = reply;
  if (question.type === 'AXFR' || question.type === 'IXFR') return 'META';
  if (edns?.dnssecOk === true && hasExpiredSignature(reply, at)) return 'OTHERERROR';
  switch (rcode) {
    case 'NOERROR':
      if (answers.length > 0) return 'NOERROR';
      if (hasSoa(reply)) return 'NODATA';
      return authorities.some(({ type }) => type === 'NS') ? 'DELEGATION' : 'NOERROR';
    case 'NXDOMAIN':
      return answers.length > 0 ? 'OTHERERROR' : 'NXDOMAIN';
    case 'SERVFAIL':
    case 'NOTIMP':
      return 'SERVERERROR';
    default:
      return 'OTHERERROR';
  }
}
