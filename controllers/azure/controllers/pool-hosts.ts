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
import { configurationNameOf } from '../multiple-load-balancers/configuration.ts';
import { arrangement, currentOf, type Occupied, placedNode } from '../multiple-load-balancers/node-placement.ts';
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

function clusterPools(balancer: azure.LoadBalancer, config: CloudConfig) {
  return poolsNamed(balancer, clusterPoolNames(config));
}

function clusterPoolNames({ clusterName }: CloudConfig): readonly string[] {
  return (['IPv4', 'IPv6'] as const).map((version) => backendPoolName(clusterName, version));
}

function poolsNamed(balancer: azure.LoadBalancer, names: readonly string[]) {
  const pools = balancer.properties.backendAddressPools ?? [];
  return pools.filter(({ name }) => names.some((wanted) => azure.sameId(name, wanted)));
}

function managed(cloud: azure.CloudView, config: CloudConfig): readonly azure.LoadBalancer[] {
  return managedLoadBalancerNames(config).flatMap((name) => cloud.get('lb', loadBalancerId(config, name)) ?? []);
}

/** Whether a pool has the node that should not have it, or lacks it. */
export function isMisplaced(node: Node, view: View, config: CloudConfig): boolean {
  const now = view.get('Node', node.metadata.name);
  const eligible = now !== undefined && isEligible(now) ? now : undefined;
  const wanted = eligible === undefined ? [] : internalIps(eligible);
  const addresses = [...new Set([...internalIps(node), ...wanted])];
  const balancers = managed(view.cloud, config);
  const isBehind = eligible === undefined ? () => false : placementOf(eligible, balancers, config);
  return balancers.some((balancer) =>
    clusterPools(balancer, config).some((pool) =>
      ofFamily(addresses, pool).some((address) => {
        return (isBehind(balancer) && wanted.includes(address)) !== addressesIn(pool).has(address);
      }),
    ),
  );
}

/** Which load balancers a node belongs behind, by itself: all of them, or those of one configuration. */
function placementOf(node: Node, balancers: readonly azure.LoadBalancer[], config: CloudConfig): Placement {
  if (config.loadBalancers.length === 0) return () => true;
  const occupied = occupiedBy(balancers, config);
  const placed = placedNode(node, {
    existing: occupied.map(({ configuration }) => configuration),
    current: currentOf(node, occupied),
    nodesOn: (configuration) => {
      const { pools = [] } = occupied.find((one) => one.configuration === configuration) ?? {};
      return Math.max(0, ...pools.map(({ size }) => size));
    },
  });
  return ({ name }) => placed !== undefined && azure.sameId(configurationNameOf(name), placed.name);
}

type Placement = (balancer: azure.LoadBalancer) => boolean;

/** The configurations that have a load balancer, and the addresses behind it. Walks no node: it is asked for each that changes. */
function occupiedBy(balancers: readonly azure.LoadBalancer[], config: CloudConfig): readonly Occupied[] {
  return config.loadBalancers.flatMap((configuration) => {
    const own = balancers.filter(({ name }) => azure.sameId(configurationNameOf(name), configuration.name));
    return own.length === 0
      ? []
      : [{ configuration, pools: own.flatMap((one) => clusterPools(one, config)).map(addressesIn) }];
  });
}

/** The addresses in a load balancer's pools of these names. */
export function membersOf(balancer: azure.LoadBalancer, names: readonly string[]): readonly string[] {
  return poolsNamed(balancer, names).flatMap((pool) => [...addressesIn(pool)]);
}

/** The next write that brings a pool to what it should hold; undefined where all are as they should be. Walks all nodes. */
export function nextPoolHosts(view: View, config: CloudConfig): azure.CloudCall | undefined {
  const nodes = [...view.list('Node')].filter(isEligible).sort(byName);
  const balancers = managed(view.cloud, config);
  const hasSeveral = config.loadBalancers.length > 0;
  const placed = hasSeveral ? arrangement(nodes, occupiedBy(balancers, config)) : undefined;
  const virtualNetwork = { id: virtualNetworkId(config) };
  for (const balancer of balancers) {
    const configuration = configurationNameOf(balancer.name);
    const behind = nodes.filter((node) => placed === undefined || azure.sameId(placed.get(node)?.name, configuration));
    const names = new Map(behind.flatMap((node) => internalIps(node).map((address) => [address, node.metadata.name])));
    const own = new Set(clusterPools(balancer, config));
    const before = balancer.properties.backendAddressPools ?? [];
    const after = before.map((pool) => {
      if (!own.has(pool)) return pool;
      const filled = withAddresses(pool, ofFamily([...names.keys()], pool), virtualNetwork, names);
      const gone = [...addressesIn(filled)].filter((address) => !names.has(address));
      const removal = { removeAll: false, mayBeEmpty: hasSeveral, byAddressOnly: true };
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
