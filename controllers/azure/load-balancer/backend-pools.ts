/**
 * Backend pools: that a load balancer has those of its cluster, and who is in them where members are addresses.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer_backendpool.go.
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { type CloudConfig, loadBalancerId } from '../cloud-config.ts';
import { backendPoolName, serviceName } from '../names.ts';

/** Whether the Service has a pool of its own, which only the nodes of its endpoints are in. */
export function hasOwnPool({ spec }: Service, { loadBalancers }: CloudConfig): boolean {
  return loadBalancers.length > 0 && spec.externalTrafficPolicy === 'Local';
}

/** The pool to which a Service's rules send. */
export function servicePoolName(service: Service, config: CloudConfig, version: azure.IpVersion): string {
  return hasOwnPool(service, config) ? ownPoolName(service, version) : backendPoolName(config.clusterName, version);
}

function ownPoolName(service: Service, version: azure.IpVersion): string {
  const name = serviceName(service).replaceAll('/', '-').toLowerCase();
  return version === 'IPv6' ? `${name}-ipv6` : name;
}

export function backendPoolId(
  service: Service,
  config: CloudConfig,
  loadBalancerName: string,
  version: azure.IpVersion,
): string {
  const name = servicePoolName(service, config, version);
  return azure.subResourceId(loadBalancerId(config, loadBalancerName), 'backendAddressPools', name);
}

/** The load balancer's pools with those that the Service's families need; the same list where they were there. */
export function withServicePools(
  pools: readonly azure.BackendAddressPool[],
  service: Service,
  config: CloudConfig,
): readonly azure.BackendAddressPool[] {
  const missing = (service.spec.ipFamilies ?? [])
    .map((version) => servicePoolName(service, config, version))
    .filter((name) => !pools.some((pool) => azure.sameId(pool.name, name)));
  return missing.length === 0 ? pools : [...pools, ...missing.map((name) => ({ name, properties: {} }))];
}

/** The pools without those that only this Service had; the same list where it had none. */
export function withoutOwnPools(
  pools: readonly azure.BackendAddressPool[],
  service: Service,
): readonly azure.BackendAddressPool[] {
  const own = (['IPv4', 'IPv6'] as const).map((version) => ownPoolName(service, version));
  const kept = pools.filter(({ name }) => !own.includes(name.toLowerCase()));
  return kept.length === pools.length ? pools : kept;
}

/** The pool with more members; the same pool where all were in it. `names`: of the nodes that have the addresses. */
export function withAddresses(
  pool: azure.BackendAddressPool,
  ips: readonly string[],
  virtualNetwork: azure.Reference,
  names: ReadonlyMap<string, string> = new Map(),
): azure.BackendAddressPool {
  const members = pool.properties.loadBalancerBackendAddresses ?? [];
  const known = new Set(members.map(({ properties }) => properties.ipAddress));
  const added = [...new Set(ips)].filter((ip) => !known.has(ip));
  if (added.length === 0) return pool;
  const loadBalancerBackendAddresses = [
    ...members,
    ...added.map((ipAddress) => {
      const name = names.get(ipAddress);
      return { ...(name === undefined ? {} : { name }), properties: { ipAddress } };
    }),
  ];
  return { ...pool, properties: { virtualNetwork, ...pool.properties, loadBalancerBackendAddresses } };
}

export interface RemovalOptions {
  /** empties the pool if need be */
  readonly removeAll: boolean;
  /** with several load balancers a pool may be empty */
  readonly mayBeEmpty: boolean;
  /** removes members without an address too: those were there by their NICs */
  readonly byAddressOnly: boolean;
}

/** The pool with fewer members; the same pool where none of them was in it, or where it would be left empty. */
export function withoutAddresses(
  pool: azure.BackendAddressPool,
  ips: readonly string[],
  { removeAll, mayBeEmpty, byAddressOnly }: RemovalOptions,
): azure.BackendAddressPool {
  const members = pool.properties.loadBalancerBackendAddresses ?? [];
  const removed = new Set(ips);
  const kept = members.filter(({ properties: { ipAddress = '' } }) => {
    return ipAddress === '' ? !byAddressOnly : !removeAll && !removed.has(ipAddress);
  });
  if (kept.length === members.length || (kept.length === 0 && !removeAll && !mayBeEmpty)) return pool;
  return { ...pool, properties: { ...pool.properties, loadBalancerBackendAddresses: kept } };
}
