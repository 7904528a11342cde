/** Types and classes by number, as miekg/dns prints them. */
import { CLASS_NUMBERS, type DnsClass, RECORD_TYPE_NUMBERS } from '../../model/index.ts';

const TYPE_NAMES = new Map([...RECORD_TYPE_NUMBERS].map(([name, number]) => [number, name]));
const CLASS_NAMES: ReadonlyMap<number, DnsClass> = new Map(
  Object.entries(CLASS_NUMBERS).map(([name, number]) => [number, name as DnsClass]),
);

/** `A`, `HTTPS`, `TYPE4711`. */
export function typeName(number: number): string {
  return TYPE_NAMES.get(number) ?? `TYPE${number}`;
}

/** Throws a RangeError for a name that is none. */
export function typeNumber(name: string): number {
  const number = RECORD_TYPE_NUMBERS.get(name) ?? Number(name.replace(/^TYPE/, ''));
  if (!Number.isInteger(number)) throw new RangeError(`no record type is named ${name}`);
  return number;
}

/** A class that has no name is answered as one that nothing is in. */
export function className(number: number): DnsClass {
  return CLASS_NAMES.get(number) ?? 'NONE';
}
