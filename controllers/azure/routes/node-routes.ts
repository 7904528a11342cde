/**
 * kubenet's routes: one for each node's pod CIDR, in the route table of the cluster's subnet. Pure: what the table should hold.
 * Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_routes.go (`processRoutes`, `CreateRoute`, `DeleteRoute`,
 * `updateRoutes`, `cleanupOutdatedRoutes`, `mapNodeNameToRouteName`).
 */

import type { azure } from '../../../src/model/index.ts';

/** The route controller's view of one. */
export interface NodeRoute {
  readonly name: string;
  readonly targetNode: string;
  readonly destinationCIDR: string;
}

export interface RouteTableChange<Route = azure.Route> {
  readonly routes: readonly Route[];
  readonly changed: boolean;
}

const SEPARATOR = '____';

/** Azure keeps no tags on routes, so the name tells the node; with two families, which of its CIDRs too. */
export function routeNameOf(node: string, cidr: string, dualStack: boolean): string {
  return dualStack ? `${node}${SEPARATOR}${cidr.replace(/[:./]/g, '')}` : node;
}

export function nodeNameOf(routeName: string, dualStack: boolean): string {
  return dualStack ? routeName.split(SEPARATOR)[0]! : routeName;
}

/** The routes of a table as the route controller compares them with its nodes. */
export function nodeRoutes(
  routes: readonly { readonly name: string; readonly properties: { readonly addressPrefix: string } }[],
  dualStack: boolean,
): readonly NodeRoute[] {
  return routes.map(({ name, properties }) => ({
    name,
    targetNode: nodeNameOf(name, dualStack),
    destinationCIDR: properties.addressPrefix,
  }));
}

/** A node whose pods are to be reached by one route. */
export interface RoutedNode {
  readonly name: string;
  readonly podCidr: string;
  readonly addresses: readonly string[];
}

export type RouteCreation =
  | (RouteTableChange & { readonly ok: true; readonly isUnmanaged: boolean })
  | { readonly ok: false; readonly error: string };

/**
 * The table with a route to the node. `unmanaged` are the nodes that Azure knows nothing of: they get no route, their CIDR is
 * only remembered; undefined while the informer has not told of any node yet.
 */
export function createRoute(
  routes: readonly azure.Route[],
  node: RoutedNode,
  unmanaged: ReadonlySet<string> | undefined,
  dualStack: boolean,
): RouteCreation {
  if (unmanaged === undefined)
    return { ok: false, error: 'node informer is not synced when trying to GetUnmanagedNodes' };
  if (unmanaged.has(node.name)) return { ok: true, routes, changed: false, isUnmanaged: true };
  const nextHopIpAddress = node.addresses.find((address) => address.includes(':') === node.podCidr.includes(':'));
  if (nextHopIpAddress === undefined) return { ok: false, error: 'no match found matching the ipfamily requested' };
  const route: azure.Route = {
    name: routeNameOf(node.name, node.podCidr, dualStack),
    properties: { addressPrefix: node.podCidr, nextHopType: 'VirtualAppliance', nextHopIpAddress },
  };
  return { ok: true, ...withRoute(routes, route), isUnmanaged: false };
}

/** The table with this route, in place of the one of its name. Unchanged where it is there as it should be. */
function withRoute(routes: readonly azure.Route[], route: azure.Route): RouteTableChange {
  const before = routes.find(({ name }) => sameText(name, route.name));
  if (before !== undefined && leadsAlike(before, route)) return { routes, changed: false };
  return { routes: [...routes.filter((each) => each !== before), route], changed: true };
}

/**
 * The table without the routes of a node. The provider takes every route away whose name begins with the node's: names of AKS's
 * machines are of one length, so that none begins with another's, and those of dual stack go on after a separator.
 */
export function withoutRoutesTo<Route extends { readonly name: string }>(
  routes: readonly Route[],
  node: string,
): RouteTableChange<Route> {
  const left = routes.filter(({ name }) => !sameText(name.split(SEPARATOR)[0]!, node));
  return { routes: left, changed: left.length !== routes.length };
}

/** Without the routes named by the other scheme, of nodes that are there: what is left when dual stack is switched. */
export function withoutOutdated<Route extends { readonly name: string }>(
  routes: readonly Route[],
  nodes: ReadonlySet<string>,
  dualStack: boolean,
): RouteTableChange<Route> {
  const left = routes.filter(({ name }) => {
    const parts = name.split(SEPARATOR);
    return !nodes.has(parts[0]!) || parts.length !== (dualStack ? 1 : 2);
  });
  return { routes: left, changed: left.length !== routes.length };
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function leadsAlike({ properties: a }: azure.Route, { properties: b }: azure.Route): boolean {
  return sameText(a.addressPrefix, b.addressPrefix) && sameText(a.nextHopIpAddress ?? '', b.nextHopIpAddress ?? '');
}
