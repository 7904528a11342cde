/**
 * Services' own names and where they lead, in rows: what most queries ask for. A row holds an IPv4 address itself, as the number of
 * one of the few texts that addresses begin with, and two octets; what else a name leads to is an object beside the rows.
 */
import type { DnsHost } from './dns-records.ts';
import { LabelRows } from './label-rows.ts';
import { type NameWords, wordsOfName } from './name-words.ts';

const LABEL_LENGTH_MAX = 63;
const THIRD_OCTETS = Array.from({ length: 256 }, (_, octet) => `${octet}.`);
const LAST_OCTETS = Array.from({ length: 256 }, (_, octet) => String(octet));
const ADDRESS = /^(\d+\.\d+\.)(\d+)\.(\d+)$/;
/** A value is not negative: beside 16 bits of octets and one that tells addresses, 14 are left. */
const PREFIXES_MAX = 1 << 14;
const NO_SEED = () => 0;

/** Where a name's namespace begins; -1 where the name is not two labels. */
function namespaceAt(name: NameWords): number {
  const { length } = name;
  const dot = name.isPlain ? name.firstDot() : -1;
  const isLabel = (size: number) => size > 0 && size <= LABEL_LENGTH_MAX;
  if (!isLabel(dot) || !isLabel(length - dot - 1) || name.text.includes('.', dot + 1)) return -1;
  return dot + 1;
}

/** By `my-api.default`. What has no such name is not kept: whoever asks for it goes the long way. */
export class NameRows {
  readonly #namespaces = new LabelRows(NO_SEED);
  readonly #services = new LabelRows((namespace) => this.#seeds[namespace]!);
  /** by the number of a namespace, which it keeps: its hash and its name */
  readonly #seeds: number[] = [];
  readonly #namespaceNames: string[] = [];
  readonly #prefixes: string[] = [];
  readonly #prefixNumbers = new Map<string, number>();
  readonly #others: (readonly DnsHost[])[] = [];
  readonly #freeOthers: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the namespace whose name stands there; -1 where no Service has been in it. `hash` is the name's. */
  namespace(name: NameWords, from: number, to: number, hash = name.hash(from, to, 0)): number {
    return this.#namespaces.find(name, from, to, 0, hash);
  }

  namespaceName(namespace: number): string {
    return this.#namespaceNames[namespace]!;
  }

  /**
   * What `address` and `hosts` take, of the Service whose name is the first `to` characters; -1 where there is none.
   * `namespaceHash` is the hash of the namespace's name: with it the row's place does not wait for what the namespace's row says.
   */
  service(name: NameWords, to: number, namespace: number, namespaceHash = this.#seeds[namespace]!): number {
    return this.#services.find(name, 0, to, namespace, name.hash(0, to, namespaceHash));
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
    const begins = namespaceAt(name);
    const namespace = begins < 0 ? -1 : this.namespace(name, begins, name.length);
    const service = namespace < 0 ? -1 : this.service(name, begins - 1, namespace);
    return service < 0 ? undefined : this.hosts(service);
  }

  set(key: string, hosts: readonly DnsHost[]): void {
    this.delete(key);
    const name = wordsOfName(key);
    const begins = namespaceAt(name);
    if (begins < 0) return;
    const namespace = this.#numberOf(name, begins);
    this.#services.set(name, 0, begins - 1, namespace, this.#valueOf(hosts));
    this.#size++;
  }

  delete(key: string): void {
    const name = wordsOfName(key);
    const begins = namespaceAt(name);
    const namespace = begins < 0 ? -1 : this.namespace(name, begins, name.length);
    const service = namespace < 0 ? -1 : this.service(name, begins - 1, namespace);
    if (service < 0) return;
    if ((service & 1) === 1) this.#freeOthers.push(service >>> 1);
    this.#services.delete(name, 0, begins - 1, namespace);
    this.#size--;
  }

  *keys(): Generator<string> {
    for (const { owner, label } of this.#services.all()) yield `${label}.${this.#namespaceNames[owner]}`;
  }

  #numberOf(name: NameWords, begins: number): number {
    const known = this.namespace(name, begins, name.length);
    if (known >= 0) return known;
    const number = this.#namespaceNames.push(name.text.slice(begins)) - 1;
    this.#seeds.push(name.hash(begins, name.length, 0));
    this.#namespaces.set(name, begins, name.length, 0, number);
    return number;
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
