/**
 * With several load balancers, a Service of external traffic policy Local has a backend pool of its own: the nodes that its
 * endpoints are on, whichever load balancer has the others. It follows the EndpointSlices, twice a minute.
 *
 * Source: cloud-provider-azure pkg/provider/azure_local_services.go (getLocalServiceEndpointsNodeNames, backendPoolUpdater).
 */
import {
  type azure,
  type EndpointSlice,
  type Key,
  keyOf,
  type Moment,
  type Node,
  type Service,
} from '../../../src/model/index.ts';
import type { Controller, Intent, View } from '../../../src/reconcile/index.ts';
import { type CloudConfig, virtualNetworkId } from '../cloud-config.ts';
import { hasOwnPool, servicePoolName, withAddresses, withoutAddresses } from '../load-balancer/backend-pools.ts';
import { hasIpv6Suffix } from '../names.ts';
import { internalIps, isEligible } from './eligible-nodes.ts';

/** `loadBalancerBackendPoolUpdateIntervalInSeconds` */
const UPDATE_EVERY_MS = 30_000;
const SLICES_OF_SERVICE = 'azure/slices-of-service';
const SERVICE_NAME = 'kubernetes.io/service-name';

export const LOCAL_POOL_INDEXES = {
  EndpointSlice: { [SLICES_OF_SERVICE]: (slice: EndpointSlice) => [serviceOf(slice)] },
} as const;

/** The key that stands for a Service's pool, which no Service has: `default/web pool`. */
const SUFFIX = ' pool';

export function serviceOfPoolKey(key: Key): Key | undefined {
  return key.endsWith(SUFFIX) ? key.slice(0, -SUFFIX.length) : undefined;
}

function serviceOf({ metadata }: EndpointSlice): Key {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[SERVICE_NAME] ?? ''}`;
}

export function localPoolWatches(config: CloudConfig): Controller['watches'] {
  return {
    EndpointSlice: (slice, view) => {
      const key = serviceOf(slice);
      const service = view.get('Service', key);
      return service !== undefined && hasOwnPool(service, config) ? [`${key}${SUFFIX}`] : [];
    },
  };
}

/** What a change of the endpoints leads to: a write at the next tick. */
export function updateLocalPool(
  service: Service,
  balancer: azure.LoadBalancer | undefined,
  { view, config, at }: { readonly view: View; readonly config: CloudConfig; readonly at: Moment },
): readonly Intent[] {
  const call = hasOwnPool(service, config) ? localPoolCall(service, balancer, view, config) : undefined;
  if (call === undefined) return [];
  const sinceMs = at % UPDATE_EVERY_MS;
  return sinceMs === 0 ? [{ do: 'call', call }] : [{ do: 'again', afterMs: UPDATE_EVERY_MS - sinceMs }];
}

/** The write that brings the Service's own pool to what it should hold; undefined where it is, or where it has none. */
export function localPoolCall(
  service: Service,
  balancer: azure.LoadBalancer | undefined,
  view: View,
  config: CloudConfig,
): azure.CloudCall | undefined {
  if (balancer === undefined || !hasOwnPool(service, config)) return undefined;
  const nodes = nodesOf(service, view).filter(isEligible);
  const own = (['IPv4', 'IPv6'] as const).map((version) => servicePoolName(service, config, version));
  const before = balancer.properties.backendAddressPools ?? [];
  const after = before.map((pool) => (own.includes(pool.name) ? withMembers(pool, nodes, config) : pool));
  if (after.every((pool, i) => pool === before[i])) return undefined;
  const resource = { ...balancer, properties: { ...balancer.properties, backendAddressPools: after } };
  return { method: 'PUT', resource, ...(balancer.etag === undefined ? {} : { etag: balancer.etag }) };
}

function withMembers(pool: azure.BackendAddressPool, nodes: readonly Node[], config: CloudConfig) {
  const isIpv6 = hasIpv6Suffix(pool.name);
  const names = new Map(
    nodes.flatMap((node) => {
      const ips = internalIps(node).filter((ip) => ip.includes(':') === isIpv6);
      return ips.map((ip) => [ip, node.metadata.name] as const);
    }),
  );
  const filled = withAddresses(pool, [...names.keys()], { id: virtualNetworkId(config) }, names);
  const members = filled.properties.loadBalancerBackendAddresses ?? [];
  const gone = members.flatMap(({ properties: { ipAddress = '' } }) => (names.has(ipAddress) ? [] : [ipAddress]));
  return withoutAddresses(filled, gone, { removeAll: false, mayBeEmpty: true, byAddressOnly: true });
}

/** The nodes of the endpoints, ready or not; every node where no slice is known yet. */
function nodesOf(service: Service, view: View): readonly Node[] {
  const slices = [...view.byIndex('EndpointSlice', SLICES_OF_SERVICE, keyOf(service))];
  if (slices.length === 0) return [...view.list('Node')];
  const names = new Set(slices.flatMap(({ endpoints }) => endpoints?.flatMap(({ nodeName }) => nodeName ?? []) ?? []));
  return [...names].sort().flatMap((name) => view.get('Node', name) ?? []);
}
