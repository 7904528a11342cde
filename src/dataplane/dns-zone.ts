/** The names that CoreDNS's kubernetes plugin knows: Services by key, by name and by address, and pods by address. */
import { Map as PersistentMap } from 'immutable';
import { type EndpointSlice, type Key, splitKey } from '../model/index.ts';
import { type AddressIndex, reindex } from './address-index.ts';
import {
  type DnsHost,
  type DnsPod,
  type DnsRecords,
  type DnsService,
  type DnsServiceNames,
  dnsNamesOf,
  dnsSliceOf,
  readyAddressesOf,
} from './dns-records.ts';
import { NameRows } from './name-rows.ts';
import { VersionedMap } from './versioned-map.ts';

const NOBODY: ReadonlySet<string> = new Set();
const NO_KEYS: readonly Key[] = [];

function textsOf(hosts: readonly DnsHost[] | undefined): ReadonlySet<string> {
  return hosts === undefined || hosts.length === 0 ? NOBODY : new Set(hosts.map((host) => host.text));
}

/** Who has an address; nearly always one. */
type Holders = VersionedMap<Key | readonly Key[]>;

function keysOf(keys: Key | readonly Key[] | undefined): readonly Key[] {
  if (keys === undefined) return NO_KEYS;
  return typeof keys === 'string' ? [keys] : keys;
}

function hold(holders: Holders, address: string, keys: readonly Key[]): Holders {
  if (keys.length === 0) return holders.delete(address);
  return holders.set(address, keys.length === 1 ? keys[0]! : keys);
}

/** Moves `key` from the addresses it had to those it has now, touching only those that differ. */
function moved(holders: Holders, key: Key, before: ReadonlySet<string>, after: ReadonlySet<string>): Holders {
  let now = holders;
  for (const address of before) {
    if (!after.has(address))
      now = hold(
        now,
        address,
        keysOf(now.get(address)).filter((other) => other !== key),
      );
  }
  for (const address of after) {
    if (before.has(address)) continue;
    const held = now.get(address);
    now = held === undefined ? now.set(address, key) : hold(now, address, [...keysOf(held), key].sort());
  }
  return now;
}

/** What a Service's own name leads to at once; none where the name is an alias or leads to endpoints. */
function ownHosts(names: DnsServiceNames | undefined): readonly DnsHost[] {
  return names === undefined || names.external !== undefined ? [] : names.clusterIPs;
}

/** A change of endpoints leaves the name as it is. */
function rename(
  names: VersionedMap<readonly DnsHost[], NameRows>,
  key: Key,
  before: readonly DnsHost[],
  after: readonly DnsHost[],
): VersionedMap<readonly DnsHost[], NameRows> {
  if (before.length === after.length && before.every(({ text }, i) => text === after[i]!.text)) return names;
  const { namespace, name } = splitKey(key);
  return after.length === 0 ? names.delete(`${name}.${namespace}`) : names.set(`${name}.${namespace}`, after);
}

function sameSlices(a: readonly EndpointSlice[] | undefined, b: readonly EndpointSlice[] | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((slice, i) => slice === b[i]);
}

interface Filed {
  /** the slices, by name */
  readonly slices: readonly EndpointSlice[];
}

type ReadNames<Records> = (key: Key, records: Records) => DnsServiceNames;

interface Indexes {
  readonly names: VersionedMap<readonly DnsHost[], NameRows>;
  readonly clusterIPs: Holders;
  readonly externalIPs: Holders;
  readonly endpoints: Holders;
}

/** Records are frozen: what was read from them stays true. Kept for those that were asked for. */
const READ_SERVICES = new WeakMap<Filed, DnsService>();

/** Services by key, by name and by each kind of address; persistent, and a change touches one Service's records. */
export class DnsZone<Records extends Filed = DnsRecords> {
  static readonly EMPTY: DnsZone = DnsZone.empty<DnsRecords>(dnsNamesOf, ({ service }) => service);
  readonly #read: ReadNames<Records>;
  readonly #subjectOf: (records: Records) => unknown;
  readonly #records: VersionedMap<Records>;
  readonly #indexes: Indexes;

