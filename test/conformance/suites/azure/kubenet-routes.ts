/** kubenet_routes: names of routes, what a table tells of nodes, and what the route controller makes of it. */
import * as z from 'zod';
import {
  createRoute,
  nodeNameOf,
  nodeRoutes,
  routeNameOf,
  withoutOutdated,
} from '../../../../controllers/azure/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const route = z.strictObject({
  name: z.string(),
  properties: z.strictObject({
    addressPrefix: z.string(),
    nextHopType: z.literal('VirtualAppliance'),
    nextHopIpAddress: z.string(),
  }),
});
const givenShape = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.literal('mapNodeNameToRouteName'),
    dualStack: z.boolean(),
    nodeName: z.string(),
    cidr: z.string(),
  }),
  z.strictObject({
    operation: z.literal('mapRouteNameToNodeName'),
    dualStack: z.boolean(),
    routeName: z.string(),
    cidr: z.string().optional(),
  }),
  z.strictObject({
    operation: z.literal('processRoutes'),
    ipv6DualStackEnabled: z.boolean(),
    error: z.string().optional(),
    routes: z.array(z.strictObject({ name: z.string(), addressPrefix: z.string() })).nullish(),
  }),
  z.strictObject({
    operation: z.literal('createRoute'),
    targetNode: z.string(),
    destinationCIDR: z.string(),
    nodePrivateIP: z.string().optional(),
    ipv6DualStackEnabled: z.boolean(),
    existingRoutes: z.array(route).optional(),
    unmanagedNodes: z.array(z.string()).optional(),
    nodeInformerSynced: z.boolean().optional(),
  }),
  z.strictObject({
    operation: z.literal('cleanup'),
    ipv6DualStackEnabled: z.boolean(),
    existingNodeNames: z.array(z.string()),
    existingRoutes: z.array(z.string()),
  }),
]);
type Given = z.infer<typeof givenShape>;

function observed(given: Given): object {
  switch (given.operation) {
    case 'mapNodeNameToRouteName':
      return { value: routeNameOf(given.nodeName, given.cidr, given.dualStack) };
    case 'mapRouteNameToNodeName':
      return { value: nodeNameOf(given.routeName, given.dualStack) };
    case 'processRoutes':
      return processed(given);
    case 'createRoute':
      return created(given);
    case 'cleanup': {
      const named = given.existingRoutes.map((name) => ({ name }));
      const nodes = new Set(given.existingNodeNames);
      const { routes, changed } = withoutOutdated(named, nodes, given.ipv6DualStackEnabled);
      return { routes: routes.map(({ name }) => name), changed };
    }
    default:
      throw new Error(`unknown operation ${JSON.stringify(given satisfies never)}`);
  }
}

/** A table that could not be read is ARM's own refusal, handed on as it is; one that is not there has no routes. */
function processed({ error, routes, ipv6DualStackEnabled }: Extract<Given, { operation: 'processRoutes' }>): object {
  if (error !== undefined) return { error };
  const table = (routes ?? []).map(({ name, addressPrefix }) => ({ name, properties: { addressPrefix } }));
  return { routes: nodeRoutes(table, ipv6DualStackEnabled) };
}

function created(given: Extract<Given, { operation: 'createRoute' }>): object {
  const {
    targetNode: name,
    destinationCIDR: podCidr,
    nodePrivateIP,
    ipv6DualStackEnabled,
    existingRoutes = [],
  } = given;
  const node = { name, podCidr, addresses: nodePrivateIP === undefined ? [] : [nodePrivateIP] };
  const unmanaged = given.nodeInformerSynced === false ? undefined : new Set(given.unmanagedNodes);
  const creation = createRoute(existingRoutes, node, unmanaged, ipv6DualStackEnabled);
  if (!creation.ok) return { error: creation.error };
  const { routes, changed: tableWritten, isUnmanaged } = creation;
  return { routes, tableWritten, ...(isUnmanaged ? { rememberedCIDRs: { [name]: podCidr } } : {}) };
}

export function replayKubenetRoutes({ given, expect }: RecordedCase): Outcome {
  return compared(expect, observed(givenShape.parse(given)));
}
