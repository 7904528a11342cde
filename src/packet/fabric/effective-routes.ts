/**
 * The routes of a network interface: Azure's own, those learned from gateways, and the route table of its subnet. The longest
 * prefix decides; among equals the user's own route, then a gateway's, then Azure's.
 * Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
 */
import { type Address, type azure, type Cidr, cidrOf, contains, formatCidr } from '../../model/index.ts';
import { type NetworkView, viewOf } from './network-map.ts';

/** In the words of `az network nic show-effective-route-table`. */
export interface EffectiveRoute {
  readonly source: 'Default' | 'VirtualNetworkGateway' | 'User';
  /** Invalid: a route of the user's has taken its place */
  readonly state: 'Active' | 'Invalid';
  readonly prefix: Cidr;
  readonly nextHopType: azure.NextHopType | 'VNetPeering';
  readonly nextHopIpAddress?: string;
  /** the user's name for it */
  readonly name?: string;
}

/** Azure drops what goes to these, unless the network has them in its address space or a route of its own says otherwise. */
const NOWHERE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '25.48.0.0/12', '25.4.0.0/14'];
const EVERYWHERE = ['0.0.0.0/0', '::/0'];

function systemRoutes({ own, peers, sites }: NetworkView): EffectiveRoute[] {
  const route = (
    source: EffectiveRoute['source'],
    prefix: Cidr,
    nextHopType: EffectiveRoute['nextHopType'],
  ): EffectiveRoute => ({ source, state: 'Active', prefix, nextHopType });
  const known = [
    ...own.map((prefix) => route('Default', prefix, 'VnetLocal')),
    ...peers.flatMap(({ prefixes }) => prefixes.map((prefix) => route('Default', prefix, 'VNetPeering'))),
    ...sites.flatMap(({ prefixes }) =>
      prefixes.map((prefix) => route('VirtualNetworkGateway', prefix, 'VirtualNetworkGateway')),
    ),
  ];
  const has = new Set(known.map(({ prefix }) => formatCidr(prefix)));
  return [
    ...known,
    ...EVERYWHERE.map((text) => route('Default', cidrOf(text), 'Internet')),
    ...NOWHERE.filter((text) => !has.has(text)).map((text) => route('Default', cidrOf(text), 'None')),
  ];
}

function userRoutes(table: azure.RouteTable | undefined): EffectiveRoute[] {
  return (table?.properties.routes ?? []).map(({ name, properties }) => ({
    source: 'User',
    state: 'Active',
    prefix: cidrOf(properties.addressPrefix),
    nextHopType: properties.nextHopType,
    ...(properties.nextHopIpAddress === undefined ? {} : { nextHopIpAddress: properties.nextHopIpAddress }),
    name,
  }));
}

const RANK = { User: 0, VirtualNetworkGateway: 1, Default: 2 } as const;

/** All routes of the interfaces in a subnet, those that a route of higher rank has replaced marked Invalid. */
export function effectiveRoutes(
  network: azure.VirtualNetwork,
  subnet: azure.Subnet,
  cloud: azure.CloudView,
): readonly EffectiveRoute[] {
  const reference = subnet.properties.routeTable;
  const table = reference === undefined ? undefined : cloud.get('route-table', reference.id);
  const learns = table?.properties.disableBgpRoutePropagation !== true;
  const all = [...systemRoutes(viewOf(network, cloud)), ...userRoutes(table)].filter(
    ({ source }) => learns || source !== 'VirtualNetworkGateway',
  );
  const best = new Map<string, number>();
  for (const { prefix, source } of all) {
    const text = formatCidr(prefix);
    best.set(text, Math.min(best.get(text) ?? RANK[source], RANK[source]));
  }
  return all.map((route) =>
    RANK[route.source] === best.get(formatCidr(route.prefix)) ? route : { ...route, state: 'Invalid' },
  );
}

/** Routes filed by prefix, the longest first: a look-up asks once for each length that there is, however many routes. */
export class RouteIndex {
  readonly #lengths: readonly { readonly mask: number; readonly routes: ReadonlyMap<number, EffectiveRoute> }[];
  readonly #ipv6: readonly EffectiveRoute[];

  constructor(routes: readonly EffectiveRoute[]) {
    const active = routes.filter(({ state }) => state === 'Active');
    const lengths = new Map<number, { mask: number; routes: Map<number, EffectiveRoute> }>();
    for (const route of active) {
      const { family, network, prefixLength, mask } = route.prefix;
      if (family !== 4) continue;
      const filed = lengths.get(prefixLength) ?? { mask, routes: new Map() };
      lengths.set(prefixLength, filed);
      if (!filed.routes.has(network as number)) filed.routes.set(network as number, route);
    }
    this.#lengths = [...lengths].sort(([a], [b]) => b - a).map(([, filed]) => filed);
    this.#ipv6 = active
      .filter(({ prefix }) => prefix.family === 6)
      .sort((a, b) => b.prefix.prefixLength - a.prefix.prefixLength);
  }

  /** The route that a packet to this address takes; undefined where none leads there. */
  to(destination: Address): EffectiveRoute | undefined {
    if (typeof destination !== 'number') return this.#ipv6.find(({ prefix }) => contains(prefix, destination));
    for (const { mask, routes } of this.#lengths) {
      const route = routes.get((destination & mask) >>> 0);
      if (route !== undefined) return route;
    }
    return undefined;
  }
}

/** The route that a packet to this address takes; undefined where none leads there. */
export function routeTo(routes: readonly EffectiveRoute[], destination: Address): EffectiveRoute | undefined {
  return new RouteIndex(routes).to(destination);
}
