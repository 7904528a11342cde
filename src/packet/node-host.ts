/** A node's network namespace: eth0 to the VNet, a veth to each of its pods, kube-proxy's rules, connection tracking. */
import type { ConntrackTable, NodeFacts, Route, Ruleset } from '../dataplane/index.ts';
import { type Address, addressOf, type Cidr, cidrOf, contains, type Family, familyOf } from '../model/index.ts';
import type { ClusterWorld } from './cluster-world.ts';
import type { IpvsTable } from './ipvs/table.ts';
import { isLoopback } from './loopback.ts';
import { type HostRules, rulesOf } from './program/ruleset-program.ts';
import type { RecentLists } from './recent.ts';
import type { Hop, Host } from './world.ts';

const DEVICE = 'eth0';
/** kubenet's bridge */
export const BRIDGE = 'cbr0';
/** what Azure's DHCP gives a machine */
const METRIC = 100;
const EVERYWHERE = { 4: cidrOf('0.0.0.0/0'), 6: cidrOf('::/0') } as const;
/** Azure's platform address and its metadata service, which DHCP gives a route each */
const PLATFORM_ADDRESSES = ['168.63.129.16', '169.254.169.254'].map(addressOf);

export class NodeHost implements Host {
  readonly name: string;
  /** the world's number for it */
  readonly index: number;
  readonly forwards = true;
  /** kube-proxy sets it in iptables mode, unless --iptables-localhost-nodeports=false */
  readonly routeLocalnet: boolean;
  readonly ipvs?: (family: Family) => IpvsTable | undefined;
  readonly recent: RecentLists;
  /** the bridge that its pods hang on, and the network of it; undefined where each pod has a veth of its own */
  readonly podBridge: { readonly address: Address; readonly network: Cidr } | undefined;
  readonly #primary: Address | undefined;
  /** its own addresses beside the first and lo's; undefined where it has no more, as most have not */
  readonly #others: readonly Address[] | undefined;
  /** without the kind before it, as the world knows it */
  readonly #name: string;
  readonly #facts: NodeFacts;
  readonly #world: ClusterWorld;
  readonly #subnet: Cidr | undefined;
  readonly #default: { readonly 4: Route; readonly 6: Route };
  /** the IPv4 rules that were loaded when a packet came last, and as a walk meets them */
  #loadedIpv4: Ruleset | undefined;
  #rulesIpv4: HostRules | undefined;
  /** one table for as long as there is the node: asking for rules brings it up to date */
  #ipvsIpv4: IpvsTable | undefined;
  readonly #tableIpv4: ConntrackTable;
  readonly #tableIpv6: ConntrackTable;
  /** ways over the VNet to nodes, by their index: by the default route (to their pods), and to their own addresses */
  readonly #toPods: (Hop | undefined)[] = [];
  readonly #toNodes: (Hop | undefined)[] = [];

  constructor(facts: NodeFacts, index: number, world: ClusterWorld) {
    this.name = `node/${facts.name}`;
    this.index = index;
    const { parts } = world;
    this.#tableIpv4 = parts.conntrackOf(facts.name, 4);
    this.#tableIpv6 = parts.conntrackOf(facts.name, 6);
    this.#primary = facts.addresses[0];
    this.#others = othersOf(facts);
    this.podBridge = bridgeOf(facts);
    this.#name = facts.name;
    this.#facts = facts;
    this.#world = world;
    this.recent = parts.recentOf(facts.name);
    this.routeLocalnet = parts.routeLocalnet ?? true;
    if (parts.ipvsOf !== undefined) this.ipvs = (family) => this.#balancing(family);
    const primary = this.addressOf(DEVICE, 4);
    this.#subnet = primary === undefined ? undefined : world.subnets.find((subnet) => contains(subnet, primary));
    this.#default = { 4: this.#throughGateway(EVERYWHERE[4]), 6: { destination: EVERYWHERE[6], device: DEVICE } };
  }

  rules(family: Family): HostRules | undefined {
    const loaded = this.#world.parts.rulesetOf(this.#name, family);
    if (loaded === undefined || family !== 4) return loaded && rulesOf(loaded);
    if (loaded !== this.#loadedIpv4) {
      this.#loadedIpv4 = loaded;
      this.#rulesIpv4 = rulesOf(loaded);
    }
    return this.#rulesIpv4;
  }

  conntrack(family: Family): ConntrackTable {
    return family === 4 ? this.#tableIpv4 : this.#tableIpv6;
  }

  #balancing(family: Family): IpvsTable | undefined {
    if (family !== 4) return this.#world.parts.ipvsOf?.(this.#facts.name, family);
    return (this.#ipvsIpv4 ??= this.#world.parts.ipvsOf?.(this.#facts.name, family));
  }

