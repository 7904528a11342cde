/**
 * Services' own names and where they lead, in rows: what most queries ask for. A row holds an IPv4 address itself, as one of the
 * few texts that addresses begin with and the last octet; what else a name leads to is an object beside the rows.
 */
import type { DnsHost } from './dns-records.ts';
import { LabelRows } from './label-rows.ts';
import { type NameWords, wordsOfName } from './name-words.ts';

const LABEL_LENGTH_MAX = 63;
const OCTETS = Array.from({ length: 256 }, (_, octet) => String(octet));
const PLAIN_ADDRESS = /^(\d+\.\d+\.\d+\.)(\d+)$/;
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

  /** The number of the namespace whose name stands there; -1 where no Service has been in it. */
  namespace(name: NameWords, from: number, to: number): number {
    return this.#namespaces.find(name, from, to, 0);
  }

  namespaceName(namespace: number): string {
    return this.#namespaceNames[namespace]!;
  }

  /** What `address` and `hosts` take, of the Service whose name is the first `to` characters; -1 where there is none. */
  service(name: NameWords, to: number, namespace: number): number {
    return this.#services.find(name, 0, to, namespace);
  }

  /** The one address, IPv4, that a Service's name leads to; undefined where it leads elsewhere. */
  address(service: number): string | undefined {
    return (service & 1) === 0 ? this.#prefixes[service >>> 9]! + OCTETS[(service >>> 1) & 0xff]! : undefined;
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
    if (host?.type === 'A' && host.text === host.data && another === undefined) {
      const [, prefix, last] = PLAIN_ADDRESS.exec(host.data)!;
      return (this.#prefixNumber(prefix!) << 9) | (Number(last) << 1);
    }
    const free = this.#freeOthers.pop();
    if (free === undefined) return ((this.#others.push(hosts) - 1) << 1) | 1;
    this.#others[free] = hosts;
    return (free << 1) | 1;
  }

  #prefixNumber(prefix: string): number {
    let number = this.#prefixNumbers.get(prefix);
    if (number === undefined) {
      number = this.#prefixes.push(prefix) - 1;
      this.#prefixNumbers.set(prefix, number);
    }
    return number;
  }
}
