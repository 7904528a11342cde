/**
 * The short way of what is kept and served most: one address, for a name asked for in lower case. Says the same as the way of any
 * other reply (write.ts, index.ts), and keeps no object.
 */
import type { DnsMessage } from '../../../../src/model/index.ts';
import { questionOf } from '../../message.ts';
import type { DnsRequest } from '../../plugin.ts';
import type { CacheOptions } from './options.ts';
import type { Passage } from './write.ts';

const TTL_MAX = 2 ** 31 - 1;
const NO_RECORDS: DnsMessage['answers'] = [];

/** Where nothing is fetched anew and nothing expired is served: how often an item is asked for does not matter then. */
function isSimple({ prefetch, staleUpToSeconds, preferPositive, success }: CacheOptions): boolean {
  return prefetch.hits <= 0 && staleUpToSeconds === 0 && !preferPositive && success.except.length === 0;
}

/** The address, where the reply says nothing else. */
function addressIn(reply: DnsMessage, { lowerName, type }: DnsRequest): string | undefined {
  const { question, rcode, answers, authorities, additionals } = reply;
  const record = answers[0];
  if (record === undefined || answers.length > 1 || authorities.length > 0 || additionals.length > 0) return undefined;
  if (rcode !== 'NOERROR' || reply.truncated || !reply.response) return undefined;
  if (reply.recursionAvailable === true || reply.authenticData === true) return undefined;
  const asked = question.type === type && question.class === undefined && question.name === lowerName;
  return asked && record.type === type && record.class === undefined && record.name === lowerName
    ? record.data
    : undefined;
}

/** Keeps a reply that is one address, and returns the TTL that it is kept for; undefined where it goes the way of others. */
export function keepPlain(reply: DnsMessage, { request, context, options, memory }: Passage): number | undefined {
  const address = isSimple(options) ? addressIn(reply, request) : undefined;
  if (address === undefined) return undefined;
  const { ttlMin, ttlMax } = options.success;
  const ttl = Math.max(Math.min(reply.answers[0]!.ttl, ttlMax), ttlMin);
  if (ttl <= 0 || ttl > TTL_MAX || !Number.isInteger(ttl)) return undefined;
  return memory.setPlain(request, { address, ttl, storedAt: context.at }, context.dice) ? ttl : undefined;
}

/** From the cache to this client, as `served` does. */
export function servedPlain(request: DnsRequest, address: string, ttl: number): DnsMessage {
  return {
    id: request.id,
    response: true,
    question: questionOf(request),
    rcode: 'NOERROR',
    authoritative: true,
    truncated: false,
    recursionDesired: request.recursionDesired,
    checkingDisabled: request.checkingDisabled,
    answers: [{ name: request.lowerName, type: request.type, ttl, data: address }],
    authorities: NO_RECORDS,
    additionals: NO_RECORDS,
    recursionAvailable: false,
    authenticData: false,
  };
}
