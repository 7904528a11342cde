/**
 * Azure's network between machines, as one host on a packet's way. It tracks flows as its switches do (one table stands for
 * theirs): security rules are asked about new flows, and answers of known flows pass.
 *
 * ```text
 *   sender's NIC, subnet         effective routes of the subnet                      receiver's subnet, NIC
 *   security rules, outbound --> VnetLocal, VNetPeering ----> load balancer? ------> security rules, inbound --> machine
 *                                VirtualAppliance ----------> that machine
 *                                VirtualNetworkGateway -----> site
 *                                Internet ------------------> outbound method (SNAT) --> internet, or a public frontend
 * ```
 *
 * Source: https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works, virtual-networks-udr-overview
 */
import {
  addressOfNumber,
  type ConntrackTable,
  DESTINATION_NAT,
  numberOfAddress,
  SOURCE_NAT,
  STATE_NEW,
  STATE_RELATED,
} from '../../dataplane/index.ts';
import { type Address, type azure, type Cidr, type Family, formatAddress, parseAddress } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { translateError } from '../icmp.ts';
import { applyDnat, type Side, translate } from '../nat.ts';
import { RecentLists } from '../recent.ts';
import { confirm, track } from '../tracking.ts';
import type { Hop, Host } from '../world.ts';
import { type EffectiveRoute, effectiveRoutes, RouteIndex } from './effective-routes.ts';
import { forgotten, isMidstream } from './forgotten-flow.ts';
import { balance, type Frontend, frontendsOf, type PoolParts } from './frontends.ts';
import { limitIdle, refreshIdle } from './idle-timeout.ts';
import { locate, networksBehind, viewOf } from './network-map.ts';
import { idleTimeoutOf, outboundMethod } from './outbound.ts';
import { type Place, type PlaceParts, placeIn, placeOf } from './places.ts';
import { isAllowed, type PodRange } from './security-check.ts';
import type { Direction } from './security-rules.ts';
import { PLATFORM_ADDRESSES } from './service-tags.ts';
import { takeSource } from './source-port.ts';
import { DEVICE, hopTo, isIn, routeText, unknownPod, type Way } from './way.ts';

export interface FabricParts extends PlaceParts, PoolParts {
  /** of the network that the cluster's nodes are in */
  readonly networkId: string;
  /** the fabric's flows, kept from world to world */
  conntrackOf(family: Family): ConntrackTable;
  /** service tags beside those that mean the network itself, in lower case */
  readonly serviceTags: ReadonlyMap<string, readonly Cidr[]>;
}

/** The machines that the fabric joins. */
export interface Machines {
  /** the pod addresses that only the cluster's nodes know; undefined where pods have addresses of the network */
  readonly podRange: PodRange | undefined;
  /** the node that takes what is for such an address */
  nodeOfPodAddress(address: Address): Host | undefined;
  isNode(host: Host): boolean;
  /** who takes a packet to this address of a network: a machine, or the node of a pod; undefined where nobody has it */
  taker(network: azure.VirtualNetwork, address: Address): Host | undefined;
  /** a machine of a site or of the internet */
  outside(address: Address): Host;
}

export class AzureFabric implements Host {
  readonly name = 'azure';
  readonly forwards = true;
  readonly routeLocalnet = false;
  readonly recent = new RecentLists();
  readonly #parts: FabricParts;
  readonly #machines: Machines;
  #frontends: ReadonlyMap<Address, Frontend> | undefined;
  /** of each subnet that a packet came from, by its id */
  readonly #routes = new Map<string, RouteIndex>();

  constructor(parts: FabricParts, machines: Machines) {
    this.#parts = parts;
    this.#machines = machines;
  }

  rules(): undefined {
    return undefined;
  }

  conntrack(family: Family): ConntrackTable {
    return this.#parts.conntrackOf(family);
  }

  isLocal(): boolean {
    return false;
  }

  /** For what it sends itself: a reset. */
  hop(destination: Address): Hop {
    return hopTo(this.machineWith(destination), 'VNet');
  }

  /** Whoever has the address: a machine of some network, or one outside. */
  machineWith(address: Address): Host {
    for (const network of this.#parts.cloud.list('vnet')) {
      const machine = this.#machines.taker(network, address);
      if (machine !== undefined) return machine;
    }
    return this.#machines.outside(address);
  }

  addressOf(): undefined {
    return undefined;
  }

