/**
 * Who is in the backend pools, where members are the nodes' interfaces (backendPoolType nodeIPConfiguration, AKS' default): a
 * node's interface names the pools that it belongs to. A node is a key of its own, so that one that comes or goes costs the
 * same whatever the size of the cluster.
 *
 * Source: cloud-provider-azure pkg/provider/azure_vmss.go (EnsureHostInPool, ensureBackendPoolDeletedFromNode).
 */
import { azure, type Key } from '../../../src/model/index.ts';
import type { Controller, Intent, View } from '../../../src/reconcile/index.ts';
import { type CloudConfig, loadBalancerId } from '../cloud-config.ts';
import { managedLoadBalancerNames } from '../load-balancer/reconcile.ts';
import { backendPoolName } from '../names.ts';
import { isEligible } from './eligible-nodes.ts';

export const NODE_BACKEND_POOL_CONTROLLER = 'node-backend-pool-controller';

export function nodeBackendPoolController(config: CloudConfig): Controller {
  return {
    name: NODE_BACKEND_POOL_CONTROLLER,
    program: 'cloud-controller-manager',
    // Nodes report all the time: only what would change something is looked at.
    watches: { Node: (_, view, key) => (reconcile(view, key, config).length > 0 ? [key] : []) },
    reconcile: (view, key) => reconcile(view, key, config),
  };
}

function reconcile(view: View, name: Key, config: CloudConfig): readonly Intent[] {
  const node = view.get('Node', name);
  const nic = view.cloud.get('nic', azure.resourceId(config, azure.RESOURCE_TYPES.nic, name));
  if (node === undefined || nic === undefined) return [];
  const before = nic.properties.ipConfigurations;
  const after = before.map((configuration) => withPools(configuration, isEligible(node), view.cloud, config));
  if (after.every((configuration, i) => configuration === before[i])) return [];
  const resource: azure.NetworkInterface = { ...nic, properties: { ...nic.properties, ipConfigurations: after } };
  return [{ do: 'call', call: { method: 'PUT', resource, ...(nic.etag === undefined ? {} : { etag: nic.etag }) } }];
}

/** One address of the interface in the pools of its family; the same where it was in them. */
function withPools(
  configuration: azure.IpConfiguration,
  eligible: boolean,
  cloud: azure.CloudView,
  config: CloudConfig,
): azure.IpConfiguration {
  const { privateIPAddressVersion = 'IPv4', loadBalancerBackendAddressPools: before = [] } = configuration.properties;
  const foreign = before.filter(({ id }) => !isManaged(id, privateIPAddressVersion, config));
  const own = eligible ? poolsOf(cloud, privateIPAddressVersion, config) : [];
  const after = [...foreign, ...own];
  if (after.length === before.length && after.every(({ id }, i) => azure.sameId(id, before[i]!.id)))
    return configuration;
  return { ...configuration, properties: { ...configuration.properties, loadBalancerBackendAddressPools: after } };
}

/** Whether a pool is one that this controller fills; AKS' own, for what goes out, is not. */
function isManaged(poolId: string, version: azure.IpVersion, config: CloudConfig): boolean {
  const pool = backendPoolName(config.clusterName, version);
  return managedLoadBalancerNames(config).some((name) => {
    return azure.sameId(poolId, azure.subResourceId(loadBalancerId(config, name), 'backendAddressPools', pool));
  });
}

function poolsOf(cloud: azure.CloudView, version: azure.IpVersion, config: CloudConfig): readonly azure.Reference[] {
  const wanted = backendPoolName(config.clusterName, version);
  return managedLoadBalancerNames(config).flatMap((name) => {
    const { backendAddressPools = [] } = cloud.get('lb', loadBalancerId(config, name))?.properties ?? {};
    const pool = backendAddressPools.find((candidate) => azure.sameId(candidate.name, wanted));
    return pool?.id === undefined ? [] : [{ id: pool.id }];
  });
}
