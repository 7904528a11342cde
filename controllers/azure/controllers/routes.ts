/**
 * The route controller of cloud-controller-manager, for kubenet: a route to each node's pods, in the route table of the nodes'
 * subnet.
 *
 * ```text
 *   each 10 s: compare nodes with the table as it was read last (at most 120 s ago)
 *        | something is missing or stale
 *        v
 *   each 30 s: write the table --30 s, to take effect--> tell the nodes (NetworkUnavailable) --> read it anew
 * ```
 *
 * It looks only when a node or the table has changed, at the moment at which the real one would: looks between do nothing.
 *
 * Source: k8s.io/cloud-provider controllers/route/route_controller.go (--route-reconciliation-period=10s); cloud-provider-azure
 * pkg/provider/azure_routes.go (delayedRouteUpdater), pkg/provider/routetable, and its defaults: routeUpdateIntervalInSeconds 30,
 * routeUpdateWaitingInSeconds 30, routeTableCacheTTLInSeconds 120.
 */
import type { RouteSync } from '../../../src/dataplane/index.ts';
import {
  azure,
  type Condition,
  findCondition,
  type Key,
  type Moment,
  type Node,
  nodeOrderKey,
  timestampOf,
} from '../../../src/model/index.ts';
import type { Controller, Intent, View } from '../../../src/reconcile/index.ts';
import type { CloudConfig } from '../cloud-config.ts';
import {
  changedRoutes,
  type MissingRoute,
  missingRoutes,
  type RouteChanges,
  type RouteScope,
  routeChanges,
  routesOf,
} from '../routes/changes.ts';
import { responseErrorText } from './response-error.ts';

export const ROUTE_CONTROLLER = 'route-controller';
/** its one key: a sync is about the table as a whole */
export const ROUTES: Key = 'routes';

const PERIOD_MS = 10_000;
const WRITE_PERIOD_MS = 30_000;
const TAKES_EFFECT_MS = 30_000;
const READ_AGAIN_AFTER_MS = 120_000;

export interface RouteSettings extends RouteScope {
  readonly config: CloudConfig;
  /** the table's name */
  readonly routeTable: string;
}

export function routeController(settings: RouteSettings): Controller {
  return {
    name: ROUTE_CONTROLLER,
    program: 'cloud-controller-manager',
    backoff: { firstMs: PERIOD_MS, longestMs: PERIOD_MS },
    // Nodes report all the time: only what would change something is looked at.
    watches: { Node: (node, view) => (concerns(node, view, settings) ? [ROUTES] : []) },
    // A node may have gone while nobody was looking: its route is still there.
    leftovers: () => [ROUTES],
    reconcile: (view, _key, at) => reconcile(view, at, settings),
    failed: (view, _key, error, call, at) => failed(view, error, responseErrorText(call, error), at, settings),
  };
}

const tableId = ({ config, routeTable }: RouteSettings) =>
  azure.resourceId(config, azure.RESOURCE_TYPES['route-table'], routeTable);

function syncOf(view: View, settings: RouteSettings): RouteSync {
  return view.dataplane.routeSync.get(settings.routeTable) ?? {};
}

/** A table that is not there yet holds no routes. */
function emptyTable(settings: RouteSettings): azure.RouteTable {
  const { config, routeTable: name } = settings;
  return {
    type: 'Microsoft.Network/routeTables',
    id: tableId(settings),
    name,
    location: config.location,
    properties: { routes: [] },
  };
}

function concerns({ metadata }: Node, view: View, settings: RouteSettings): boolean {
  const { read } = syncOf(view, settings);
  if (read?.table === undefined) return true;
  const node = view.get('Node', metadata.name);
  if (node === undefined) return routesOf(read.table, metadata.name, settings).length > 0;
  if (missingRoutes(node, read.table, settings).length > 0 || hasStaleRoute(node, read.table, settings)) return true;
  return conditionIntents([node], read.table, settings, 0).length > 0;
}

