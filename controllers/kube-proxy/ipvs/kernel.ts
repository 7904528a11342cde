/**
 * What one node's kernel holds once its kube-proxy has synced a version of the table of Services in IPVS mode. Unlike the rules
 * of other modes it depends on what was there before: on the order in which real servers came, and on those that wait to go.
 *
 * kube-proxy goes through all Services at every sync. Here a node takes over what it has in common with others
 * (shared-services.ts) and looks only at the virtual servers that differ here: those of its own addresses, those whose endpoints
 * depend on the node, and those that had to keep a real server for its connections.
 */
import {
  type IpSetName,
  type IpvsState,
  type NodeFacts,
  type Ruleset,
  type ServiceTable,
  type VirtualServer,
  type VirtualServerAddress,
  type VirtualServers,
  virtualServerName,
} from '../../../src/dataplane/index.ts';
import { type Address, type Family, familyOf, type ProtocolNumber } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import { ipvsNode } from './node.ts';
import { NodeSets } from './node-sets.ts';
import { sharedRuleset } from './ruleset.ts';
import type { IpvsNode } from './service-port.ts';
import { SharedServices, type Step, type Touched } from './shared-services.ts';
import { isSameVirtualServer, NO_SERVERS, type ServersState, ServersWork } from './virtual-servers.ts';

/** How many connections of a virtual server a real server has on this node, by its `ip:port`. */
type NodeConnections = (server: VirtualServerAddress, real: string) => number;

export class IpvsKernel implements IpvsState {
  readonly #config: IpvsConfig;
  readonly #connectionsOf: NodeConnections;
  /** the virtual servers that differ on this node, and the real servers that wait to go */
  readonly #own: ServersWork;
  /** how many of them each address has */
  readonly #ownAt = new Map<Address, number>();
  #shared: SharedServices;
  #node: IpvsNode | undefined;
  #sets: NodeSets;
  #revision = 0;

  /** `connectionsOf`: a real server goes at once only when it has none */
  constructor(config: IpvsConfig, connectionsOf: NodeConnections = () => 0) {
    this.#config = config;
    this.#connectionsOf = connectionsOf;
    this.#own = new ServersWork(NO_SERVERS, connectionsOf);
    this.#shared = SharedServices.before(config);
    this.#sets = new NodeSets(this.#shared, ipvsNode(NO_NODE, config), config);
  }

  get family(): Family {
    return this.#config.family;
  }

  get revision(): number {
    return this.#revision;
  }

  get shared(): SharedServices {
    return this.#shared;
  }

