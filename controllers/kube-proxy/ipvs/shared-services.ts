/**
 * What nodes in IPVS mode have in common once they have synced the same versions of the table of Services, one after another:
 * the virtual servers that are the same everywhere, and how much there is in the sets. A version is made once for all nodes
 * that come from the same one, at the cost of what changed.
 *
 * Taken for granted is that a real server which goes has no connections. A node where it has some, and one whose endpoints
 * differ from other nodes', keeps those virtual servers itself (kernel.ts).
 */
import { Map as PersistentMap, Set as PersistentSet } from 'immutable';
import {
  type FiledPort,
  type IpvsShared,
  ServiceTable,
  type VirtualServer,
  type VirtualServerAddress,
  virtualServerName,
} from '../../../src/dataplane/index.ts';
import { type Address, familyOf, type Key, type ProtocolNumber } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import { isListed } from './node.ts';
import { type IpvsNode, type PortWants, type WantedServer, wantsOf } from './service-port.ts';
import type { SetKey } from './sets.ts';
import { ServersWork } from './virtual-servers.ts';

/** A virtual server that a change of Services concerns. */
export interface Touched {
  readonly name: string;
  readonly at: VirtualServerAddress;
  /** the real servers that were taken to have no connections, by their names */
  readonly takenIdle: readonly string[];
  /** whether each node has to see for itself */
  readonly differs: boolean;
}

/** From one version of the table to another. */
export interface Step {
  readonly from: SharedServices;
  readonly to: SharedServices;
  readonly touched: ReadonlyMap<string, Touched>;
  /** those of them that are not certain to be the same on every node */
  readonly uncertain: readonly Touched[];
  readonly nodePorts: readonly NodePort[];
  /** whether source ranges have changed, or what they guard */
  readonly guards: boolean;
}

export interface NodePort {
  readonly port: number;
  readonly protocol: ProtocolNumber;
}

/** A node like none: what service ports want there, but for node ports, they want everywhere. */
const ANYWHERE: Readonly<Record<4 | 6, IpvsNode>> = { 4: anywhere(0), 6: anywhere('::') };

function anywhere(address: Address): IpvsNode {
  const facts = { name: '', addresses: [], podCidrs: [] };
  return { facts, nodeIP: undefined, addresses: new Set(), nodePortAddresses: [address] };
}

/** What is counted of a version. */
interface Counts {
  /** elements of each set by who wants them: of node ports one for each port */
  readonly entries: Readonly<Partial<Record<SetKey, number>>>;
  /** endpoints by node */
  readonly endpoints: PersistentMap<string, number>;
  /** Services that want something else on another node, or at another address */
  readonly differing: PersistentSet<Key>;
  /** Services with source ranges */
  readonly guarded: PersistentSet<Key>;
  /** addresses that were put on the dummy device and stay there, since kube-proxy does not list them */
  readonly lasting: PersistentSet<Address>;
}

const NOTHING: Counts = {
  entries: {},
  endpoints: PersistentMap(),
  differing: PersistentSet(),
  guarded: PersistentSet(),
  lasting: PersistentSet(),
};

type Servers = PersistentMap<Address, readonly VirtualServer[]>;

/** Versions that came one from another, each from the one before: what changed between two of them is known from the table. */
interface Lineage {
  newest: SharedServices | undefined;
}

const beginnings = new WeakMap<IpvsConfig, SharedServices>();

export class SharedServices implements IpvsShared {
  /** Before the first sync. */
  static before(config: IpvsConfig): SharedServices {
    let beginning = beginnings.get(config);
    if (beginning === undefined)
      beginnings.set(
        config,
        (beginning = new SharedServices(config, ServiceTable.EMPTY, PersistentMap(), NOTHING, new WeakMap())),
      );
    return beginning;
  }

  readonly services: ServiceTable;
  readonly counts: Counts;
  readonly #config: IpvsConfig;
  readonly #servers: Servers;
  /** what service ports want anywhere: shared by all versions */
  readonly #wants: WeakMap<FiledPort, PortWants>;
  readonly #next = new WeakMap<ServiceTable, Step>();
  #lineage: Lineage = { newest: this };
  #generation = 0;

