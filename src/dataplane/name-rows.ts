/**
 * Services' own names and where they lead, in rows: what most queries ask for. A row holds an IPv4 address itself, as the number of
 * one of the few texts that addresses begin with, and two octets; what else a name leads to is an object beside the rows.
 */
import type { DnsHost } from './dns-records.ts';
import { NameTable } from './name-table.ts';
import { type NameWords, wordsOfName } from './name-words.ts';

const LABEL_LENGTH_MAX = 63;
const THIRD_OCTETS = Array.from({ length: 256 }, (_, octet) => `${octet}.`);
const LAST_OCTETS = Array.from({ length: 256 }, (_, octet) => String(octet));
const ADDRESS = /^(\d+\.\d+\.)(\d+)\.(\d+)$/;
/** A value is not negative: beside 16 bits of octets and one that tells addresses, 14 are left. */
const PREFIXES_MAX = 1 << 14;
/** Four characters a word: most names are short, and what would fit them all would be mostly empty. */
const SHORT_WORDS = 6;
const MIDDLE_WORDS = 14;
const LONG_WORDS = 32;

/** Where a name's namespace begins; -1 where the name is not two labels. */
function namespaceAt({ text, length, isPlain }: NameWords): number {
  const dot = isPlain ? text.indexOf('.') : -1;
  const isLabel = (size: number) => size > 0 && size <= LABEL_LENGTH_MAX;
  if (!isLabel(dot) || !isLabel(length - dot - 1) || text.includes('.', dot + 1)) return -1;
  return dot + 1;
}

/** By `my-api.default`. What has no such name is not kept: whoever asks for it goes the long way. */
export class NameRows {
  readonly #short = new NameTable(SHORT_WORDS);
  readonly #middle = new NameTable(MIDDLE_WORDS);
  readonly #long = new NameTable(LONG_WORDS);
  readonly #namespaceNumbers = new Map<string, number>();
  readonly #namespaceNames: string[] = [];
  readonly #prefixes: string[] = [];
  readonly #prefixNumbers = new Map<string, number>();
  readonly #others: (readonly DnsHost[])[] = [];
  readonly #freeOthers: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  namespaceName(namespace: number): string {
    return this.#namespaceNames[namespace]!;
  }

  /** Where names of so many characters are; a row's value there is what `address` and `hosts` take. */
  tableOf(length: number): NameTable {
    if (length <= SHORT_WORDS * 4) return this.#short;
    return length <= MIDDLE_WORDS * 4 ? this.#middle : this.#long;
  }

  /** The one address, IPv4, that a Service's name leads to; undefined where it leads elsewhere. */
  address(service: number): string | undefined {
    if ((service & 1) !== 0) return undefined;
    return (
      this.#prefixes[service >>> 17]! + THIRD_OCTETS[(service >>> 9) & 0xff]! + LAST_OCTETS[(service >>> 1) & 0xff]!
    );
  }

  hosts(service: number): readonly DnsHost[] {
    const address = this.address(service);
    return address === undefined ? this.#others[service >>> 1]! : [{ text: address, type: 'A', data: address }];
  }

  get(key: string): readonly DnsHost[] | undefined {
    const name = wordsOfName(key);
    const service = namespaceAt(name) < 0 ? -1 : this.#service(name);
    return service < 0 ? undefined : this.hosts(service);
  }

  set(key: string, hosts: readonly DnsHost[]): void {
    this.delete(key);
    const name = wordsOfName(key);
    const begins = namespaceAt(name);
    if (begins < 0) return;
    this.tableOf(name.length).set(name, this.#numberOf(key.slice(begins)), this.#valueOf(hosts));
    this.#size++;
  }

  delete(key: string): void {
    const name = wordsOfName(key);
    const service = namespaceAt(name) < 0 ? -1 : this.#service(name);
    if (service < 0) return;
    if ((service & 1) === 1) this.#freeOthers.push(service >>> 1);
    this.tableOf(name.length).delete(name);
    this.#size--;
  }

  *keys(): Generator<string> {
    for (const table of [this.#short, this.#middle, this.#long]) for (const { name } of table.all()) yield name;
  }

  #service(name: NameWords): number {
    const table = this.tableOf(name.length);
    const row = table.find(name, name.length);
    return row < 0 ? -1 : table.valueAt(row);
  }

  #numberOf(namespace: string): number {
    const known = this.#namespaceNumbers.get(namespace);
    if (known !== undefined) return known;
    this.#namespaceNumbers.set(namespace, this.#namespaceNames.length);
    return this.#namespaceNames.push(namespace) - 1;
  }

  #valueOf(hosts: readonly DnsHost[]): number {
    const [host, another] = hosts;
    const isAddress = host?.type === 'A' && host.text === host.data && another === undefined;
    const [, prefix, third, last] = (isAddress && ADDRESS.exec(host.data)) || [];
    const number = prefix === undefined ? -1 : this.#prefixNumber(prefix);
    if (number >= 0) return (number << 17) | (Number(third) << 9) | (Number(last) << 1);
    const free = this.#freeOthers.pop();
    if (free === undefined) return ((this.#others.push(hosts) - 1) << 1) | 1;
    this.#others[free] = hosts;
    return (free << 1) | 1;
  }

  /** -1 where there is no number left. */
  #prefixNumber(prefix: string): number {
    const known = this.#prefixNumbers.get(prefix);
    if (known !== undefined) return known;
    if (this.#prefixes.length === PREFIXES_MAX) return -1;
    this.#prefixNumbers.set(prefix, this.#prefixes.length);
    return this.#prefixes.push(prefix) - 1;
  }
}
