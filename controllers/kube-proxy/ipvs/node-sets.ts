/** What a node's IP sets hold, told from the table of Services: no element is listed, however many Services there are. */
import {
  byNameAndProtocol,
  type FiledPort,
  type IdleAddresses,
  type IpSetEntry,
  type IpSetName,
  type VirtualServerAddress,
} from '../../../src/dataplane/index.ts';
import { type Address, contains, type ProtocolNumber, SCTP, TCP, UDP } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import { type IpvsNode, type PortWants, type WantedServer, wantsOf } from './service-port.ts';
import { SET_KEYS, type SetKey, setBits } from './sets.ts';
import type { SharedServices } from './shared-services.ts';

const PROTOCOLS: readonly ProtocolNumber[] = [TCP, UDP, SCTP];
const NO_PORTS: readonly FiledPort[] = [];
const BOUND = 1 << SET_KEYS.indexOf('KUBE-IPVS-IPS');

/** What source ranges make of a node. */
interface Guards {
  /** whether they let the node itself through to any load balancer's address */
  readonly letThrough: boolean;
  /** the load balancers' addresses that the node may not reach: the same object where there are none */
  readonly blocked: readonly VirtualServerAddress[];
}

const UNGUARDED: Guards = { letThrough: false, blocked: [] };

export class NodeSets {
  /** the sets without elements, by the bits of their numbers */
  readonly empty: number;
  readonly #shared: SharedServices;
  readonly #node: IpvsNode;
  readonly #config: IpvsConfig;
  readonly #unclaimed: IdleAddresses;
  readonly #addresses: readonly Address[];
  readonly #guards: Guards;