function hasStaleRoute({ metadata, spec }: Node, table: azure.RouteTable, scope: RouteScope): boolean {
  const known = routesOf(table, metadata.name, scope);
  return known.some(({ destinationCIDR }) => spec.podCIDRs?.includes(destinationCIDR) !== true);
}

function reconcile(view: View, at: Moment, settings: RouteSettings): readonly Intent[] {
  const sync = syncOf(view, settings);
  const { written, since } = sync;
  if (written === undefined) {
    const early = at % PERIOD_MS;
    return early > 0 ? [{ do: 'again', afterMs: PERIOD_MS - early }] : look(view, at, sync, settings);
  }
  if (written.until === undefined) {
    const taken = { ...(since === undefined ? {} : { since }), written: { until: at + TAKES_EFFECT_MS } };
    return [remember(taken, settings), { do: 'again', afterMs: TAKES_EFFECT_MS }];
  }
  if (at < written.until) return [{ do: 'again', afterMs: written.until - at }];
  return look(view, at, {}, settings);
}

/** One sync: what is to be written waits for the next turn of the updater. */
function look(view: View, at: Moment, before: RouteSync, settings: RouteSettings): readonly Intent[] {
  const live = view.cloud.get('route-table', tableId(settings));
  const read = isDueToRead(before.read, at, live) ? { table: live, at } : before.read!;
  if (read.table === undefined) return [{ do: 'call', call: { method: 'PUT', resource: emptyTable(settings) } }];
  const nodes = [...view.list('Node')].sort(byName);
  const changes = routeChanges(read.table, nodes, settings);
  const conditions = conditionIntents(nodes, read.table, settings, at);
  if (changes.missing.length === 0 && changes.stale.length === 0) {
    const noticed: Intent[] = read.table === live ? [] : [{ do: 'again', afterMs: untilReadMs(read, at) }];
    return [...rememberChanged({ read }, before, settings), ...conditions, ...noticed];
  }
  const since = before.since ?? at;
  const { retryAt = at } = before;
  const writeAt = Math.ceil(Math.max(at, retryAt) / WRITE_PERIOD_MS) * WRITE_PERIOD_MS;
  if (writeAt > at) {
    const known = { read, since, ...(retryAt > at ? { retryAt } : {}) };
    return [...rememberChanged(known, before, settings), ...conditions, { do: 'again', afterMs: writeAt - at }];
  }
  return [...conditions, ...write(read, since, nodes, changes, at, settings)];
}

function byName(a: Node, b: Node): number {
  return nodeOrderKey(a.metadata.name) < nodeOrderKey(b.metadata.name) ? -1 : 1;
}

/** How long until it reads the table anew. It would have done so all the time, and have found the same until now. */
function untilReadMs({ at: readAt }: NonNullable<RouteSync['read']>, at: Moment): number {
  const sinceFirstLook = at - Math.ceil(readAt / PERIOD_MS) * PERIOD_MS;
  if (sinceFirstLook <= 0) return READ_AGAIN_AFTER_MS - sinceFirstLook;
  return (READ_AGAIN_AFTER_MS - (sinceFirstLook % READ_AGAIN_AFTER_MS)) % READ_AGAIN_AFTER_MS;
}

function isDueToRead(read: RouteSync['read'], at: Moment, live: azure.RouteTable | undefined): boolean {
  return read === undefined || (read.table !== live && untilReadMs(read, at) === 0);
}