  private constructor(
    read: ReadNames<Records>,
    subjectOf: (records: Records) => unknown,
    records: VersionedMap<Records>,
    indexes: Indexes,
  ) {
    this.#read = read;
    this.#subjectOf = subjectOf;
    this.#records = records;
    this.#indexes = indexes;
  }

  /** `read` makes names of what is filed under a key, and reads `subjectOf` it alone. */
  static empty<Records extends Filed>(
    read: ReadNames<Records>,
    subjectOf: (records: Records) => unknown,
  ): DnsZone<Records> {
    const none: Holders = VersionedMap.empty();
    const names = VersionedMap.of<readonly DnsHost[], NameRows>(() => new NameRows());
    return new DnsZone(read, subjectOf, VersionedMap.empty(), {
      names,
      clusterIPs: none,
      externalIPs: none,
      endpoints: none,
    });
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: Key): Records | undefined {
    return this.#records.get(key);
  }

  keys(): readonly Key[] {
    return this.#records.keys();
  }

  /** what names are made of, for one Service */
  service(key: Key): DnsService | undefined {
    const records = this.#records.get(key);
    return records === undefined ? undefined : this.#serviceOf(key, records);
  }

  /** the Services that have clusterIPs, by how their DNS names begin; to be read before any other version of the zone is */
  get names(): NameRows {
    return this.#indexes.names.table;
  }

  /** the Services with this clusterIP, by key; the address as objects spell it */
  withClusterIP(address: string): readonly DnsService[] {
    return this.#services(this.#indexes.clusterIPs.get(address));
  }

  /** the Services with this external address, by key; the address as objects spell it */
  withExternalIP(address: string): readonly DnsService[] {
    return this.#services(this.#indexes.externalIPs.get(address));
  }

  /** the Services with a ready endpoint at this address, by key */
  withEndpoint(address: string): readonly DnsService[] {
    return this.#services(this.#indexes.endpoints.get(address));
  }

  /** every Service, sorted by key: for printers, never on the way of a query */
  services(): readonly DnsService[] {
    return [...this.keys()].sort().map((key) => this.service(key)!);
  }

  /** Records or, with undefined, forgets a Service. */
  set(key: Key, records: Records | undefined): DnsZone<Records> {
    const known = this.#records.get(key);
    const filed = records === undefined ? this.#records.delete(key) : this.#records.set(key, records);
    const indexes = this.#renamed(key, known, records);
    if (sameSlices(known?.slices, records?.slices)) return new DnsZone(this.#read, this.#subjectOf, filed, indexes);
    const [before, after] = [readyAddressesOf(known?.slices ?? []), readyAddressesOf(records?.slices ?? [])];
    const endpoints = moved(indexes.endpoints, key, before, after);
    return new DnsZone(this.#read, this.#subjectOf, filed, { ...indexes, endpoints });
  }

  /** The indexes without the endpoints' part in a change. Most changes are of endpoints alone. */
  #renamed(key: Key, known: Records | undefined, records: Records | undefined): Indexes {
    const isNamedAlike =
      known !== undefined && records !== undefined && this.#subjectOf(known) === this.#subjectOf(records);
    if (isNamedAlike) return this.#indexes;
    const before = known === undefined ? undefined : this.#read(key, known);
    const after = records === undefined ? undefined : this.#read(key, records);
    const { names, clusterIPs, externalIPs, endpoints } = this.#indexes;
    return {
      names: rename(names, key, ownHosts(before), ownHosts(after)),
      clusterIPs: moved(clusterIPs, key, textsOf(before?.clusterIPs), textsOf(after?.clusterIPs)),
      externalIPs: moved(externalIPs, key, textsOf(before?.externalIPs), textsOf(after?.externalIPs)),
      endpoints,
    };
  }

  #services(keys: Key | readonly Key[] | undefined): readonly DnsService[] {
    return keysOf(keys).map((key) => this.service(key)!);
  }

  #serviceOf(key: Key, records: Records): DnsService {
    const read = READ_SERVICES.get(records);
    if (read?.key === key) return read;
    const service = { ...this.#read(key, records), slices: records.slices.map(dnsSliceOf) };
    READ_SERVICES.set(records, service);
    return service;
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