  private constructor(
    config: IpvsConfig,
    services: ServiceTable,
    servers: Servers,
    counts: Counts,
    wants: WeakMap<FiledPort, PortWants>,
  ) {
    this.services = services;
    this.counts = counts;
    this.#config = config;
    this.#servers = servers;
    this.#wants = wants;
  }

  /** every virtual server, in no particular order: for printers */
  *servers(): Iterable<VirtualServer> {
    for (const servers of this.#servers.values()) yield* servers;
  }

  server({ address, port, protocol }: VirtualServerAddress): VirtualServer | undefined {
    const servers = this.#servers.get(address);
    return servers?.find((server) => server.port === port && server.protocol === protocol);
  }

  hasServerAt(address: Address): boolean {
    return this.#servers.has(address);
  }

  /** What a service port wants on a node like none. */
  wants(filed: FiledPort): PortWants {
    let wants = this.#wants.get(filed);
    if (wants === undefined) this.#wants.set(filed, (wants = wantsOf(filed.port, this.#anywhere, this.#config)));
    return wants;
  }

  get #anywhere(): IpvsNode {
    return ANYWHERE[this.#config.family];
  }

  /** A Service's ports that this kube-proxy serves. */
  filed(key: Key): readonly FiledPort[] {
    return this.#filedIn(this.services, key);
  }

  #filedIn(services: ServiceTable, key: Key): readonly FiledPort[] {
    return services.filed(key).filter(({ port }) => familyOf(port.clusterIP) === this.#config.family);
  }

  changedSince(earlier: IpvsShared): ReadonlySet<Address> | undefined {
    if (!(earlier instanceof SharedServices)) return undefined;
    if (earlier.#lineage !== this.#lineage || earlier.#generation > this.#generation) return undefined;
    const keys = this.services.changedSince(earlier.services);
    if (keys === undefined) return undefined;
    const changed = new Set<Address>();
    for (const key of keys)
      for (const filed of [...earlier.filed(key), ...this.filed(key)])
        for (const { server } of this.wants(filed).servers) changed.add(server.address);
    return changed;
  }

  /** On to another version of the table. */
  to(services: ServiceTable): Step {
    let step = this.#next.get(services);
    if (step === undefined) this.#next.set(services, (step = this.#step(services)));
    return step;
  }

  #step(services: ServiceTable): Step {
    const keys = services.changedSince(this.services) ?? allKeys(services, this.services);
    const counts = new CountsWork(this.counts);
    const concerned = new Concerned(this.#anywhere.nodePortAddresses);
    for (const key of [...keys].sort()) {
      const was = this.#filedIn(this.services, key);
      const is = this.#filedIn(services, key);
      const change = (filed: FiledPort, by: 1 | -1) => {
        const wants = this.wants(filed);
        counts.add(filed, wants, by);
        concerned.add(wants);
      };
      for (const filed of was) if (!is.includes(filed)) change(filed, -1);
      for (const filed of is) if (!was.includes(filed)) change(filed, 1);
      counts.file(
        key,
        is.map((filed) => this.wants(filed)),
      );
    }
    const { servers, touched } = this.#balance(services, concerned.servers);
    const to = new SharedServices(this.#config, services, servers, counts.done(), this.#wants);
    this.#precede(to);
    const uncertain = [...touched.values()].filter(({ takenIdle, differs }) => differs || takenIdle.length > 0);
    const { nodePorts, guards } = concerned;
    return { from: this, to, touched, uncertain, nodePorts, guards };
  }

  /** A second version made of this one begins a lineage of its own. */
  #precede(next: SharedServices): void {
    next.#generation = this.#generation + 1;
    if (this.#lineage.newest !== this) return;
    next.#lineage = this.#lineage;
    next.#lineage.newest = next;
  }

  /** Brings virtual servers to what is wanted of them. */
  #balance(services: ServiceTable, concerned: ReadonlyMap<string, VirtualServerAddress>) {
    const takenIdle = new Map<string, string[]>();
    const work = new ServersWork({ servers: new Map(), terminating: new Map() }, (server, real) => {
      const name = virtualServerName(server);
      takenIdle.set(name, [...(takenIdle.get(name) ?? []), real]);
      return 0;
    });
    const touched = new Map<string, Touched>();
    const servers = this.#servers.asMutable();
    for (const [name, at] of concerned) {
      const before = this.server(at);
      const wanted = services.at(at.address, at.port, at.protocol).flatMap((filed) => wantedAt(this.wants(filed), at));
      const differs = wanted.some((each) => each.differs);
      if (before !== undefined) work.put(name, before);
      if (!differs) for (const each of wanted) work.ensure(each, false);
      if (differs) work.put(name, undefined);
      else if (wanted.length === 0) work.deleteUnwanted(name, this.#config);
      const after = work.state().servers.get(name);
      if (after !== before) replace(servers, at.address, before, after);
      touched.set(name, { name, at, takenIdle: takenIdle.get(name) ?? [], differs });
    }
    return { servers: servers.asImmutable(), touched };
  }
}

function allKeys(some: ServiceTable, others: ServiceTable): ReadonlySet<Key> {
  return new Set([...some.records(), ...others.records()].map(({ key }) => key));
}

/** Those of a service port's virtual servers that have this address and port. */
function wantedAt({ servers }: PortWants, at: VirtualServerAddress): readonly WantedServer[] {
  return servers.filter(({ server }) => isAt(server, at));
}

function isAt(server: VirtualServerAddress, { address, port, protocol }: VirtualServerAddress): boolean {
  return server.address === address && server.port === port && server.protocol === protocol;
}

function replace(
  servers: Servers,
  address: Address,
  before: VirtualServer | undefined,
  after: VirtualServer | undefined,
): void {
  const others = (servers.get(address) ?? []).filter((server) => server !== before);
  const now = after === undefined ? others : [...others, after];
  if (now.length === 0) servers.delete(address);
  else servers.set(address, now);
}

/** The virtual servers that service ports want which come, or go. */
class Concerned {
  readonly servers = new Map<string, VirtualServerAddress>();
  readonly nodePorts: NodePort[] = [];
  guards = false;
  readonly #nodePortAddresses: readonly Address[];

  constructor(nodePortAddresses: readonly Address[]) {
    this.#nodePortAddresses = nodePortAddresses;
  }

  add(wants: PortWants): void {
    if (isGuarded(wants)) this.guards = true;
    for (const { server } of wants.servers) {
      const { address, port, protocol } = server;
      if (this.#nodePortAddresses.includes(address)) this.nodePorts.push({ port, protocol });
      else this.servers.set(virtualServerName(server), { address, port, protocol });
    }
  }
}

class CountsWork {
  readonly #entries: Partial<Record<SetKey, number>>;
  readonly #endpoints: PersistentMap<string, number>;
  readonly #differing: PersistentSet<Key>;
  readonly #guarded: PersistentSet<Key>;
  readonly #lasting: PersistentSet<Address>;

  constructor(counts: Counts) {
    this.#entries = { ...counts.entries };
    this.#endpoints = counts.endpoints.asMutable();
    this.#differing = counts.differing.asMutable();
    this.#guarded = counts.guarded.asMutable();
    this.#lasting = counts.lasting.asMutable();
  }

  add({ port }: FiledPort, { entries }: PortWants, by: 1 | -1): void {
    for (const { set, entry } of entries) {
      this.#entries[set] = (this.#entries[set] ?? 0) + by;
      if (entry.type === 'hash:ip' && !isListed(entry.address)) this.#lasting.add(entry.address);
    }
    for (const { nodeName } of port.endpoints) {
      if (nodeName === undefined) continue;
      const count = (this.#endpoints.get(nodeName) ?? 0) + by;
      if (count === 0) this.#endpoints.delete(nodeName);
      else this.#endpoints.set(nodeName, count);
    }
  }

  /** Notes what nodes have to look at in a Service, given what its ports want. */
  file(key: Key, wants: readonly PortWants[]): void {
    if (wants.some(({ servers }) => servers.some(({ differs }) => differs))) this.#differing.add(key);
    else this.#differing.delete(key);
    if (wants.some(isGuarded)) this.#guarded.add(key);
    else this.#guarded.delete(key);
  }

  done(): Counts {
    return {
      entries: this.#entries,
      endpoints: this.#endpoints.asImmutable(),
      differing: this.#differing.asImmutable(),
      guarded: this.#guarded.asImmutable(),
      lasting: this.#lasting.asImmutable(),
    };
  }
}

/** Whether source ranges keep some node from it. */
function isGuarded({ blockedFromNode }: PortWants): boolean {
  return blockedFromNode.length > 0;
}
