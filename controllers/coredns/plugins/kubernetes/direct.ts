/**
 * The shortest way to the most frequent answer: the addresses of a Service with ClusterIPs, asked for by its plain name. The
 * general way (records.ts) says the same; test/properties holds the two together. What is not plain is left to it.
 */
import { type NameRows, NameSuffix, wordsOfName } from '../../../../src/dataplane/index.ts';
import type { DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsContext, DnsFacts, DnsRequest } from '../../plugin.ts';
import { inZone, isReverse } from '../../zones.ts';
import type { KubernetesOptions } from './options.ts';

export type Direct = (request: DnsRequest, context: DnsContext) => DnsMessage | undefined;

/** Two labels and a dot. */
const NAME_LENGTH_MAX = 127;

const NEVER: Direct = () => undefined;

/** Options that hide Services, and zones within zones, are left to the general way. */
function isPlain({ zones, labels, namespaceLabels, ignoreEmptyService, multicluster }: KubernetesOptions): boolean {
  const nested = zones.some((zone) => zones.some((other) => other !== zone && inZone(zone, other)));
  return (
    !nested && labels === undefined && namespaceLabels === undefined && !ignoreEmptyService && multicluster.length === 0
  );
}

/** Which namespaces are answered for, remembered by their numbers for as long as the same ones exist. */
class ExposedNamespaces {
  readonly #chosen: ReadonlySet<string>;
  #names: NameRows | undefined;
  #existing: DnsFacts['dnsNamespace'] | undefined;
  #exposed: boolean[] = [];

  /** `chosen`: none stands for all */
  constructor(chosen: ReadonlySet<string>) {
    this.#chosen = chosen;
  }

  has(namespace: number, names: NameRows, existing: DnsFacts['dnsNamespace']): boolean {
    if (names !== this.#names || existing !== this.#existing) {
      this.#names = names;
      this.#existing = existing;
      this.#exposed = [];
    }
    return this.#exposed[namespace] ?? this.#look(namespace, names, existing);
  }

  #look(namespace: number, names: NameRows, existing: DnsFacts['dnsNamespace']): boolean {
    // No holes: an array with holes is slow to read.
    while (this.#exposed.length <= namespace) {
      const name = names.namespaceName(this.#exposed.length);
      this.#exposed.push((this.#chosen.size === 0 || this.#chosen.has(name)) && existing.has(name));
    }
    return this.#exposed[namespace]!;
  }
}

/** The addresses of one kind that a Service's name leads to. */
function recordsOf(request: DnsRequest, service: number, names: NameRows, ttl: number): readonly DnsRecord[] {
  const { name, type } = request;
  const address = names.address(service);
  if (address !== undefined) return type === 'A' ? [{ name, type, ttl, data: address }] : [];
  return names.hosts(service).flatMap((host) => (host.type === type ? [{ name, type, ttl, data: host.data }] : []));
}

export function directAnswers(options: KubernetesOptions): Direct {
  if (!isPlain(options)) return NEVER;
  const forward = options.zones.filter((zone) => !isReverse(`.${zone}`));
  const suffixes = forward.map((zone) => new NameSuffix(`.svc.${zone}`));
  const exposed = new ExposedNamespaces(options.namespaces);
  return (request, { facts }) => {
    if (request.type !== 'A' && request.type !== 'AAAA') return undefined;
    const name = wordsOfName(request.lowerName);
    if (!name.isPlain) return undefined;
    for (const suffix of suffixes) {
      if (!name.endsWith(suffix)) continue;
      const length = name.length - suffix.length;
      if (length <= 0 || length > NAME_LENGTH_MAX) return undefined;
      const names = facts.dns.names;
      const table = names.tableOf(length);
      const row = table.find(name, length);
      if (row < 0 || !exposed.has(table.namespaceAt(row), names, facts.dnsNamespace)) return undefined;
      const answers = recordsOf(request, table.valueAt(row), names, options.ttl);
      return answers.length === 0 ? undefined : replyTo(request, 'NOERROR', { answers });
    }
    return undefined;
  };
}
