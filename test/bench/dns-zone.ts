/** A cluster's names at any size, and queries for them. */
import type { DnsFacts } from '../../controllers/coredns/index.ts';
import { factsFor, recordsFor } from '../../controllers/coredns/test-facts.ts';
import type { DnsRecords, Program } from '../../src/dataplane/index.ts';
import type { Dice, DnsMessage } from '../../src/model/index.ts';

const SERVICES_PER_NAMESPACE = 100;
const DIGITS = '0123456789';

/**
 * A number's text, digit by digit: as many at every size of the cluster, so that names of many Services are no longer than those of
 * few. The runtime keeps the texts of thousands of numbers that it prints itself, and its collector moves them again and again: with
 * many Services that took as long as looking them up.
 */
function decimal(number: number, digits: number): string {
  const last = DIGITS[number % 10]!;
  return digits === 1 ? last : decimal(Math.floor(number / 10), digits - 1) + last;
}

function placeOf(index: number): { readonly namespace: string; readonly name: string } {
  const namespace = Math.floor(index / SERVICES_PER_NAMESPACE);
  return { namespace: `team-${decimal(namespace, 4)}`, name: `service-${decimal(index, 6)}` };
}

function keyOf(index: number): string {
  const { namespace, name } = placeOf(index);
  return `${namespace}/${name}`;
}

/** 10.0.0.1 and so on. */
function address(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

/** Anywhere in 10.0.0.0/12: the allocator takes addresses by chance. An odd factor gives each Service its own. */
function clusterIP(index: number): string {
  return address(10, ((index + 1) * 0x9e379) & 0xfffff);
}

/** A ClusterIP Service with one port and two endpoints; `generation` moves the second endpoint. */
export function recordsOf(index: number, generation = 0): DnsRecords {
  return recordsFor(keyOf(index), clusterIP(index), [address(100, index), address(101 + generation, index)]);
}

export function changeOf(index: number, value: DnsRecords): Program {
  return { piece: 'dns', key: keyOf(index), value };
}

/** The facts of a cluster with these Services. */
export function factsOf(records: readonly DnsRecords[]): DnsFacts {
  return factsFor(Object.fromEntries(records.map((value, i) => [keyOf(i), value])));
}

export function nameOf(index: number): string {
  const { namespace, name } = placeOf(index);
  return `${name}.${namespace}.svc.cluster.local.`;
}

/** Which of so many Services is asked for next. */
export type Choice = (services: number, dice: Dice) => number;

/** Each as often as any other: no cache, of a processor either, knows the next. */
export const alike: Choice = (services, dice) => dice.below(services);

const PARTS = 2 ** 30;

/**
 * By Zipf's law, as names are asked for in fact: the second Service half as often as the first, the third a third as often (Jung, Sit,
 * Balakrishnan and Morris, DNS Performance and the Effectiveness of Caching, 2002).
 */
export const popular: Choice = (services, dice) =>
  Math.floor(Math.exp((dice.below(PARTS) / PARTS) * Math.log(services + 1))) - 1;

/** Queries for addresses of Services; each has a name of its own in memory, as one that was read from a packet. */
export function queriesFor(services: number, count: number, choice: Choice, dice: Dice): readonly DnsMessage[] {
  return Array.from({ length: count }, (_, id) => ({
    id: id & 0xffff,
    response: false,
    question: { name: Buffer.from(nameOf(choice(services, dice))).toString('latin1'), type: 'A' },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    answers: [],
    authorities: [],
    additionals: [],
  }));
}