  /** `before`: of the same node, where source ranges have not changed since */
  constructor(shared: SharedServices, node: IpvsNode, config: IpvsConfig, before?: NodeSets) {
    this.#shared = shared;
    this.#node = node;
    this.#config = config;
    this.#addresses = [...new Set([...node.addresses, ...node.nodePortAddresses])];
    this.#guards = before === undefined ? this.#findGuards() : before.#guards;
    this.empty = setBits((key) => this.#isEmpty(key));
    this.#unclaimed = shared.services.unclaimed;
  }

  /** Whether an address is the node's own, as far as Services go. */
  isOwn(address: Address): boolean {
    return this.#addresses.includes(address);
  }

  isIdleAt(address: Address): boolean {
    return this.#unclaimed.isAt(address) && !this.#shared.hasServerAt(address) && !this.#lasts(address);
  }

  hasBound(address: Address): boolean {
    return this.#binds(address) || this.#lasts(address);
  }

  setsAt(address: Address, port: number, protocol: ProtocolNumber): number {
    let sets = this.#binds(address) ? BOUND : 0;
    const at = { address, port, protocol };
    for (const filed of this.#claimants(at))
      for (const { set, entry } of this.#wants(filed, address).entries)
        if (entry.type === 'hash:ip,port' && isAt(entry, at)) sets |= 1 << SET_KEYS.indexOf(set);
    return sets;
  }

  holds(
    { number, type }: IpSetName,
    address: Address,
    port: number,
    protocol: ProtocolNumber,
    other: Address,
  ): boolean {
    if ((this.empty & (1 << number)) !== 0) return false;
    // kube-proxy's elements of this type name one address twice.
    if (type === 'hash:ip,port,ip' && address !== other) return false;
    const key = SET_KEYS[number]!;
    const at = { address, port, protocol };
    const isHeld = (entry: IpSetEntry) => isElement(entry, at, other);
    return this.#mayWant(key, at, other).some((filed) =>
      this.#here(filed).entries.some(({ set, entry }) => set === key && isHeld(entry)),
    );
  }

  #isEmpty(key: SetKey): boolean {
    const { entries, endpoints } = this.#shared.counts;
    if (key === 'KUBE-LOOP-BACK') return !endpoints.has(this.#node.facts.name);
    if (key === 'KUBE-LOAD-BALANCER-SOURCE-IP') return !this.#guards.letThrough;
    if (key.startsWith('KUBE-NODE-PORT') && this.#node.nodePortAddresses.length === 0) return true;
    return (entries[key] ?? 0) === 0;
  }

  /** The virtual servers that should be at this address and port here, in the order in which kube-proxy comes by them. */
  wantedAt(at: VirtualServerAddress): readonly WantedServer[] {
    return this.#claimants(at).flatMap((filed) => this.#here(filed).servers.filter(({ server }) => isAt(server, at)));
  }

  /** The virtual servers that a Service should have here and that may differ from node to node. */
  differing(service: string): readonly WantedServer[] {
    const wanted = this.#shared.filed(service).flatMap((filed) => this.#here(filed).servers);
    return wanted.filter(({ differs }) => differs);
  }

  /** The load balancers' addresses that the node may not reach. */
  get blockedFromNode(): readonly VirtualServerAddress[] {
    return this.#guards.blocked;
  }

  #findGuards(): Guards {
    const { guarded } = this.#shared.counts;
    if (guarded.isEmpty()) return UNGUARDED;
    const ports = [...guarded].flatMap((service) => this.#shared.filed(service)).sort(byNameAndProtocol);
    const wants = ports.map((filed) => this.#here(filed));
    const letThrough = wants.some(({ entries }) => entries.some(({ set }) => set === 'KUBE-LOAD-BALANCER-SOURCE-IP'));
    const blocked = wants.flatMap(({ blockedFromNode }) => blockedFromNode);
    return { letThrough, blocked: blocked.length === 0 ? UNGUARDED.blocked : blocked };
  }

  #here({ port }: FiledPort): PortWants {
    return wantsOf(port, this.#node, this.#config);
  }

  /** What a service port wants, as far as it concerns this address. */
  #wants(filed: FiledPort, address: Address): PortWants {
    return this.isOwn(address) ? this.#here(filed) : this.#shared.wants(filed);
  }

  #lasts(address: Address): boolean {
    return this.#shared.counts.lasting.has(address);
  }

  #binds(address: Address): boolean {
    const claimants = this.#shared.services.atAddress(address);
    return claimants.some((filed) =>
      this.#wants(filed, address).servers.some(({ server, binds }) => binds && server.address === address),
    );
  }

  /** The service ports that claim an address and port here, by their names. */
  #claimants({ address, port, protocol }: VirtualServerAddress): readonly FiledPort[] {
    const { services } = this.#shared;
    const claimants = services.at(address, port, protocol);
    const nodePorts = this.#node.nodePortAddresses.includes(address)
      ? services.atNodePort(this.#config.family, port, protocol)
      : NO_PORTS;
    if (nodePorts.length === 0) return claimants;
    return [...new Set([...claimants, ...nodePorts])].sort(byNameAndProtocol);
  }

  /** The service ports that may want such an element in a set of ports, or in one with a third dimension. */
  #mayWant(key: SetKey, at: VirtualServerAddress, other: Address): readonly FiledPort[] {
    const { services } = this.#shared;
    const { family } = this.#config;
    switch (key) {
      case 'KUBE-HEALTH-CHECK-NODE-PORT':
        return services.atHealthCheckNodePort(family, at.port);
      case 'KUBE-LOOP-BACK':
        return services.withEndpoint(other);
      case 'KUBE-LOAD-BALANCER-SOURCE-IP':
      case 'KUBE-LOAD-BALANCER-SOURCE-CIDR':
        return services.at(at.address, at.port, at.protocol);
      default:
        return PROTOCOLS.flatMap((protocol) => services.atNodePort(family, at.port, protocol));
    }
  }
}

function isAt(a: VirtualServerAddress, b: VirtualServerAddress): boolean {
  return a.address === b.address && a.port === b.port && a.protocol === b.protocol;
}

function isElement(entry: IpSetEntry, at: VirtualServerAddress, other: Address): boolean {
  switch (entry.type) {
    case 'bitmap:port':
      return entry.port === at.port;
    case 'hash:ip,port,ip':
      return isAt(entry, at) && entry.other === other;
    case 'hash:ip,port,net':
      return isAt(entry, at) && contains(entry.range, other);
    default:
      return false;
  }
}
