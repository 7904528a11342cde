/**
 * Which half of the cache a reply belongs to, if any, and for how long.
 *
 * Source: CoreDNS plugin/cache/cache.go (`key`, `cacheResponseType`, `answersQuestion`), plugin/pkg/dnsutil/ttl.go; RFC 2308.
 */
import type { DnsMessage, DnsRecord, Moment } from '../../../../src/model/index.ts';
import { hasSoa, type ResponseType, responseType } from '../../response-type.ts';
import type { CacheHalf, CacheOptions } from './options.ts';

const TTL_WITHOUT_RECORDS = 5;

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

/** The name at the end of the chain of aliases from `owner`; undefined where the chain forks or runs in a circle. */
function canonicalName(owner: string, answers: readonly DnsRecord[]): string | undefined {
  const seen = new Set<string>();
  let name = owner;
  for (let target = aliasOf(name, answers); target !== undefined; target = aliasOf(name, answers)) {
    if (target === null || seen.has(name)) return undefined;
    seen.add(name);
    name = target;
  }
  return name;
}

/** Whether the answers hold a record of the type asked for at the end of the one chain of aliases from the name asked for. */
export function answersQuestion({ question, rcode, answers }: DnsMessage): boolean {
  if (rcode !== 'NOERROR') return false;
  const { type, class: asked = 'IN' } = question;
  const owner = question.name.toLowerCase();
  const ofClass = answers.filter((record) => asked === 'ANY' || (record.class ?? 'IN') === asked);
  if (type === 'ANY') return ofClass.some((record) => record.name.toLowerCase() === owner);
  if (type === 'CNAME') return typeof aliasOf(owner, ofClass) === 'string';
  const name = canonicalName(owner, ofClass);
  return ofClass.some((record) => record.type === type && record.name.toLowerCase() === name);
}

/** As the cache sees it: aliases that lead nowhere, with a SOA, are a denial. */
export function cachedType(reply: DnsMessage, at: Moment): ResponseType {
  const type = responseType(reply, at);
  const leadsNowhere = type === 'NOERROR' && reply.answers.length > 0 && hasSoa(reply) && !answersQuestion(reply);
  return leadsNowhere ? 'NODATA' : type;
}

/** Whether a reply may be kept at all. A denial needs a SOA, which bounds it; so do aliases that lead nowhere. */
export function mayBeKept(reply: DnsMessage, type: ResponseType): boolean {
  if (reply.truncated || type === 'OTHERERROR' || type === 'META') return false;
  if (hasSoa(reply)) return true;
  if (type === 'NXDOMAIN') return false;
  return type !== 'NOERROR' || reply.answers.length === 0 || answersQuestion(reply);
}

/** A complete answer that may be given to a client, kept or not. */
export function isUsableAnswer(reply: DnsMessage, at: Moment): boolean {
  return !reply.truncated && cachedType(reply, at) === 'NOERROR' && answersQuestion(reply);
}

/** The lowest TTL in the whole reply, in seconds. */
function lowestTtl({ answers, authorities, additionals }: DnsMessage, most: number): number {
  let lowest = most;
  let records = 0;
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) {
      if (record.type === 'OPT') continue;
      records++;
      if (record.ttl < lowest) lowest = record.ttl;
    }
  }
  return records === 0 ? TTL_WITHOUT_RECORDS : lowest;
}

function clamped(ttl: number, { ttlMin, ttlMax }: CacheHalf): number {
  return Math.min(Math.max(ttl, ttlMin), ttlMax);
}

/** How many seconds a reply is good for; every record of it is given this TTL, also in the reply that is not kept. */
export function lifetimeOf(
  reply: DnsMessage,
  type: ResponseType,
  { success, denial, servfailTtl }: CacheOptions,
): number {
  switch (type) {
    case 'NXDOMAIN':
    case 'NODATA':
      return clamped(lowestTtl(reply, denial.ttlMax), denial);
    case 'SERVERERROR':
      return servfailTtl;
    case 'NOERROR':
      return clamped(lowestTtl(reply, success.ttlMax), success);
    case 'DELEGATION':
    case 'META':
    case 'OTHERERROR':
      return clamped(TTL_WITHOUT_RECORDS, success);
    default:
      return type satisfies never;
  }
}
