/**
 * The world of a cluster on Azure, over what controllers have programmed. Look-ups cost the same at any size:
 * hosts are made when first met and kept, for a dataplane never changes; a change gives a new world.
 *
 *   pod ──veth── node ──eth0── VNet ──eth0── node ──veth── pod
 *
 * The Azure plugins' transparent mode: a /32 route to each pod on its node, no bridge; kubenet's pods hang on a bridge, cbr0.
 * Between nodes nothing is wrapped: the fabric hands a pod's address to the node that owns its range (overlay), that has it on
 * its network interface (Node Subnet, Pod Subnet), or to which the route table leads (kubenet).
 * Source: learn.microsoft.com/azure/aks/concepts-network-cni-overview.
 */
import type { ConntrackTable, Dataplane, NodeFacts, PodNetwork, Ruleset } from '../dataplane/index.ts';
import {
  type Address,
  addressOf,
  azure,
  type Cidr,
  type ClusterSettings,
  cidrOf,
  contains,
  type Family,
  formatAddress,
  type Ipv6,
  type Key,
  parseAddress,
} from '../model/index.ts';
import { AddressPages } from './address-pages.ts';
import { nodeBalancedTo } from './balanced-address.ts';
import { ExternalHost, type MachineFacts } from './external-host.ts';
import { AzureFabric, type FabricParts, type Machines } from './fabric/azure-fabric.ts';
import type { PodRange } from './fabric/security-check.ts';
import type { IpvsTable } from './ipvs/table.ts';
import { NodeHost } from './node-host.ts';
import { PodHost } from './pod-host.ts';
import type { RecentLists } from './recent.ts';
import type { Host, World } from './world.ts';

/** What a world is made of beside the dataplane: asked for when a packet needs it. Rules must be the same object while they are the same. */
export interface WorldParts {
  readonly settings: ClusterSettings;
  /** the rules that a node has loaded */
  rulesetOf(node: string, family: Family): Ruleset | undefined;
  /** a node's table, kept from world to world */
  conntrackOf(node: string, family: Family): ConntrackTable;
  /** a node's `recent` lists, kept from world to world */
  recentOf(node: string): RecentLists;
  /** a node's virtual servers, and what goes with them: one object, which `rulesetOf` brings up to date; absent without IPVS */
  ipvsOf?(node: string, family: Family): IpvsTable | undefined;
  /** net.ipv4.conf.all.route_localnet of nodes: true where it is not given */
  readonly routeLocalnet?: boolean;
  /** the node of a pod that shares its node's network; undefined for others */
  hostNetworkNodeOf?(pod: Key): string | undefined;
  /** Azure around the nodes; absent where machines are joined by a wire that lets everything pass, the outside included */
  readonly surroundings?: Surroundings;
}

/** What Azure makes of packets between machines, and the machines that are no nodes. */
export interface Surroundings extends FabricParts {
  readonly machines: readonly MachineFacts[];
}