  routes(): readonly [] {
    return [];
  }

  carry(flight: Flight, from: Host): Hop | undefined {
    track(flight);
    const sender = this.#senderPlace(flight, from);
    const isNew = flight.state === STATE_NEW;
    if (!isNew) this.#translate(flight, DESTINATION_NAT);
    if (isNew && !this.#allows(flight, sender, 'Outbound')) return undefined;
    const way = this.#way(flight, from, sender);
    if (flight.verdict !== undefined) return undefined;
    if (typeof way === 'string') {
      flight.verdict = { verdict: 'unroutable', host: this.name, reason: way };
      return undefined;
    }
    if (!isNew) this.#translate(flight, SOURCE_NAT);
    const receiver = this.#receiverPlace(way);
    if (isNew && !this.#allows(flight, receiver, 'Inbound')) return undefined;
    if (flight.connection !== undefined && flight.state !== STATE_RELATED) {
      refreshIdle(flight.connection, flight.at);
      flight.carried = flight.connection;
    }
    confirm(flight);
    return hopTo(way.next, way.over);
  }

  #translate(flight: Flight, side: Side): void {
    if (flight.connection === undefined) return;
    if (flight.state === STATE_RELATED) translateError(flight, side);
    else translate(flight, side);
  }

  #network(): azure.VirtualNetwork {
    const network = this.#parts.cloud.get('vnet', this.#parts.networkId);
    if (network === undefined) throw new Error(`there is no virtual network ${this.#parts.networkId}`);
    return network;
  }

  /** A pod of the network's own addresses sends from its own subnet, through its node's interface. */
  #senderPlace({ family, sourceAddress }: Flight, from: Host): Place {
    const machine = from.addressOf(DEVICE, family);
    if (!this.#machines.isNode(from) || machine === undefined) return placeOf(machine ?? sourceAddress, this.#parts);
    return this.#placeInCluster(sourceAddress, machine);
  }

  #placeInCluster(address: Address, machine: Address): Place {
    const network = this.#network();
    const ofMachine = placeIn(network, machine, this.#parts);
    if (ofMachine?.in !== 'subnet') return { in: 'internet' };
    const own = placeIn(network, address, this.#parts);
    return own?.in === 'subnet' ? { ...own, nic: ofMachine.nic } : ofMachine;
  }

  #receiverPlace({ next, target }: Exclude<Way, string>): Place {
    const machine = next.addressOf(DEVICE, typeof target === 'number' ? 4 : 6) ?? target;
    return this.#machines.isNode(next) ? this.#placeInCluster(target, machine) : placeOf(machine, this.#parts);
  }

  #allows(flight: Flight, place: Place, direction: Direction): boolean {
    return isAllowed(flight, this, place, direction, this.#parts, this.#machines.podRange);
  }

