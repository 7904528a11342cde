/** A pod's network namespace: one interface, a default route to its node, no rules and so no connection tracking. */
import type { PodNetwork, Route } from '../dataplane/index.ts';
import { type Address, addressOf, type Cidr, cidrOf, contains, type Family, familyOf } from '../model/index.ts';
import { isLoopback } from './loopback.ts';
import { BRIDGE, bridgeRoute, type NodeHost } from './node-host.ts';
import { RecentLists } from './recent.ts';
import type { Hop, Host } from './world.ts';

/** The gateways that Azure CNI gives every pod, answered for by the node's end of the veth (transparent_endpointclient_linux.go). */
const GATEWAYS = { 4: addressOf('169.254.1.1'), 6: addressOf('fe80::1234:5678:9abc') } as const;
const EVERYWHERE = { 4: cidrOf('0.0.0.0/0'), 6: cidrOf('::/0') } as const;
const DEVICE = 'eth0';
const DEFAULT_ROUTES = { 4: defaultRoute(4), 6: defaultRoute(6) } as const;

function defaultRoute(family: Family): Route {
  return { destination: EVERYWHERE[family], via: GATEWAYS[family], device: DEVICE, protocol: 'static' };
}

/** Pods never load rules, so one empty book serves them all. */
const NO_RECENT = new RecentLists();

export class PodHost implements Host {
  // What every packet asks for comes first: it then lies in one cache line.
  readonly node: NodeHost;
  readonly #primary: Address | undefined;
  /** its addresses beside the first and lo's; undefined where it has no more */
  readonly #others: readonly Address[] | undefined;
  /** the way from its node to it; undefined where it has no address of the family */
  readonly fromNodeIpv4: Hop | undefined;
  readonly #toNodeIpv4: Hop;
  readonly fromNodeIpv6: Hop | undefined;
  readonly #toNodeIpv6: Hop;
  readonly name: string;
  /** the world's number for it */
  readonly index: number;
  readonly #network: PodNetwork;

  constructor(network: PodNetwork, index: number, node: NodeHost) {
    const device = node.podBridge === undefined ? vethOf(network) : BRIDGE;
    this.node = node;
    this.index = index;
    this.#network = network;
    this.#primary = network.addresses[0];
    this.#others = network.addresses.length > 1 ? network.addresses.slice(1) : undefined;
    this.#toNodeIpv4 = hopToNode(4, node, device);
    this.fromNodeIpv4 = this.#hopFromNode(4, device);
    this.#toNodeIpv6 = hopToNode(6, node, device);
    this.fromNodeIpv6 = this.#hopFromNode(6, device);
    this.name = `pod/${network.pod}`;
  }

  get forwards(): boolean {
    return false;
  }

  get routeLocalnet(): boolean {
    return false;
  }

  get recent(): RecentLists {
    return NO_RECENT;
  }

  #hopFromNode(family: Family, device: string): Hop | undefined {
    const address = this.addressOf(DEVICE, family);
    if (address === undefined) return undefined;
    const { podBridge } = this.node;
    const route: Route =
      podBridge === undefined
        ? { destination: whole(address), device, protocol: 'static' }
        : bridgeRoute(podBridge.network, podBridge.address);
    return { device, route, over: crossingOf(this.node), next: this, nextInterface: DEVICE };
  }

  rules(): undefined {
    return undefined;
  }

  conntrack(): undefined {
    return undefined;
  }

  isLocal(address: Address): boolean {
    return address === this.#primary || isLoopback(address) || this.#others?.includes(address) === true;
  }

  hop(destination: Address): Hop {
    const bridge = this.node.podBridge;
    // Frames between pods of a bridge stay on it, and still pass the node's rules: net.bridge.bridge-nf-call-iptables is on.
    if (bridge !== undefined && contains(bridge.network, destination))
      return { ...this.#toNodeIpv4, route: this.#onBridge(bridge.network) };
    return familyOf(destination) === 4 ? this.#toNodeIpv4 : this.#toNodeIpv6;
  }

  addressOf(_device: string, family: Family): Address | undefined {
    return this.#network.addresses.find((address) => familyOf(address) === family);
  }

  #onBridge(destination: Cidr): Route {
    return { destination, device: DEVICE, protocol: 'kernel', scope: 'link', source: this.#primary! };
  }

  routes(): readonly Route[] {
    const bridge = this.node.podBridge;
    if (bridge !== undefined) return [viaBridge(bridge.address), this.#onBridge(bridge.network)];
    const gateway: Route = { destination: whole(GATEWAYS[4]), device: DEVICE, protocol: 'static', scope: 'link' };
    return [DEFAULT_ROUTES[4], gateway];
  }
}

function hopToNode(family: Family, node: NodeHost, device: string): Hop {
  const bridge = node.podBridge;
  const route = bridge === undefined ? DEFAULT_ROUTES[family] : viaBridge(bridge.address);
  return { device: DEVICE, route, over: crossingOf(node), next: node, nextInterface: device };
}

function crossingOf({ podBridge }: NodeHost): string {
  return podBridge === undefined ? 'veth' : `bridge ${BRIDGE}`;
}

/** The pod's default route where it hangs on a bridge (the bridge and host-local plugins). */
function viaBridge(bridge: Address): Route {
  return { destination: EVERYWHERE[familyOf(bridge)], via: bridge, device: DEVICE };
}

function whole(address: Address): Cidr {
  return typeof address === 'number'
    ? { family: 4, network: address, prefixLength: 32, mask: 0xffffffff }
    : { family: 6, network: address, prefixLength: 128, mask: 0 };
}

/** The node's end of the pair: `azv` and eleven hexadecimal digits that stand for the sandbox. */
function vethOf(network: PodNetwork): string {
  return `azv${network.uid.replaceAll('-', '').slice(0, 11)}`;
}
