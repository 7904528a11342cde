/**
 * Which half of the cache a reply belongs to, if any, and for how long.
 *
 * Source: CoreDNS plugin/pkg/response/typify.go, plugin/cache/cache.go, plugin/pkg/dnsutil/ttl.go; RFC 2308.
 */
import type { DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import type { CacheOptions } from './options.ts';

export type ReplyClass = 'success' | 'denial' | 'servfail' | 'never';

const TTL_WITHOUT_RECORDS = 5;
const TTL_MAX = 3600;

/** The one name that `owner` is an alias of: null where there are several, undefined where it is none. */
function aliasOf(owner: string, answers: readonly DnsRecord[]): string | null | undefined {
  let target: string | undefined;
  for (const record of answers) {
    if (record.type !== 'CNAME' || record.name.toLowerCase() !== owner) continue;
    const data = record.data.toLowerCase();
    if (target !== undefined && target !== data) return null;
    target = data;
  }
  return target;
}

/** Whether the answers hold a record of the type asked for at the end of the one chain of aliases from the name asked for. */
export function answersQuestion({ question, rcode, answers }: DnsMessage): boolean {
  if (rcode !== 'NOERROR' || answers.length === 0) return false;
  let name = question.name.toLowerCase();
  if (question.type === 'ANY') return answers.some((record) => record.name.toLowerCase() === name);
  if (question.type === 'CNAME') return typeof aliasOf(name, answers) === 'string';
  const seen = new Set<string>();
  for (let target = aliasOf(name, answers); target !== undefined; target = aliasOf(name, answers)) {
    if (target === null || seen.has(name)) return false;
    seen.add(name);
    name = target;
  }
  return answers.some((record) => record.type === question.type && record.name.toLowerCase() === name);
}

function classOfNoError(reply: DnsMessage, hasSoa: boolean): ReplyClass {
  if (reply.answers.length === 0) return hasSoa ? 'denial' : 'success';
  if (answersQuestion(reply)) return 'success';
  return hasSoa ? 'denial' : 'never';
}

export function classify(reply: DnsMessage): ReplyClass {
  const { type } = reply.question;
  if (reply.truncated || type === 'AXFR' || type === 'IXFR') return 'never';
  const hasSoa = reply.authorities.some((record) => record.type === 'SOA');
  switch (reply.rcode) {
    case 'NOERROR':
      return classOfNoError(reply, hasSoa);
    case 'NXDOMAIN':
      return hasSoa && reply.answers.length === 0 ? 'denial' : 'never';
    case 'SERVFAIL':
    case 'NOTIMP':
      return 'servfail';
    default:
      return 'never';
  }
}

/** The lowest TTL in the whole reply, in seconds. */
function lowestTtl({ answers, authorities, additionals }: DnsMessage, most: number): number {
  if (answers.length + authorities.length + additionals.length === 0) return TTL_WITHOUT_RECORDS;
  let lowest = most;
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) if (record.type !== 'OPT' && record.ttl < lowest) lowest = record.ttl;
  }
  return lowest;
}

/** How many seconds a reply is kept; every record of it is given this TTL, also in the reply that is not kept. */
export function ttlOf(reply: DnsMessage, kept: ReplyClass, options: CacheOptions): number {
  if (kept === 'servfail') return Math.floor(options.servfailTtl);
  const half = reply.rcode === 'NXDOMAIN' || kept === 'denial' ? options.denial : options.success;
  const isDelegation =
    kept === 'success' && reply.answers.length === 0 && reply.authorities.some((record) => record.type === 'NS');
  const isOther = reply.rcode === 'REFUSED' || reply.rcode === 'FORMERR';
  const lowest = isDelegation || isOther ? TTL_WITHOUT_RECORDS : lowestTtl(reply, Math.min(half.ttlMax, TTL_MAX));
  return Math.min(Math.max(lowest, half.ttlMin), half.ttlMax);
}