  isLocal(address: Address): boolean {
    if (address === this.#primary || isLoopback(address) || this.#others?.includes(address) === true) return true;
    return this.ipvs !== undefined && this.#balancing(familyOf(address))?.hasBound(address) === true;
  }

  hop(destination: Address): Hop {
    const pod = this.#world.podAt(destination);
    const family = familyOf(destination);
    if (pod?.node === this) return (family === 4 ? pod.fromNodeIpv4 : pod.fromNodeIpv6)!;
    if (pod === undefined || this.#world.podRange === undefined) return this.#beyond(destination);
    // IPv4 and IPv6 have different default routes, so they are kept apart.
    const place = family === 4 ? 2 * pod.node.index : 2 * pod.node.index + 1;
    return (this.#toPods[place] ??= over(this.#default[family], this.#world.fabric ?? pod.node, this.#world.crossing));
  }

  /** Neither a pod nor its own: over the VNet, if somebody takes it there. */
  #beyond(destination: Address): Hop {
    const isNear = this.#subnet !== undefined && contains(this.#subnet, destination);
    const route = isNear ? this.#onLink(this.#subnet) : this.#default[familyOf(destination)];
    const beyond = this.#world.beyond(destination);
    const nobody = { device: DEVICE, route, over: 'VNet', nextInterface: DEVICE };
    if (typeof beyond === 'string') return { ...nobody, reason: beyond };
    // The pod range is this node's own and no pod has the address: the fabric does not send a packet back to its sender.
    if (beyond === this) return { ...nobody, reason: 'no route: no pod has that address' };
    return isNear && beyond instanceof NodeHost
      ? (this.#toNodes[beyond.index] ??= over(route, beyond, 'VNet'))
      : over(route, beyond, 'VNet');
  }

  /** eth0's address serves a veth too, which has none of its own, and lo, whose own is of scope host (inet_select_addr). */
  addressOf(device: string, family: Family): Address | undefined {
    const { bridge } = this.#facts;
    if (device === BRIDGE && bridge !== undefined && familyOf(bridge) === family) return bridge;
    return this.#facts.addresses.find((address) => familyOf(address) === family);
  }

  /** Its IPv4 routes, as the CNI plugin and DHCP set them. */
  routes(): readonly Route[] {
    const pods = this.#podRoutes();
    if (this.#subnet === undefined) return [this.#default[4], ...pods];
    const gateway = this.#gateway(this.#subnet);
    const toGateway: Route = { ...this.#fromDhcp(wholeOf(gateway)), scope: 'link' };
    const platform = PLATFORM_ADDRESSES.map((address) => this.#throughGateway(wholeOf(address)));
    return [this.#default[4], this.#onLink(this.#subnet), toGateway, ...platform, ...pods];
  }

  /** One to the bridge where pods hang on one; otherwise one to each pod. */
  #podRoutes(): readonly Route[] {
    const { bridge, name, podCidrs } = this.#facts;
    if (bridge === undefined) return this.#world.podsOn(name).map((pod) => pod.fromNodeIpv4!.route);
    return podCidrs.filter(({ family }) => family === 4).map((cidr) => bridgeRoute(cidr, bridge));
  }

  #onLink(subnet: Cidr): Route {
    return { ...this.#fromDhcp(subnet), protocol: 'kernel', scope: 'link' };
  }

  #throughGateway(destination: Cidr): Route {
    const route = this.#fromDhcp(destination);
    return this.#subnet === undefined ? route : { ...route, via: this.#gateway(this.#subnet) };
  }

  #fromDhcp(destination: Cidr): Route {
    const source = this.addressOf(DEVICE, 4);
    const route: Route = { destination, device: DEVICE, protocol: 'dhcp', metric: METRIC };
    return source === undefined ? route : { ...route, source };
  }

  /** Azure keeps a subnet's first address for its gateway. */
  #gateway(subnet: Cidr): Address {
    return (subnet.network as number) + 1;
  }
}

function othersOf({ addresses, bridge }: NodeFacts): readonly Address[] | undefined {
  const others = bridge === undefined ? addresses.slice(1) : [...addresses.slice(1), bridge];
  return others.length === 0 ? undefined : others;
}

function bridgeOf({ bridge: address, podCidrs }: NodeFacts): NodeHost['podBridge'] {
  const network = podCidrs.find(({ family }) => family === 4);
  return address === undefined || network === undefined ? undefined : { address, network };
}

function wholeOf(address: Address): Cidr {
  return { family: 4, network: address, prefixLength: 32, mask: 0xffffffff };
}

/** The kernel's route to the network that a bridge is on. */
export function bridgeRoute(destination: Cidr, bridge: Address): Route {
  return { destination, device: BRIDGE, protocol: 'kernel', scope: 'link', source: bridge };
}

function over(route: Route, next: Host, crossing: string): Hop {
  return { device: DEVICE, route, over: crossing, next, nextInterface: DEVICE };
}
