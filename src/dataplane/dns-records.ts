/**
 * What CoreDNS's kubernetes plugin knows: Services with their slices, namespaces and pods, as its own informers have them,
 * cut down to what names are made of and indexed by what is asked for.
 *
 * Source: CoreDNS plugin/kubernetes/object/{service,endpoint}.go and the indexers of plugin/kubernetes/controller.go.
 */
import { Map as PersistentMap } from 'immutable';
import {
  type EndpointSlice,
  formatAddress,
  type Key,
  type Labels,
  parseAddress,
  type Service,
  splitKey,
} from '../model/index.ts';
import { type AddressIndex, reindex } from './address-index.ts';
import { VersionedMap } from './versioned-map.ts';

export interface DnsRecords {
  /** undefined where slices name a Service that does not exist, or no longer: their addresses still have names */
  readonly service: Service | undefined;
  /** the Service's slices, by name */
  readonly slices: readonly EndpointSlice[];
}

/** Where a record leads: an address, or a name that a CNAME points to. */
export interface DnsHost {
  /** as the object spells it; what the reverse index compares */
  readonly text: string;
  readonly type: 'A' | 'AAAA' | 'CNAME';
  /** as an answer prints it */
  readonly data: string;
}

/** A port of a Service or a slice. `port` is -1 where none is declared: no SRV record, but addresses still answer. */
export interface DnsPort {
  readonly name: string;
  /** lower case: `tcp` */
  readonly protocol: string;
  readonly port: number;
}

export interface DnsEndpoint {
  readonly host: DnsHost;
  /** the label before the Service's name: the hostname, else the address with dashes */
  readonly label: string;
  /** the same under the option `endpoint_pod_names` */
  readonly podLabel: string;
  /** topology zone in lower case; empty where the endpoint has none */
  readonly zone: string;
}

export interface DnsSlice {
  /** ready endpoints only; one for each address */
  readonly endpoints: readonly DnsEndpoint[];
  readonly ports: readonly DnsPort[];
  readonly labels: Labels;
  /** the cluster that it comes from, where another one has exported it; else empty */
  readonly cluster: string;
}

export interface DnsService {
  readonly key: Key;
  /** false where there are only slices: reverse answers know it, forward answers do not */
  readonly exists: boolean;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly headless: boolean;
  /** where an ExternalName leads; undefined for every other type */
  readonly external: DnsHost | undefined;
  readonly clusterIPs: readonly DnsHost[];
  /** the addresses and host names outside of the cluster: those of the spec, then the load balancer's */
  readonly externalIPs: readonly DnsHost[];
  readonly ports: readonly DnsPort[];
  readonly slices: readonly DnsSlice[];
}

/** A running pod's addresses, kept only where the Corefile says `pods verified`. */
export interface DnsPod {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Labels;
}

const NO_LABELS: Labels = {};
const PORTLESS: readonly DnsPort[] = [{ name: '', protocol: '', port: -1 }];
/** A pod's name longer than this is no DNS label (RFC 1035, 2.3.4). */
const LABEL_LENGTH_MAX = 63;

export function dnsHostOf(text: string): DnsHost {
  const address = parseAddress(text);
  if (address === undefined) return { text, type: 'CNAME', data: text.endsWith('.') ? text : `${text}.` };
  return { text, type: typeof address === 'number' ? 'A' : 'AAAA', data: formatAddress(address) };
}

/** An address as a label: `10-244-1-10`, `fd00--1`; a final dash gains a zero. */
function dashed(address: string): string {
  if (address.includes('.')) return address.replaceAll('.', '-');
  if (!address.includes(':')) return '';
  const label = address.replaceAll(':', '-');
  return label.endsWith('-') ? `${label}0` : label;
}

export function dnsPortsOf(
  ports: readonly { name?: string; protocol?: string; port?: number }[] | null | undefined,
): readonly DnsPort[] {
  if (ports === null || ports === undefined || ports.length === 0) return PORTLESS;
  return ports.map(({ name = '', protocol = '', port = -1 }) => ({
    name: name.toLowerCase(),
    protocol: protocol.toLowerCase(),
    port,
  }));
}

/** The cluster that has exported a slice (KEP-1645); empty where it does not say. */
export function sourceClusterOf({ metadata }: Pick<EndpointSlice, 'metadata'>): string {
  return metadata.labels?.['multicluster.kubernetes.io/source-cluster'] ?? '';
}

