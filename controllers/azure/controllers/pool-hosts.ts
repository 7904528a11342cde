/**
 * Who is in the backend pools, where members are the nodes' addresses (backendPoolType nodeIP). They are part of the load
 * balancer, so that each change is a write of it, which carries all members anyway.
 *
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer_backendpool.go (backendPoolTypeNodeIP.EnsureHostsInPool).
 */
import { azure, type Node, nodeOrderKey } from '../../../src/model/index.ts';
import type { View } from '../../../src/reconcile/index.ts';
import { type CloudConfig, loadBalancerId, virtualNetworkId } from '../cloud-config.ts';
import { withAddresses, withoutAddresses } from '../load-balancer/backend-pools.ts';
import { managedLoadBalancerNames } from '../load-balancer/reconcile.ts';
import { backendPoolName, hasIpv6Suffix } from '../names.ts';
import { internalIps, isEligible } from './eligible-nodes.ts';

/** A pool is a frozen value: who is in it is worked out once. */
const addressesByPool = new WeakMap<azure.BackendAddressPool, ReadonlySet<string>>();

function addressesIn(pool: azure.BackendAddressPool): ReadonlySet<string> {
  let addresses = addressesByPool.get(pool);
  if (addresses === undefined) {
    const members = pool.properties.loadBalancerBackendAddresses ?? [];
    addresses = new Set(members.map(({ properties }) => properties.ipAddress ?? ''));
    addressesByPool.set(pool, addresses);
  }
  return addresses;
}

function ofFamily(addresses: readonly string[], { name }: azure.BackendAddressPool): readonly string[] {
  const isIpv6 = hasIpv6Suffix(name);
  return addresses.filter((address) => address.includes(':') === isIpv6);
}

function clusterPools(balancer: azure.LoadBalancer, { clusterName }: CloudConfig) {
  const names = (['IPv4', 'IPv6'] as const).map((version) => backendPoolName(clusterName, version));
  const pools = balancer.properties.backendAddressPools ?? [];
  return pools.filter(({ name }) => names.some((wanted) => azure.sameId(name, wanted)));
}

function managed(cloud: azure.CloudView, config: CloudConfig): readonly azure.LoadBalancer[] {
  return managedLoadBalancerNames(config).flatMap((name) => cloud.get('lb', loadBalancerId(config, name)) ?? []);
}

/** Whether a pool has the node that should not have it, or lacks it. */
export function isMisplaced(node: Node, view: View, config: CloudConfig): boolean {
  const now = view.get('Node', node.metadata.name);
  const wanted = now !== undefined && isEligible(now) ? internalIps(now) : [];
  const addresses = [...new Set([...internalIps(node), ...wanted])];
  return managed(view.cloud, config).some((balancer) =>
    clusterPools(balancer, config).some((pool) =>
      ofFamily(addresses, pool).some((address) => wanted.includes(address) !== addressesIn(pool).has(address)),
    ),
  );
}

/** The next write that brings a pool to what it should hold; undefined where all are as they should be. Walks all nodes. */
export function nextPoolHosts(view: View, config: CloudConfig): azure.CloudCall | undefined {
  const nodes = [...view.list('Node')].filter(isEligible).sort(byName);
  const names = new Map(nodes.flatMap((node) => internalIps(node).map((address) => [address, node.metadata.name])));
  const virtualNetwork = { id: virtualNetworkId(config) };
  for (const balancer of managed(view.cloud, config)) {
    const own = new Set(clusterPools(balancer, config));
    const before = balancer.properties.backendAddressPools ?? [];
    const after = before.map((pool) => {
      if (!own.has(pool)) return pool;
      const filled = withAddresses(pool, ofFamily([...names.keys()], pool), virtualNetwork, names);
      const gone = [...addressesIn(filled)].filter((address) => !names.has(address));
      const removal = { removeAll: false, mayBeEmpty: false, byAddressOnly: true };
      return withoutAddresses(filled, gone, removal);
    });
    if (after.every((pool, i) => pool === before[i])) continue;
    const { etag } = balancer;
    const resource = { ...balancer, properties: { ...balancer.properties, backendAddressPools: after } };
    return { method: 'PUT', resource, ...(etag === undefined ? {} : { etag }) };
  }
  return undefined;
}

function byName(a: Node, b: Node): number {
  return nodeOrderKey(a.metadata.name) < nodeOrderKey(b.metadata.name) ? -1 : 1;
}