  #record(flight: Flight, of: string, rule: string, effect: string): void {
    flight.recorder?.decision(this, flight.packet(), { of, rule, effect });
  }

  #way(flight: Flight, from: Host, sender: Place): Way {
    const destination = flight.destinationAddress;
    const { podRange } = this.#machines;
    if (isIn(podRange, destination)) {
      if (podRange?.model === 'overlay') return this.#wayToNodeOf(destination, from);
      // A route table knows kubenet's pods, and it serves the subnets that use it.
      if (sender.in !== 'subnet') return 'no route: kubenet pod address from outside';
    }
    switch (sender.in) {
      case 'subnet':
        // Azure's own name servers and metadata service answer in every network, whatever its routes and outbound method.
        if (PLATFORM_ADDRESSES.includes(destination))
          return { next: this.#machines.outside(destination), over: 'VNet', target: destination };
        return this.#routedWay(flight, from, sender);
      case 'site':
        return this.#wayFromSite(flight, sender.site.name, networksBehind(sender.site, this.#parts.cloud));
      case 'internet':
        return this.#wayFromInternet(flight);
      default:
        throw new Error(`no such place: ${JSON.stringify(sender satisfies never)}`);
    }
  }

  #wayToNodeOf(destination: Address, from: Host): Way {
    if (!this.#machines.isNode(from)) return 'no route: overlay pod address from outside';
    const node = this.#machines.nodeOfPodAddress(destination);
    if (node === undefined) return 'no route: overlay pod address of no node';
    // The pod range is this node's own and no pod has the address: the fabric does not send a packet back to its sender.
    if (node === from) return 'no route: no pod has that address';
    return { next: node, over: 'VNet', target: destination };
  }

  #routedWay(flight: Flight, from: Host, sender: Extract<Place, { in: 'subnet' }>): Way {
    const { network, subnet } = sender;
    const destination = flight.destinationAddress;
    const route = this.#routesOf(network, subnet).to(destination);
    if (route === undefined) return 'no route: the subnet has no route to it';
    if (route.source === 'Default' && isIn(this.#machines.podRange, destination))
      return unknownPod(from, subnet, this.#machines);
    this.#record(flight, `routes of ${network.name}/${subnet.name}`, routeText(route), `on to ${route.nextHopType}`);
    switch (route.nextHopType) {
      case 'VnetLocal':
        return this.#wayNear(flight, from, network);
      case 'VNetPeering':
      case 'VirtualNetworkGateway':
        return this.#wayBeyond(flight, network);
      case 'VirtualAppliance':
        return this.#applianceWay(flight, from, network, route);
      case 'Internet':
        return this.#wayOut(flight, from, sender);
      case 'None':
        return `no route: ${routeText(route)} leads nowhere`;
      default:
        throw new Error(`no such next hop: ${route.nextHopType satisfies never}`);
    }
  }

  #routesOf(network: azure.VirtualNetwork, subnet: azure.Subnet): RouteIndex {
    const id = subnet.id ?? subnet.name;
    let routes = this.#routes.get(id);
    if (routes === undefined)
      this.#routes.set(id, (routes = new RouteIndex(effectiveRoutes(network, subnet, this.#parts.cloud))));
    return routes;
  }

  /**
   * A load balancer that sends a flow back to its own sender leaves the source as it is: that machine is to take its own packet
   * for another's. Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-troubleshoot-backend-traffic
   */
  #wayNear(flight: Flight, from: Host, network: azure.VirtualNetwork): Way {
    const frontend = this.#frontendAt(flight.destinationAddress);
    const way = this.#wayInto(flight, network);
    if (frontend === undefined || typeof way === 'string' || way.next !== from) return way;
    const reason = `hairpin: load balancer ${frontend.balancer.name} sends it back to its sender ${from.name}, where the two halves of the flow do not match`;
    flight.verdict = { verdict: 'dropped', host: this.name, reason };
    return reason;
  }

  /** To a frontend of a load balancer in the network, or to the machine that has the address. */
  #wayInto(flight: Flight, network: azure.VirtualNetwork): Way {
    const destination = flight.destinationAddress;
    const frontend = this.#frontendAt(destination);
    if (frontend !== undefined) return this.#balancedWay(flight, frontend);
    const next = this.#machines.taker(network, destination);
    if (next === undefined) return `no route: nobody has ${formatAddress(destination)}`;
    return { next, over: 'VNet', target: destination };
  }

  #wayBeyond(flight: Flight, network: azure.VirtualNetwork): Way {
    const destination = flight.destinationAddress;
    const location = locate(viewOf(network, this.#parts.cloud), destination);
    if (location?.in === 'peer') {
      const way = this.#wayInto(flight, location.network);
      return typeof way === 'string' ? way : { ...way, over: 'peering' };
    }
    if (location?.in !== 'site') return `no route: nobody has ${formatAddress(destination)}`;
    return { next: this.#machines.outside(destination), over: location.site.over, target: destination };
  }

  #applianceWay(flight: Flight, from: Host, network: azure.VirtualNetwork, route: EffectiveRoute): Way {
    const address = parseAddress(route.nextHopIpAddress ?? '');
    const next = address === undefined ? undefined : this.#takerNear(network, address);
    if (address === undefined || next === undefined)
      return `no route: nobody has the next hop ${route.nextHopIpAddress} of ${routeText(route)}`;
    // What the appliance itself sends on must not come back to it: its own subnet would have to route it there.
    if (next === from) return this.#wayInto(flight, network);
    return { next, over: 'VNet', target: address };
  }

  /** In the network itself or in one that it peers with. */
  #takerNear(network: azure.VirtualNetwork, address: Address): Host | undefined {
    const location = locate(viewOf(network, this.#parts.cloud), address);
    return location?.in === 'network' || location?.in === 'peer'
      ? this.#machines.taker(location.network, address)
      : undefined;
  }

  #wayOut(flight: Flight, from: Host, sender: Place): Way {
    const destination = flight.destinationAddress;
    if (flight.state === STATE_NEW) {
      const machine = from.addressOf(DEVICE, flight.family);
      const method = machine === undefined ? undefined : outboundMethod(sender, machine, flight.protocol, this.#parts);
      if (method === undefined) return 'no route: the subnet has no outbound method';
      const { idleTimeout, isOneToOne } = method;
      if (!isOneToOne && isMidstream(flight))
        return forgotten(flight, this, `${method.of}, ${method.rule}`, idleTimeout);
      if (!takeSource(flight, method)) {
        const reason = `SNAT ports exhausted: ${method.of}, ${method.rule}`;
        flight.verdict = { verdict: 'dropped', host: this.name, reason };
        return reason;
      }
      limitIdle(flight.connection!, idleTimeout);
      this.#record(flight, method.of, method.rule, 'source becomes a public address');
      translate(flight, SOURCE_NAT);
    }
    const frontend = this.#frontendAt(destination);
    if (frontend !== undefined) return this.#balancedWay(flight, frontend);
    return { next: this.#machines.outside(destination), over: 'internet', target: destination };
  }

  #wayFromSite(flight: Flight, site: string, networks: readonly azure.VirtualNetwork[]): Way {
    const destination = flight.destinationAddress;
    for (const network of networks) {
      const location = locate(viewOf(network, this.#parts.cloud), destination);
      if (location?.in === 'network') return this.#wayInto(flight, network);
    }
    const frontend = this.#frontendAt(destination);
    if (frontend?.isPublic === true) return this.#balancedWay(flight, frontend);
    return `no route: no gateway of ${site} leads to ${formatAddress(destination)}`;
  }

  #wayFromInternet(flight: Flight): Way {
    const destination = flight.destinationAddress;
    const frontend = this.#frontendAt(destination);
    if (frontend?.isPublic === true) return this.#balancedWay(flight, frontend);
    // An answer to a known flow has its machine's own address again by now.
    if (flight.connection !== undefined && flight.state !== STATE_NEW) {
      const place = placeOf(destination, this.#parts);
      if (place.in === 'subnet') return this.#wayInto(flight, place.network);
    }
    if (placeOf(destination, this.#parts).in !== 'internet') return 'no route: a private address, from the internet';
    return `no route: nobody has ${formatAddress(destination)}`;
  }

  #frontendAt(address: Address): Frontend | undefined {
    this.#frontends ??= frontendsOf(this.#parts.cloud);
    return this.#frontends.get(address);
  }

  /** A new flow goes to a member by the hash, and is remembered to stay with it. */
  #balancedWay(flight: Flight, frontend: Frontend): Way {
    const { connection, family } = flight;
    if (connection !== undefined && connection.mark !== 0)
      return this.#wayToMember(addressOfNumber(family, connection.mark >>> 0));
    const { protocol, sourceAddress, sourcePort, destinationAddress, destinationPort } = flight;
    const flow = { protocol, source: sourceAddress, sourcePort, destination: destinationAddress, destinationPort };
    const balanced = balance(frontend, flow, this.#parts);
    const of = `load balancer ${frontend.balancer.name}`;
    if (balanced.outcome === 'no rule')
      return `no route: ${of} has no rule for ${formatAddress(destinationAddress)} port ${destinationPort}`;
    if (balanced.outcome === 'no healthy member')
      return `no route: ${of}, rule ${balanced.rule.name}: no member's probe succeeds`;
    const { rule, member, rewrittenTo } = balanced;
    const idleTimeout = idleTimeoutOf(rule);
    if (isMidstream(flight)) return forgotten(flight, this, `${of}, ${rule.name}`, idleTimeout);
    if (connection !== undefined) limitIdle(connection, idleTimeout);
    this.#record(flight, of, rule.name, `sent to ${formatAddress(member)}`);
    if (connection !== undefined && rewrittenTo !== undefined) {
      applyDnat(flight, numberOfAddress(rewrittenTo.address), rewrittenTo.port);
      translate(flight, DESTINATION_NAT);
    } else if (connection !== undefined) connection.mark = numberOfAddress(member);
    return this.#wayToMember(member);
  }

  #wayToMember(member: Address): Way {
    const next = this.#machines.taker(this.#network(), member);
    if (next === undefined) return `no route: nobody has ${formatAddress(member)}`;
    return { next, over: 'VNet', target: member };
  }
}