function sliceOf(slice: EndpointSlice): DnsSlice {
  const endpoints: DnsEndpoint[] = [];
  for (const { addresses, conditions, hostname = '', targetRef, zone = '' } of slice.endpoints ?? []) {
    if (conditions?.ready === false) continue;
    const podName = targetRef !== undefined && targetRef.name.length <= LABEL_LENGTH_MAX ? targetRef.name : '';
    for (const address of addresses) {
      const label = hostname === '' ? dashed(address) : hostname;
      const podLabel = hostname === '' && podName !== '' ? podName : label;
      endpoints.push({ host: dnsHostOf(address), label, podLabel, zone: zone.toLowerCase() });
    }
  }
  const labels = slice.metadata.labels ?? NO_LABELS;
  return { endpoints, ports: dnsPortsOf(slice.ports), labels, cluster: sourceClusterOf(slice) };
}

/** Slices are frozen and shared, so what was read from one stays true for as long as it is kept. */
const READ_SLICES = new WeakMap<EndpointSlice, DnsSlice>();

export function dnsSliceOf(slice: EndpointSlice): DnsSlice {
  let read = READ_SLICES.get(slice);
  if (read === undefined) {
    read = sliceOf(slice);
    READ_SLICES.set(slice, read);
  }
  return read;
}

/** The names of slices without a Service. */
function orphanOf(key: Key, slices: readonly EndpointSlice[]): DnsService {
  return {
    ...splitKey(key),
    key,
    exists: false,
    labels: NO_LABELS,
    headless: false,
    external: undefined,
    clusterIPs: [],
    externalIPs: [],
    ports: PORTLESS,
    slices: slices.map(dnsSliceOf),
  };
}

export function externalIPsOf({ spec, status }: Service): readonly string[] {
  const ingress = status.loadBalancer.ingress ?? [];
  return [...(spec.externalIPs ?? []), ...ingress.map(({ ip = '', hostname = '' }) => (ip === '' ? hostname : ip))];
}

export function dnsServiceOf(key: Key, { service, slices }: DnsRecords): DnsService {
  if (service === undefined) return orphanOf(key, slices);
  const { spec, metadata } = service;
  const addresses =
    spec.clusterIPs !== undefined && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP ?? ''];
  const headless = addresses[0] === 'None';
  return {
    key,
    exists: true,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    labels: metadata.labels ?? NO_LABELS,
    headless,
    external: spec.type === 'ExternalName' ? dnsHostOf(spec.externalName ?? '') : undefined,
    clusterIPs: headless ? [] : addresses.filter((address) => address !== '').map(dnsHostOf),
    externalIPs: externalIPsOf(service).map(dnsHostOf),
    ports: dnsPortsOf(spec.ports),
    slices: slices.map(dnsSliceOf),
  };
}

const NONE: ReadonlySet<string> = new Set();

function textsOf(hosts: readonly DnsHost[] | undefined): ReadonlySet<string> {
  return hosts === undefined || hosts.length === 0 ? NONE : new Set(hosts.map((host) => host.text));
}

function endpointsOf(service: DnsService | undefined): ReadonlySet<string> {
  if (service === undefined) return NONE;
  return new Set(service.slices.flatMap((slice) => slice.endpoints.map((endpoint) => endpoint.host.text)));
}

function sameSlices(a: DnsService | undefined, b: DnsService | undefined): boolean {
  if (a === undefined || b === undefined || a.slices.length !== b.slices.length) return false;
  return a.slices.every((slice, i) => slice === b.slices[i]);
}

interface Entry<Records> {
  readonly records: Records;
  readonly names: DnsService;
}

/**
 * What the addresses of a Service's own name are made of, in one small object: among many Services, each object that a query
 * touches is a miss of the processor's cache.
 */
export interface PlainName {
  /** one text for all Services of a namespace */
  readonly namespace: string;
  readonly type: DnsHost['type'];
  readonly data: string;
  /** further clusterIPs; undefined where there is one */
  readonly others: readonly DnsHost[] | undefined;
}

const NAMESPACES = new Map<string, string>();

function sameText(namespace: string): string {
  const known = NAMESPACES.get(namespace);
  if (known === undefined) NAMESPACES.set(namespace, namespace);
  return known ?? namespace;
}

function plainNameOf(service: DnsService | undefined): PlainName | undefined {
  const [first, ...others] = service?.clusterIPs ?? [];
  if (service === undefined || first === undefined || service.external !== undefined) return undefined;
  const { type, data } = first;
  return { namespace: sameText(service.namespace), type, data, others: others.length === 0 ? undefined : others };
}

function textOf(service: DnsService | undefined): string | undefined {
  return service?.clusterIPs.map((host) => host.text).join();
}

/** A change of endpoints leaves the name as it is. */
function rename(
  names: VersionedMap<PlainName>,
  key: Key,
  before: DnsService | undefined,
  after: DnsService | undefined,
): VersionedMap<PlainName> {
  const same = (before?.external === undefined) === (after?.external === undefined) && textOf(before) === textOf(after);
  if (same && before !== undefined && after !== undefined) return names;
  const { namespace, name } = splitKey(key);
  const plain = plainNameOf(after);
  return plain === undefined ? names.delete(`${name}.${namespace}`) : names.set(`${name}.${namespace}`, plain);
}