/** The whole table goes as it was read last, without an etag: what somebody else has written since is lost. */
function write(
  read: NonNullable<RouteSync['read']>,
  since: Moment,
  nodes: readonly Node[],
  changes: RouteChanges,
  at: Moment,
  settings: RouteSettings,
): readonly Intent[] {
  const table = read.table!;
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const { routes, failures } = changedRoutes(table.properties.routes ?? [], changes, names, settings);
  const told = failures.flatMap(({ missing, error }) => notCreated(missing, error, since, at));
  if (failures.length === changes.missing.length && changes.stale.length === 0)
    return [remember({ read }, settings), ...told, { do: 'again', afterMs: PERIOD_MS }];
  const { etag: _, ...rest } = table;
  const resource: azure.RouteTable = { ...rest, properties: { ...table.properties, routes } };
  return [...told, remember({ read, since, written: {} }, settings), { do: 'call', call: { method: 'PUT', resource } }];
}

/** Azure has not taken the table: the nodes whose routes were in it are told, and the next look tries again. */
function failed(
  view: View,
  { retryAfterSeconds }: azure.CloudError,
  text: string,
  at: Moment,
  settings: RouteSettings,
): readonly Intent[] {
  const { read, since = at } = syncOf(view, settings);
  if (read?.table === undefined) return [remember({}, settings)];
  const { missing } = routeChanges(read.table, view.list('Node'), settings);
  const error = `create or update RouteTable: ${text}`;
  const known = retryAfterSeconds === undefined ? { read } : { read, retryAt: at + retryAfterSeconds * 1000 };
  return [remember(known, settings), ...missing.flatMap((each) => notCreated(each, error, since, at))];
}

function remember(value: RouteSync, settings: RouteSettings): Intent {
  return { do: 'program', piece: 'routeSync', key: settings.routeTable, value };
}

function rememberChanged(value: RouteSync, before: RouteSync, settings: RouteSettings): readonly Intent[] {
  const { read, since, retryAt } = before;
  const isSame =
    value.read === read && value.since === since && value.retryAt === retryAt && before.written === undefined;
  return isSame ? [] : [remember(value, settings)];
}

function notCreated({ node, podCidr }: MissingRoute, error: string, since: Moment, at: Moment): readonly Intent[] {
  const { name, uid } = node.metadata;
  const message = `Could not create route ${uid} ${podCidr} for node ${name} after ${(at - since) / 1000}s: ${error}`;
  return [
    {
      do: 'event',
      about: node,
      type: 'Warning',
      reason: 'FailedToCreateRoute',
      message,
      component: 'route_controller',
    },
    ...withCondition(node, false, at),
  ];
}

/** The nodes whose routes are all there, told so; and those that have been given no range, but have a route. */
function conditionIntents(
  nodes: readonly Node[],
  table: azure.RouteTable,
  scope: RouteScope,
  at: Moment,
): readonly Intent[] {
  return nodes.flatMap((node) => {
    const hasRange = (node.spec.podCIDRs ?? []).length > 0;
    if (hasRange) return missingRoutes(node, table, scope).length > 0 ? [] : withCondition(node, true, at);
    return routesOf(table, node.metadata.name, scope).length > 0 ? withCondition(node, false, at) : [];
  });
}

const TYPE = 'NetworkUnavailable';
const CREATED = {
  type: TYPE,
  status: 'False',
  reason: 'RouteCreated',
  message: 'RouteController created a route',
} as const;
const NOT_CREATED = {
  type: TYPE,
  status: 'True',
  reason: 'NoRouteCreated',
  message: 'RouteController failed to create a route',
} as const;

function withCondition({ metadata, status }: Node, created: boolean, at: Moment): readonly Intent[] {
  const told = created ? CREATED : NOT_CREATED;
  const before = findCondition(status.conditions, TYPE);
  if (before?.status === told.status && before.reason === told.reason) return [];
  const now = timestampOf(at);
  const condition: Condition = { ...told, lastHeartbeatTime: now, lastTransitionTime: now };
  const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== TYPE), condition];
  const { name, uid, resourceVersion } = metadata;
  const precondition = { uid, resourceVersion };
  return [{ do: 'patch', kind: 'Node', key: name, patch: { status: { conditions } }, status: true, precondition }];
}