  /** a list of them, made when asked for */
  get servers(): VirtualServers {
    const servers = new Map<string, VirtualServer>();
    for (const server of this.#shared.servers()) servers.set(virtualServerName(server), server);
    for (const [name, server] of this.#own.state().servers) servers.set(name, server);
    return servers;
  }

  /** on kube-ipvs0: a list of them, made when asked for */
  get dummyAddresses(): ReadonlySet<Address> {
    const addresses = new Set<Address>();
    for (const { ports } of this.#shared.services.records())
      for (const { clusterIP, externalIPs, loadBalancerVIPs } of ports)
        for (const address of [clusterIP, ...externalIPs, ...loadBalancerVIPs])
          if (familyOf(address) === this.family && this.hasBound(address)) addresses.add(address);
    for (const address of this.#shared.counts.lasting) addresses.add(address);
    return addresses;
  }

  get terminating(): ServersState['terminating'] {
    return this.#own.state().terminating;
  }

  differsAt(address: Address): boolean {
    return this.#sets.isOwn(address) || (this.#ownAt.size > 0 && this.#ownAt.has(address));
  }

  isIdleAt(address: Address): boolean {
    return !this.differsAt(address) && this.#sets.isIdleAt(address);
  }

  hasBound(address: Address): boolean {
    return this.#sets.hasBound(address);
  }

  server(address: Address, port: number, protocol: ProtocolNumber): VirtualServer | undefined {
    const at = { address, port, protocol };
    const own = this.#ownAt.has(address) ? this.#own.state().servers.get(virtualServerName(at)) : undefined;
    return own ?? this.#shared.server(at);
  }

  setsAt(address: Address, port: number, protocol: ProtocolNumber): number {
    return this.#sets.setsAt(address, port, protocol);
  }

  holds(set: IpSetName, address: Address, port: number, protocol: ProtocolNumber, other: Address): boolean {
    return this.#sets.holds(set, address, port, protocol, other);
  }

  /** One sync. Returns the rules that go with it: the very ones of all nodes that have the same. */
  sync(services: ServiceTable, facts: NodeFacts): Ruleset {
    const known = this.#node;
    const node = known?.facts === facts ? known : ipvsNode(facts, this.#config);
    const step = this.#shared.services === services ? undefined : this.#shared.to(services);
    if (step !== undefined || node !== known) {
      this.#shared = step?.to ?? this.#shared;
      const before = node === this.#node && step?.guards !== true ? this.#sets : undefined;
      this.#node = node;
      this.#sets = new NodeSets(this.#shared, node, this.#config, before);
      this.#revision++;
    }
    const ensured = new Set<string>();
    if (step !== undefined) this.#follow(step, node, ensured);
    if (node !== known && known !== undefined) this.#lookAtAll(ensured);
    return this.#ruleset(node);
  }

  /** What kube-proxy does each TERMINATION_CHECK_MS, between syncs. */
  checkTerminating(): void {
    const names = new Set([...this.terminating.values()].map(({ virtualServer }) => virtualServer));
    this.#own.checkTerminating();
    for (const name of names) this.#settle(name);
    this.#revision++;
  }

  /** Takes up what is not certain to be the same here as everywhere. A sync looks once at each: `ensured` tells at which it has. */
  #follow({ from, touched, uncertain, nodePorts }: Step, node: IpvsNode, ensured: Set<string>): void {
    for (const { name, at } of this.#ownAmong(touched)) this.#ensure(name, at, from.server(at), ensured);
    for (const each of uncertain)
      if (!ensured.has(each.name) && (each.differs || this.#isBusy(each)))
        this.#ensure(each.name, each.at, from.server(each.at), ensured);
    for (const { port, protocol } of nodePorts)
      for (const address of node.nodePortAddresses) this.#look({ address, port, protocol }, ensured);
  }

  /** Those that are the node's own, or were and have left real servers behind that wait to go. */
  #ownAmong(touched: Step['touched']): readonly Touched[] {
    const { servers, terminating } = this.#own.state();
    if (servers.size === 0 && terminating.size === 0) return [];
    const left = new Set([...terminating.values()].map(({ virtualServer }) => virtualServer));
    if (touched.size < servers.size + left.size)
      return [...touched.values()].filter(({ name }) => servers.has(name) || left.has(name));
    return [...new Set([...servers.keys(), ...left])].flatMap((name) => touched.get(name) ?? []);
  }

  /** Whether a real server has connections here that was taken to have none. */
  #isBusy({ at, takenIdle }: Touched): boolean {
    return takenIdle.some((real) => this.#connectionsOf(at, real) > 0);
  }

  /** The node's addresses are other ones: all that depends on them is looked at again. */
  #lookAtAll(ensured: Set<string>): void {
    for (const server of [...this.#own.state().servers.values()]) this.#look(server, ensured);
    for (const service of this.#shared.counts.differing)
      for (const { server } of this.#sets.differing(service)) this.#look(server, ensured);
  }

  #look({ address, port, protocol }: VirtualServerAddress, ensured: Set<string>): void {
    const at = { address, port, protocol };
    this.#ensure(virtualServerName(at), at, this.#shared.server(at), ensured);
  }

  /** Brings a virtual server of the node's own to what is wanted here; `before`: what it is where it was not the node's own. */
  #ensure(name: string, at: VirtualServerAddress, before: VirtualServer | undefined, ensured: Set<string>): void {
    if (ensured.has(name)) return;
    ensured.add(name);
    const { servers } = this.#own.state();
    if (!servers.has(name) && before !== undefined) this.#put(name, at, before);
    const wasOwn = servers.has(name);
    const wanted = this.#sets.wantedAt(at);
    for (const each of wanted) this.#own.ensure(each, false);
    if (wanted.length === 0) this.#own.deleteUnwanted(name, this.#config);
    if (servers.has(name) !== wasOwn) this.#count(at.address, wasOwn ? -1 : 1);
    this.#settle(name);
  }

  #put(name: string, { address }: VirtualServerAddress, server: VirtualServer | undefined): void {
    this.#own.put(name, server);
    this.#count(address, server === undefined ? -1 : 1);
  }

  /** What has come to be the same as everywhere else is not the node's own any more. */
  #settle(name: string): void {
    const { servers, terminating } = this.#own.state();
    const own = servers.get(name);
    const shared = own === undefined ? undefined : this.#shared.server(own);
    if (own === undefined || shared === undefined || !isSameVirtualServer(own, shared)) return;
    for (const { virtualServer } of terminating.values()) if (virtualServer === name) return;
    this.#put(name, own, undefined);
  }

  #count(address: Address, by: 1 | -1): void {
    const count = (this.#ownAt.get(address) ?? 0) + by;
    if (count === 0) this.#ownAt.delete(address);
    else this.#ownAt.set(address, count);
  }

  #ruleset({ facts: { podCidrs } }: IpvsNode): Ruleset {
    const { family, localDetector } = this.#config;
    const podCidr = localDetector.mode === 'NodeCIDR' ? podCidrs.find((cidr) => cidr.family === family) : undefined;
    const { empty, blockedFromNode } = this.#sets;
    return sharedRuleset({ empty, config: this.#config, podCidr, blockedFromNode });
  }
}

const NO_NODE: NodeFacts = { name: '', addresses: [], podCidrs: [] };
