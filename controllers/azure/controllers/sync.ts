/**
 * The steps that bring the cloud to what one Service wants, or take away what it had: the next call, or that nothing is left
 * to do. Each look begins afresh from what the cloud holds, so that a sync which was cut short, or undone by hand, goes on.
 *
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (reconcileService, EnsureLoadBalancerDeleted).
 */
import { azure, keyOf, type Service } from '../../../src/model/index.ts';
import type { View } from '../../../src/reconcile/index.ts';
import { ANNOTATIONS, internalSubnet, publicIpResourceGroup, requiresInternal } from '../annotations.ts';
import { type CloudConfig, loadBalancerId, securityGroupId, virtualNetworkId } from '../cloud-config.ts';
import { servicePoolName } from '../load-balancer/backend-pools.ts';
import { ownedFrontends } from '../load-balancer/frontends.ts';
import { type LoadBalancerStep, managedLoadBalancerNames, reconcileLoadBalancer } from '../load-balancer/reconcile.ts';
import { prefixOf, serviceName } from '../names.ts';
import type { PublicIpList } from '../public-ip/find.ts';
import { nextPublicIpChange } from '../public-ip/reconcile.ts';
import { servicesIn, serviceTag } from '../public-ip/tags.ts';
import { additionalPublicIps, type Warning } from '../security-group/access.ts';
import { reconcileSecurityGroup } from '../security-group/reconcile.ts';
import { sharedPortsOf } from '../security-group/shared-destinations.ts';
import { SyncError } from '../sync-error.ts';
import { eligibleNodeIps } from './eligible-nodes.ts';
import { localPoolCall } from './local-pool.ts';
import { membersOf, nextPoolHosts } from './pool-hosts.ts';
import { privateLinkCall, privateLinkInTheWay } from './private-link-step.ts';
import { serviceLoadBalancer } from './service-load-balancer.ts';

export type SyncStep = { readonly warnings: readonly Warning[] } & (
  | { readonly step: 'call'; readonly call: azure.CloudCall }
  | { readonly step: 'done'; readonly ips: readonly string[] }
);

/** Indexes of the program's caches that a sync looks into. */
export const SERVICES_BY_ADDRESS = 'azure/address';
export const SERVICES_WITHOUT_FLOATING_IP = 'azure/without-floating-ip';
export const NODES_BY_ADDRESS = 'azure/node-address';

export interface Sync {
  readonly service: Service;
  readonly wantLoadBalancer: boolean;
  readonly view: View;
  readonly config: CloudConfig;
  readonly list: PublicIpList;
}

function syncOf(service: Service, wantLoadBalancer: boolean, view: View, config: CloudConfig): Sync {
  return { service, wantLoadBalancer, view, config, list: publicIpsIn(view.cloud) };
}

/** Throws a `SyncError` where the Service asks for what cannot be. */
export function nextToEnsure(service: Service, view: View, config: CloudConfig): SyncStep {
  const sync = syncOf(service, true, view, config);
  const again = failedPublicIp(sync);
  if (again !== undefined) return { step: 'call', call: { method: 'PUT', resource: again }, warnings: [] };
  const balancer = balancerStep(sync);
  if (balancer.call !== undefined) return { step: 'call', call: balancer.call, warnings: balancer.warnings };
  const hosts =
    config.backendPoolType === 'nodeIP'
      ? (nextPoolHosts(view, config) ?? localPoolCall(service, balancer.loadBalancer, view, config))
      : undefined;
  if (hosts !== undefined) return { step: 'call', call: hosts, warnings: [] };
  const ips = frontendIps(balancer.loadBalancer, sync);
  const call =
    securityStep(sync, balancer.loadBalancer, ips).call ??
    privateLinkCall(sync, balancer.loadBalancer) ??
    balancerStep(flipped(sync)).call ??
    publicIpStep(sync);
  if (call !== undefined) return { step: 'call', call, warnings: [] };
  return { step: 'done', ips: [...ips, ...additionalPublicIps(service)], warnings: [] };
}

/** Throws a `SyncError`. */
export function nextToRemove(service: Service, view: View, config: CloudConfig): SyncStep {
  const sync = syncOf(service, false, view, config);
  const { existing } = serviceLoadBalancer(sync, managedLoadBalancers(sync));
  const security = securityStep(sync, existing, frontendIps(existing, sync));
  if (security.call !== undefined) return { step: 'call', call: security.call, warnings: security.warnings };
  for (const side of [sync, { ...flipped(sync), wantLoadBalancer: false }]) {
    const { call, warnings } = balancerStep(side);
    if (call !== undefined) return { step: 'call', call, warnings };
  }
  const call = publicIpStep(sync);
  return call === undefined ? { step: 'done', ips: [], warnings: [] } : { step: 'call', call, warnings: [] };
}

