/**
 * What a sync of the route controller has to change in the route table: routes that are missing, and routes of the cluster's
 * range that no node has (any more). A route that leads a node's range to the wrong address stays: the controller is told only
 * of a route's name and range, not where it leads.
 *
 * Source: k8s.io/cloud-provider controllers/route/route_controller.go (`reconcile`, `getRouteAction`, `isResponsibleForRoute`),
 * cloud-provider-azure pkg/provider/azure_routes.go (`ListRoutes` leaves EnableNodeAddresses false).
 */
import {
  addressPlus,
  type azure,
  type Cidr,
  contains,
  type Node,
  nodeOrderKey,
  parseCidr,
} from '../../../src/model/index.ts';
import { internalIps, isManaged } from '../controllers/eligible-nodes.ts';
import { createRoute, type NodeRoute, nodeRoutes, withoutOutdated, withoutRoutesTo } from './node-routes.ts';

export interface RouteScope {
  /** the ranges that nodes' blocks are cut from: routes to other places are not the controller's */
  readonly clusterCidrs: readonly Cidr[];
  readonly dualStack: boolean;
}

/** A route that a node lacks. */
export interface MissingRoute {
  readonly node: Node;
  readonly podCidr: string;
}

export interface RouteChanges {
  readonly missing: readonly MissingRoute[];
  /** that lead to ranges which no node has */
  readonly stale: readonly NodeRoute[];
}

type RoutesByNode = ReadonlyMap<string, readonly NodeRoute[]>;

/** A table is a frozen value: what it says of nodes is worked out once. */
const routesByNode = new WeakMap<azure.RouteTable, RoutesByNode>();

export function routesOf(table: azure.RouteTable, node: string, { dualStack }: RouteScope): readonly NodeRoute[] {
  let byNode = routesByNode.get(table);
  if (byNode === undefined) {
    const made = new Map<string, NodeRoute[]>();
    for (const route of nodeRoutes(table.properties.routes ?? [], dualStack))
      made.set(route.targetNode, [...(made.get(route.targetNode) ?? []), route]);
    routesByNode.set(table, (byNode = made));
  }
  return byNode.get(node) ?? [];
}

/** The ranges of a node that the table has no route to. One that Azure does not know, of another place, has none and needs none. */
export function missingRoutes(node: Node, table: azure.RouteTable, scope: RouteScope): readonly MissingRoute[] {
  if (!isManaged(node)) return [];
  const known = routesOf(table, node.metadata.name, scope);
  const podCidrs = node.spec.podCIDRs ?? [];
  return podCidrs
    .filter((podCidr) => !known.some(({ destinationCIDR }) => destinationCIDR === podCidr))
    .map((podCidr) => ({ node, podCidr }));
}

/** Walks table and nodes, of which a table has room for a few hundred: the call that follows carries the whole table too. */
export function routeChanges(table: azure.RouteTable, nodes: Iterable<Node>, scope: RouteScope): RouteChanges {
  const all = [...nodes].sort((a, b) => (nodeOrderKey(a.metadata.name) < nodeOrderKey(b.metadata.name) ? -1 : 1));
  const byName = new Map(all.map((node) => [node.metadata.name, node]));
  const stale = nodeRoutes(table.properties.routes ?? [], scope.dualStack).filter(({ targetNode, destinationCIDR }) => {
    const node = byName.get(targetNode);
    if (!isResponsibleFor(destinationCIDR, scope) || (node !== undefined && !isManaged(node))) return false;
    return node?.spec.podCIDRs?.includes(destinationCIDR) !== true;
  });
  return { missing: all.flatMap((node) => missingRoutes(node, table, scope)), stale };
}

/** For what begins or ends within a cluster CIDR: a default route encloses it, and is not. */
function isResponsibleFor(destination: string, { clusterCidrs }: RouteScope): boolean {
  const cidr = parseCidr(destination);
  if (cidr === undefined) return false;
  const last = addressPlus(cidr.network, (1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefixLength)) - 1n);
  return clusterCidrs.some((range) => contains(range, cidr.network) || contains(range, last));
}

export interface ChangedRoutes {
  readonly routes: readonly azure.Route[];
  /** nodes without an address of the range's family: they get no route */
  readonly failures: readonly { readonly missing: MissingRoute; readonly error: string }[];
}

/** The table's routes after the changes: first what must go, then what is missing. */
export function changedRoutes(
  before: readonly azure.Route[],
  { missing, stale }: RouteChanges,
  nodes: ReadonlySet<string>,
  { dualStack }: RouteScope,
): ChangedRoutes {
  let { routes } = withoutOutdated(before, nodes, dualStack);
  for (const { targetNode } of stale) ({ routes } = withoutRoutesTo(routes, targetNode));
  const failures: ChangedRoutes['failures'][number][] = [];
  for (const each of missing) {
    const { name } = each.node.metadata;
    const target = { name, podCidr: each.podCidr, addresses: internalIps(each.node) };
    const created = createRoute(routes, target, new Set(), dualStack);
    if (created.ok) ({ routes } = created);
    else failures.push({ missing: each, error: created.error });
  }
  return { routes, failures };
}
