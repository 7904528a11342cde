/**
 * The calls that keep a Service's private link service: it comes after the frontend, and goes before it.
 * Source: cloud-provider-azure pkg/provider (azure_privatelinkservice.go, azure_loadbalancer.go reconcileLoadBalancer).
 */
import { azure } from '../../../src/model/index.ts';
import { virtualNetworkId } from '../cloud-config.ts';
import { ownedFrontends } from '../load-balancer/frontends.ts';
import { serviceName } from '../names.ts';
import { privateLinkSubnet, requiresPrivateLink } from '../private-link/annotations.ts';
import { reconcilePrivateLink } from '../private-link/reconcile.ts';
import { SyncError } from '../sync-error.ts';
import type { Sync } from './sync.ts';

/** The next call; undefined where nothing is left to do. Throws a `SyncError`. */
export function privateLinkCall(sync: Sync, loadBalancer: azure.LoadBalancer | undefined): azure.CloudCall | undefined {
  const { service, config, list, view } = sync;
  if (!requiresPrivateLink(service)) return undefined;
  const frontends = loadBalancer?.properties.frontendIPConfigurations ?? [];
  for (const [version, frontend] of ownedFrontends(frontends, service, { config, list })) {
    const existing = privateLinkAt(frontend, view.cloud);
    const subnet = () => subnetOf(sync);
    const resource = reconcilePrivateLink({ service, frontend, version, existing, subnet, config });
    if (resource !== undefined) return withoutPolicies(sync) ?? { method: 'PUT', resource };
  }
  return undefined;
}

/** The private link service at a frontend that a write would take away: it must go first. */
export function privateLinkInTheWay(
  before: azure.LoadBalancer | undefined,
  after: azure.LoadBalancer,
  cloud: azure.CloudView,
): azure.CloudCall | undefined {
  const kept = new Set(after.properties.frontendIPConfigurations?.map(({ name }) => name));
  for (const frontend of before?.properties.frontendIPConfigurations ?? []) {
    const link = kept.has(frontend.name) ? undefined : privateLinkAt(frontend, cloud);
    if (link !== undefined) return { method: 'DELETE', resource: 'private-link-service', id: link.id };
  }
  return undefined;
}

function privateLinkAt(
  { id }: azure.FrontendIpConfiguration,
  cloud: azure.CloudView,
): azure.PrivateLinkService | undefined {
  return cloud.list('private-link-service').find(({ properties }) => {
    return properties.loadBalancerFrontendIpConfigurations?.some((frontend) => azure.sameId(frontend.id, id)) === true;
  });
}

function subnetNameOf({ service, config }: Sync): string {
  return privateLinkSubnet(service) ?? config.subnet;
}

function subnetOf(sync: Sync): azure.Subnet {
  const name = subnetNameOf(sync);
  const network = sync.view.cloud.get('vnet', virtualNetworkId(sync.config));
  const subnet = network?.properties.subnets?.find((candidate) => azure.sameId(candidate.name, name));
  if (subnet !== undefined) return subnet;
  throw new SyncError(
    `checkAndUpdatePLSIPConfigs: failed to get private link service subnet(${name}) for service(${serviceName(sync.service)})`,
  );
}

/** The network with the subnet's policies off, which would keep the NAT addresses from being used; undefined where they are. */
function withoutPolicies(sync: Sync): azure.CloudCall | undefined {
  const name = subnetNameOf(sync);
  const network = sync.view.cloud.get('vnet', virtualNetworkId(sync.config));
  const { subnets = [] } = network?.properties ?? {};
  const subnet = subnets.find((candidate) => azure.sameId(candidate.name, name));
  if (network === undefined || subnet?.properties.privateLinkServiceNetworkPolicies === 'Disabled') return undefined;
  const policies = { privateLinkServiceNetworkPolicies: 'Disabled' } as const;
  const changed = subnets.map((candidate) => {
    return candidate === subnet ? { ...candidate, properties: { ...candidate.properties, ...policies } } : candidate;
  });
  return { method: 'PUT', resource: { ...network, properties: { ...network.properties, subnets: changed } } };
}