/** The public IPs of a resource group, listed once for all that one look asks. */
function publicIpsIn(cloud: azure.CloudView): PublicIpList {
  let all: readonly azure.PublicIpAddress[] | undefined;
  return (resourceGroup) => ofGroup((all ??= cloud.list('public-ip')), resourceGroup.toLowerCase());
}

type PublicIps = readonly azure.PublicIpAddress[];

/** The list is the same until a public IP is written: it is parted by resource group once. */
const publicIpsByGroup = new WeakMap<PublicIps, ReadonlyMap<string, PublicIps>>();

function ofGroup(all: PublicIps, group: string): PublicIps {
  let groups = publicIpsByGroup.get(all);
  if (groups === undefined) {
    const made = new Map<string, azure.PublicIpAddress[]>();
    for (const publicIp of all) {
      const key = azure.resourceGroupOf(publicIp.id)?.toLowerCase() ?? '';
      const members = made.get(key);
      if (members === undefined) made.set(key, [publicIp]);
      else members.push(publicIp);
    }
    publicIpsByGroup.set(all, (groups = made));
  }
  return groups.get(group) ?? [];
}

/** The load balancer that has a Service, as it is. */
export function loadBalancerWith(service: Service, view: View, config: CloudConfig): azure.LoadBalancer | undefined {
  const sync = syncOf(service, true, view, config);
  return serviceLoadBalancer(sync, managedLoadBalancers(sync)).existing;
}

export function managedLoadBalancers({ view, config }: Sync): readonly azure.LoadBalancer[] {
  return managedLoadBalancerNames(config).flatMap((name) => view.cloud.get('lb', loadBalancerId(config, name)) ?? []);
}

interface BalancerStep {
  readonly call: azure.CloudCall | undefined;
  readonly loadBalancer: azure.LoadBalancer | undefined;
  readonly warnings: readonly Warning[];
}

function balancerStep(sync: Sync): BalancerStep {
  const { name, existing, left } = serviceLoadBalancer(sync, managedLoadBalancers(sync));
  for (const balancer of left) {
    const leaving = stepOn(balancer.name, balancer, { ...sync, wantLoadBalancer: false });
    if (leaving.call !== undefined) return leaving;
  }
  return stepOn(name, existing, sync);
}

function stepOn(name: string, existing: azure.LoadBalancer | undefined, sync: Sync): BalancerStep {
  const { service, wantLoadBalancer, config, list } = sync;
  const step = reconcileLoadBalancer({
    existing,
    loadBalancerName: name,
    service,
    wantLoadBalancer,
    config,
    list,
    subnet: wantLoadBalancer && requiresInternal(service) ? subnetOf(sync, name) : undefined,
    previousIps: (service.status.loadBalancer.ingress ?? []).flatMap(({ ip }) => ip ?? []),
  });
  const warnings = step.kept.map((message) => ({ reason: 'DeletingFrontendIPConfiguration', message }));
  const loadBalancer = step.step === 'none' ? step.loadBalancer : undefined;
  const inTheWay =
    step.step === 'write' || step.step === 'delete'
      ? privateLinkInTheWay(existing, step.loadBalancer, sync.view.cloud)
      : undefined;
  return { call: inTheWay ?? callOf(step, existing), loadBalancer, warnings };
}

function callOf(step: LoadBalancerStep, existing: azure.LoadBalancer | undefined): azure.CloudCall | undefined {
  switch (step.step) {
    case 'write-public-ip':
      return { method: 'PUT', resource: step.publicIp };
    case 'write':
      return writeOver(step.loadBalancer, existing);
    case 'delete':
      return { method: 'DELETE', resource: 'lb', id: step.loadBalancer.id };
    case 'none':
      // What ARM could not finish is written once more.
      return hasFailed(existing) ? writeOver(existing, existing) : undefined;
    default:
      return step satisfies never;
  }
}

function hasFailed<R extends azure.AzureResource>(resource: R | undefined): resource is R {
  return resource?.properties.provisioningState === 'Failed';
}

function writeOver(resource: azure.AzureResource, before: azure.AzureResource | undefined): azure.CloudCall {
  const etag = before?.etag;
  return etag === undefined ? { method: 'PUT', resource } : { method: 'PUT', resource, etag };
}

function subnetOf({ service, view, config }: Sync, balancer: string): azure.Subnet {
  const name = internalSubnet(service) ?? config.subnet;
  const network = view.cloud.get('vnet', virtualNetworkId(config));
  const subnet = network?.properties.subnets?.find((candidate) => azure.sameId(candidate.name, name));
  if (subnet !== undefined) return subnet;
  throw new SyncError(
    `ensure(${serviceName(service)}): lb(${balancer}) - failed to get subnet: ${config.virtualNetwork}/${name}`,
  );
}

/** The addresses at which the load balancer takes the Service's packets. */
function frontendIps(loadBalancer: azure.LoadBalancer | undefined, sync: Sync): readonly string[] {
  const { service, config, list } = sync;
  const frontends = loadBalancer?.properties.frontendIPConfigurations ?? [];
  const owned = ownedFrontends(frontends, service, { config, list });
  return (['IPv4', 'IPv6'] as const).flatMap((version) => {
    const frontend = owned.get(version);
    return frontend === undefined ? [] : (ipOf(frontend, sync) ?? []);
  });
}