/** Services by key, by name and by each kind of address; persistent, and a change touches one Service's records. */
export class DnsZone<Records = DnsRecords> {
  static readonly EMPTY = DnsZone.empty(dnsServiceOf);
  readonly #read: (key: Key, records: Records) => DnsService;
  readonly #entries: VersionedMap<Entry<Records>>;
  readonly #byName: VersionedMap<PlainName>;
  readonly #byClusterIP: AddressIndex<string>;
  readonly #byExternalIP: AddressIndex<string>;
  readonly #byEndpoint: AddressIndex<string>;

  private constructor(
    read: (key: Key, records: Records) => DnsService,
    entries: VersionedMap<Entry<Records>>,
    byName: VersionedMap<PlainName>,
    byClusterIP: AddressIndex<string>,
    byExternalIP: AddressIndex<string>,
    byEndpoint: AddressIndex<string>,
  ) {
    this.#read = read;
    this.#entries = entries;
    this.#byName = byName;
    this.#byClusterIP = byClusterIP;
    this.#byExternalIP = byExternalIP;
    this.#byEndpoint = byEndpoint;
  }

  /** `read` makes names of what is filed under a key. */
  static empty<Records>(read: (key: Key, records: Records) => DnsService): DnsZone<Records> {
    const none: AddressIndex<string> = PersistentMap();
    return new DnsZone(read, VersionedMap.empty(), VersionedMap.empty(), none, none, none);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Records | undefined {
    return this.#entries.get(key)?.records;
  }

  /** what names are made of, for one Service */
  service(key: Key): DnsService | undefined {
    return this.#entries.get(key)?.names;
  }

  /** a Service that has clusterIPs, by how its DNS name begins: `my-api.default` */
  named(name: string): PlainName | undefined {
    return this.#byName.get(name);
  }

  /** the Services with this clusterIP, by key; the address as objects spell it */
  withClusterIP(address: string): readonly DnsService[] {
    return this.#services(this.#byClusterIP.get(address));
  }

  /** the Services with this external address, by key; the address as objects spell it */
  withExternalIP(address: string): readonly DnsService[] {
    return this.#services(this.#byExternalIP.get(address));
  }

  /** the Services with a ready endpoint at this address, by key */
  withEndpoint(address: string): readonly DnsService[] {
    return this.#services(this.#byEndpoint.get(address));
  }

  /** every Service, sorted by key: for printers, never on the way of a query */
  services(): readonly DnsService[] {
    const all = this.#entries.values().map((entry) => entry.names);
    return all.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Records or, with undefined, forgets a Service. */
  set(key: Key, records: Records | undefined): DnsZone<Records> {
    const before = this.#entries.get(key)?.names;
    const after = records === undefined ? undefined : this.#read(key, records);
    const entries =
      after === undefined ? this.#entries.delete(key) : this.#entries.set(key, { records: records!, names: after });
    const byName = rename(this.#byName, key, before, after);
    const byClusterIP = reindex(this.#byClusterIP, key, textsOf(before?.clusterIPs), textsOf(after?.clusterIPs));
    const byExternalIP = reindex(this.#byExternalIP, key, textsOf(before?.externalIPs), textsOf(after?.externalIPs));
    const byEndpoint = sameSlices(before, after)
      ? this.#byEndpoint
      : reindex(this.#byEndpoint, key, endpointsOf(before), endpointsOf(after));
    return new DnsZone(this.#read, entries, byName, byClusterIP, byExternalIP, byEndpoint);
  }

  #services(keys: readonly Key[] | undefined): readonly DnsService[] {
    return keys === undefined ? [] : keys.map((key) => this.#entries.get(key)!.names);
  }
}

/** Pods by key and by address. */
export class DnsPods {
  static readonly EMPTY = new DnsPods(PersistentMap(), PersistentMap());
  readonly #pods: PersistentMap<Key, DnsPod>;
  readonly #byAddress: AddressIndex<string>;

  private constructor(pods: PersistentMap<Key, DnsPod>, byAddress: AddressIndex<string>) {
    this.#pods = pods;
    this.#byAddress = byAddress;
  }

  get(key: Key): DnsPod | undefined {
    return this.#pods.get(key);
  }

  keys(): Iterable<Key> {
    return this.#pods.keys();
  }

  at(address: string): readonly DnsPod[] {
    return (this.#byAddress.get(address) ?? []).map((key) => this.#pods.get(key)!);
  }

  set(key: Key, pod: DnsPod | undefined): DnsPods {
    const before = new Set(this.#pods.get(key)?.addresses ?? []);
    const byAddress = reindex(this.#byAddress, key, before, new Set(pod?.addresses ?? []));
    return new DnsPods(pod === undefined ? this.#pods.delete(key) : this.#pods.set(key, pod), byAddress);
  }
}
