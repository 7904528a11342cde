/** A cluster's names at any size, and queries for them. */
import type { DnsFacts } from '../../controllers/coredns/index.ts';
import { factsFor, recordsFor } from '../../controllers/coredns/test-facts.ts';
import type { DnsRecords, Program } from '../../src/dataplane/index.ts';
import type { Dice, DnsMessage } from '../../src/model/index.ts';

const SERVICES_PER_NAMESPACE = 100;
const DIGITS = '0123456789';

/**
 * A number's text, digit by digit. The runtime keeps the texts of thousands of numbers that it prints itself, and its collector
 * moves them again and again: with many Services that took as long as looking them up.
 */
function decimal(number: number): string {
  const last = DIGITS[number % 10]!;
  return number < 10 ? last : decimal(Math.floor(number / 10)) + last;
}

function placeOf(index: number): { readonly namespace: string; readonly name: string } {
  return { namespace: `team-${Math.floor(index / SERVICES_PER_NAMESPACE)}`, name: `service-${index}` };
}

function keyOf(index: number): string {
  const { namespace, name } = placeOf(index);
  return `${namespace}/${name}`;
}

/** 10.0.0.1 and so on. */
function address(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

/** A ClusterIP Service with one port and two endpoints; `generation` moves the second endpoint. */
export function recordsOf(index: number, generation = 0): DnsRecords {
  return recordsFor(keyOf(index), address(10, index + 1), [address(100, index), address(101 + generation, index)]);
}

export function changeOf(index: number, value: DnsRecords): Program {
  return { piece: 'dns', key: keyOf(index), value };
}

/** The facts of a cluster with these Services. */
export function factsOf(records: readonly DnsRecords[]): DnsFacts {
  return factsFor(Object.fromEntries(records.map((value, i) => [keyOf(i), value])));
}

export function nameOf(index: number): string {
  const namespace = Math.floor(index / SERVICES_PER_NAMESPACE);
  return `service-${decimal(index)}.team-${decimal(namespace)}.svc.cluster.local.`;
}

/** Queries for addresses of Services by chance; each has a name of its own in memory, as one that was read from a packet. */
export function queriesFor(services: number, count: number, dice: Dice): readonly DnsMessage[] {
  return Array.from({ length: count }, (_, id) => ({
    id: id & 0xffff,
    response: false,
    question: { name: Buffer.from(nameOf(dice.below(services))).toString('latin1'), type: 'A' },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    answers: [],
    authorities: [],
    additionals: [],
  }));
}