function ipOf({ properties }: azure.FrontendIpConfiguration, { view }: Sync): string | undefined {
  const { publicIPAddress, privateIPAddress } = properties;
  if (publicIPAddress === undefined) return privateIPAddress;
  return view.cloud.get('public-ip', publicIPAddress.id)?.properties.ipAddress;
}

function securityStep(
  sync: Sync,
  loadBalancer: azure.LoadBalancer | undefined,
  loadBalancerIps: readonly string[],
): Omit<BalancerStep, 'loadBalancer'> {
  const { service, wantLoadBalancer, view } = sync;
  const { rules, updated, warnings } = reconcileSecurityGroup(
    () => securityGroup(sync).properties.securityRules ?? [],
    {
      service,
      wantLoadBalancer,
      loadBalancerIps,
      backendIps: () => backendIps(sync, loadBalancer),
      sharedPorts: (destinations) => sharedPortsOf(service, sharingServices(view, destinations), destinations),
      belongs: (address) => belongsToAnother(sync, address),
    },
  );
  const group = securityGroup(sync);
  if (!updated && !hasFailed(group)) return { call: undefined, warnings };
  const written = { ...group, properties: { ...group.properties, securityRules: rules } };
  return { call: writeOver(written, group), warnings };
}

function poolNames({ service, config }: Sync): readonly string[] {
  return (['IPv4', 'IPv6'] as const).map((version) => servicePoolName(service, config, version));
}

/** The members of its pools; where those are interfaces, the nodes that will be. */
function backendIps(sync: Sync, loadBalancer: azure.LoadBalancer | undefined): readonly string[] {
  const { view, config } = sync;
  if (config.backendPoolType === 'nodeIPConfiguration') return eligibleNodeIps(view);
  return loadBalancer === undefined ? [] : membersOf(loadBalancer, poolNames(sync));
}

function securityGroup({ view, config }: Sync): azure.NetworkSecurityGroup {
  const group = view.cloud.get('nsg', securityGroupId(config));
  if (group === undefined) throw new SyncError(`security group ${config.securityGroup} was not found`);
  return group;
}

function* sharingServices(view: View, destinations: readonly string[]): Iterable<Service> {
  for (const address of destinations) yield* view.byIndex('Service', SERVICES_BY_ADDRESS, address);
  yield* view.byIndex('Service', SERVICES_WITHOUT_FLOATING_IP, 'true');
}

/** A Service that goes no longer needs its own addresses, although they are still in its status. */
function belongsToAnother(sync: Sync, address: string): boolean {
  const { view, service, wantLoadBalancer } = sync;
  if (view.hasIndexed('Node', NODES_BY_ADDRESS, address)) return true;
  for (const other of view.byIndex('Service', SERVICES_BY_ADDRESS, address))
    if (wantLoadBalancer || keyOf(other) !== keyOf(service)) return true;
  return hasFrontendOfAnother(sync, address);
}

/** Of a Service that was synced a moment ago, the status with its address may not have come back yet; its frontend is there. */
function hasFrontendOfAnother(sync: Sync, address: string): boolean {
  const prefix = prefixOf(sync.service);
  return managedLoadBalancers(sync).some(({ properties }) => {
    const frontends = properties.frontendIPConfigurations ?? [];
    return frontends.some((frontend) => !frontend.name.startsWith(prefix) && ipOf(frontend, sync) === address);
  });
}

/** The Service as if it were internal instead of public, or the other way round: what it had there must go. */
function flipped(sync: Sync): Sync {
  const { service } = sync;
  const { [ANNOTATIONS.internal]: _, ...annotations } = service.metadata.annotations ?? {};
  const turned = requiresInternal(service) ? annotations : { ...annotations, [ANNOTATIONS.internal]: 'true' };
  return {
    ...sync,
    wantLoadBalancer: false,
    service: { ...service, metadata: { ...service.metadata, annotations: turned } },
  };
}

function publicIpStep({ service, wantLoadBalancer, config, list }: Sync): azure.CloudCall | undefined {
  const change = nextPublicIpChange({ service, wantLoadBalancer, config, list });
  if (change?.change === 'delete') return { method: 'DELETE', resource: 'public-ip', id: change.publicIp.id };
  return change === undefined ? undefined : { method: 'PUT', resource: change.publicIp };
}

/** An address of the Service's that ARM could not make: until it is made, there is nothing to build on. */
function failedPublicIp({ service, config, list }: Sync): azure.PublicIpAddress | undefined {
  return list(publicIpResourceGroup(service, config.resourceGroup), false).find((publicIp) => {
    return hasFailed(publicIp) && servicesIn(serviceTag(publicIp.tags ?? {})).includes(serviceName(service));
  });
}