export class ClusterWorld implements World, Machines {
  readonly parts: WorldParts;
  readonly subnets: readonly Cidr[];
  /** the range that pods have of their own, apart from the virtual network's; undefined where they have none */
  readonly podRange: PodRange | undefined;
  /** what packets to pods of other nodes cross */
  readonly crossing: string;
  readonly #dataplane: Dataplane;
  readonly #ranges: {
    readonly virtualNetwork: readonly Cidr[];
    readonly services: Cidr;
  };
  readonly #apiServer: Address;
  /** name servers that a script declares: without a fabric they are machines that need no other declaration */
  readonly #nameServers: ReadonlySet<Address>;
  readonly #nodes = new Map<string, NodeHost>();
  readonly #pods = new Map<Key, PodHost>();
  /** by their index */
  readonly #podHosts: PodHost[] = [];
  /** the pod host's index by IPv4 address: every packet asks, at every node */
  readonly #podAtIpv4 = new AddressPages();
  readonly #podAtIpv6 = new Map<Ipv6, PodHost | undefined>();
  readonly #externals = new Map<Address, ExternalHost>();
  /** what lies between machines; undefined for a plain wire */
  readonly fabric: AzureFabric | undefined;

  constructor(dataplane: Dataplane, parts: WorldParts) {
    const { networkProfile, virtualNetwork, apiServer } = parts.settings;
    this.parts = parts;
    this.#dataplane = dataplane;
    this.subnets = virtualNetwork.subnets.map(({ addressPrefix }) => cidrOf(addressPrefix));
    this.#ranges = {
      virtualNetwork: virtualNetwork.addressPrefixes.map(cidrOf),
      services: cidrOf(networkProfile.serviceCidr),
    };
    this.podRange = podRangeOf(networkProfile);
    this.crossing = networkProfile.networkPlugin === 'kubenet' ? 'VNet, by the route table' : 'VNet';
    this.#apiServer = addressOf(apiServer.address);
    this.#nameServers = new Set(parts.settings.names?.nameServers.map(({ address }) => addressOf(address)));
    this.fabric = parts.surroundings && new AzureFabric(parts.surroundings, this);
  }

  host(name: string): Host | undefined {
    const slash = name.indexOf('/');
    const rest = name.slice(slash + 1);
    switch (name.slice(0, slash)) {
      case 'node':
        return this.#upToDate(rest);
      case 'pod':
        return this.#podNamed(rest);
      case 'vm': {
        const machine = this.parts.surroundings?.machines.find(({ name: own }) => own === rest);
        return machine && this.external(addressOf(machine.address));
      }
      case 'external': {
        const address = parseAddress(rest);
        return address === undefined ? undefined : this.external(address);
      }
      default:
        return undefined;
    }
  }

  owner(address: Address): Host | undefined {
    const facts = this.#dataplane.node.at(address);
    return this.podAt(address) ?? (facts === undefined ? undefined : this.#nodeOf(facts));
  }

  node(name: string): NodeHost | undefined {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const facts = this.#dataplane.node.get(name);
    return facts === undefined ? undefined : this.#nodeOf(facts);
  }

  #nodeOf(facts: NodeFacts): NodeHost {
    let host = this.#nodes.get(facts.name);
    if (host === undefined) this.#nodes.set(facts.name, (host = new NodeHost(facts, this.#nodes.size, this)));
    return host;
  }

  /** A node whose addresses are those that IPVS makes its own by now: whoever asks a host by name may ask it for them. */
  #upToDate(name: string): NodeHost | undefined {
    const node = this.node(name);
    if (this.parts.ipvsOf !== undefined) node?.rules(4);
    return node;
  }

  #podNamed(key: Key): Host | undefined {
    const network = this.#dataplane.pod.get(key);
    if (network !== undefined) return this.#podOf(network);
    const node = this.parts.hostNetworkNodeOf?.(key);
    return node === undefined ? undefined : this.#upToDate(node);
  }

  /** The pod of that address, with a network of its own. */
  podAt(address: Address): PodHost | undefined {
    if (typeof address === 'string') return this.#podAtText(address);
    const known = this.#podAtIpv4.get(address);
    if (known >= 0) return this.#podHosts[known];
    const host = this.#findPodAt(address);
    if (host !== undefined) this.#podAtIpv4.set(address, host.index);
    return host;
  }

  #podAtText(address: Ipv6): PodHost | undefined {
    const known = this.#podAtIpv6.get(address);
    if (known !== undefined || this.#podAtIpv6.has(address)) return known;
    const host = this.#findPodAt(address);
    this.#podAtIpv6.set(address, host);
    return host;
  }

  #findPodAt(address: Address): PodHost | undefined {
    const network = this.#dataplane.pod.at(address);
    return network && this.#podOf(network);
  }

  #podOf(network: PodNetwork): PodHost | undefined {
    const known = this.#pods.get(network.pod);
    const node = known?.node ?? this.node(network.node);
    if (known !== undefined || node === undefined) return known;
    const host = new PodHost(network, this.#podHosts.length, node);
    this.#podHosts.push(host);
    this.#pods.set(network.pod, host);
    return host;
  }

  /** The pods on a node, in the order of their addresses. */
  podsOn(node: string): readonly PodHost[] {
    const entries = [...this.#dataplane.pod.on(node)].sort(([a], [b]) => a - b);
    return entries.map(([address]) => this.podAt(address)!);
  }

  external(address: Address): ExternalHost {
    let host = this.#externals.get(address);
    if (host === undefined) {
      const machine = this.parts.surroundings?.machines.find((each) => addressOf(each.address) === address);
      this.#externals.set(address, (host = new ExternalHost(address, this, machine)));
    }
    return host;
  }

  nodeOfPodAddress(address: Address): NodeHost | undefined {
    const owner = this.#dataplane.node.owning(address);
    return owner === undefined ? undefined : this.#nodeOf(owner);
  }

  isNode(host: Host): boolean {
    return host instanceof NodeHost;
  }

  taker(network: azure.VirtualNetwork, address: Address): Host | undefined {
    const { surroundings } = this.parts;
    if (surroundings === undefined) return undefined;
    if (azure.sameId(network.id, surroundings.networkId)) {
      const node = this.#nodeWith(address);
      if (node !== undefined) return node;
    }
    const isHere = (machine: MachineFacts) =>
      addressOf(machine.address) === address && azure.sameId(machine.networkId, network.id);
    return surroundings.machines.some(isHere) || address === this.#apiServer ? this.external(address) : undefined;
  }

  outside(address: Address): ExternalHost {
    return this.external(address);
  }

  /** Who takes a packet to this address from the fabric; a sentence where nobody does. `client`: who sends it from outside. */
  beyond(destination: Address, client?: Address): Host | string {
    if (this.fabric !== undefined) return this.fabric;
    const owner =
      this.#nodeWith(destination) ?? (client === undefined ? undefined : this.#balanced(destination, client));
    if (owner !== undefined) return owner;
    const { virtualNetwork, services } = this.#ranges;
    const { podRange } = this;
    if (podRange?.cidrs.some((cidr) => contains(cidr, destination))) {
      if (client !== undefined) return `no route: ${podRange.model} pod address from outside`;
      return this.nodeOfPodAddress(destination) ?? `no route: ${podRange.model} pod address of no node`;
    }
    if (contains(services, destination)) return 'no route: a Service address is not routed in the VNet';
    const isInside = virtualNetwork.some((prefix) => contains(prefix, destination));
    const isMachine = destination === this.#apiServer || this.#nameServers.has(destination);
    if (isInside && !isMachine) return `no route: nobody has ${formatAddress(destination)}`;
    return this.external(destination);
  }

  #balanced(destination: Address, client: Address): Host | string | undefined {
    const balanced = nodeBalancedTo(destination, client, this.#dataplane);
    if (balanced === 'not balanced') return undefined;
    if (balanced === 'no node serves') return `no node answers the probe for ${formatAddress(destination)}`;
    return this.node(balanced.node);
  }

  /** The node whose interface has this address, be it for itself or for a pod. */
  #nodeWith(address: Address): NodeHost | undefined {
    const facts = this.#dataplane.node.at(address);
    if (facts !== undefined) return this.#nodeOf(facts);
    const card = this.#dataplane.networkInterface.owning(address);
    return card === undefined ? undefined : this.node(card.name);
  }
}

function podRangeOf({
  podCidr,
  podCidrs = [],
  networkPlugin,
}: ClusterSettings['networkProfile']): PodRange | undefined {
  if (podCidr === undefined) return undefined;
  const cidrs = [podCidr, ...podCidrs.slice(1)].map(cidrOf);
  return { cidrs, model: networkPlugin === 'kubenet' ? 'kubenet' : 'overlay' };
}

/** The world that this dataplane makes. */
export function worldOf(dataplane: Dataplane, parts: WorldParts): ClusterWorld {
  return new ClusterWorld(dataplane, parts);
}
