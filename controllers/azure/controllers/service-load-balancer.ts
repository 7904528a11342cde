/**
 * On which load balancer a Service is synced: the cluster's, or one of several; and those that it has to leave first.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (getServiceLoadBalancer, lbHasServiceOwnedResources).
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, requiresInternal } from '../annotations.ts';
import { needsOfFrontend } from '../load-balancer/conflicts.ts';
import { ownedFrontends } from '../load-balancer/frontends.ts';
import { chosenLoadBalancer } from '../multiple-load-balancers/choice.ts';
import { configurationNameOf, requireClusterConfiguration } from '../multiple-load-balancers/configuration.ts';
import { isInternalLoadBalancer, loadBalancerName, ownsRule, SHARED_PROBE } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import type { Sync } from './sync.ts';

export interface ServiceLoadBalancer {
  readonly name: string;
  readonly existing: azure.LoadBalancer | undefined;
  /** load balancers that still have something of the Service's, in the order in which it leaves them */
  readonly left: readonly azure.LoadBalancer[];
}

/** Throws a `SyncError` where the Service asks for what cannot be. */
export function serviceLoadBalancer(sync: Sync, managed: readonly azure.LoadBalancer[]): ServiceLoadBalancer {
  const { service, config } = sync;
  const named = (name: string) => managed.find((balancer) => azure.sameId(balancer.name, name));
  if (config.loadBalancers.length === 0) {
    const name = loadBalancerName(config.clusterName, service);
    return { name, existing: named(name), left: [] };
  }
  requireClusterConfiguration(config.loadBalancers, config.clusterName);
  const name = nameAmongSeveral(sync, managed);
  if (sync.wantLoadBalancer) return { name, existing: named(name), left: leftBehind(sync, name, managed) };
  const own = managed.findLast((balancer) => isSameKind(balancer, service) && hasFrontend(balancer, sync));
  return { name: own?.name ?? name, existing: own ?? named(name), left: [] };
}

function nameAmongSeveral(
  { service, wantLoadBalancer, view, config, list }: Sync,
  managed: readonly azure.LoadBalancer[],
) {
  const { namespace = '' } = service.metadata;
  const vmSet = config.loadBalancers.find(({ name }) => azure.sameId(name, config.clusterName))?.primaryVMSet ?? '';
  const request = {
    service,
    wantLoadBalancer,
    isInternal: requiresInternal(service),
    config,
    existing: managed,
    list,
    frontendOf: (publicIp: azure.PublicIpAddress) => frontendOf(publicIp, managed),
    namespaceLabels: () => {
      const found = view.get('Namespace', namespace);
      if (found === undefined) throw new SyncError(`namespaces ${JSON.stringify(namespace)} not found`);
      return found.metadata.labels;
    },
    isActive: (configuration: string) => {
      const own = managed.filter(({ name }) => azure.sameId(configurationNameOf(name), configuration));
      return own.some((balancer) => hasRule(balancer, service));
    },
  };
  return chosenLoadBalancer(request, { vmSet, primary: vmSet });
}

function frontendOf(publicIp: azure.PublicIpAddress, managed: readonly azure.LoadBalancer[]): string | undefined {
  for (const { properties } of managed) {
    const frontend = properties.frontendIPConfigurations?.find((candidate) => {
      return azure.sameId(candidate.properties.publicIPAddress?.id, publicIp.id);
    });
    if (frontend !== undefined) return frontend.id;
  }
  return undefined;
}

function isSameKind(balancer: azure.LoadBalancer, service: Service): boolean {
  return isInternalLoadBalancer(balancer) === requiresInternal(service);
}

function hasRule({ properties }: azure.LoadBalancer, service: Service): boolean {
  return properties.loadBalancingRules?.some(({ name }) => ownsRule(service, name)) === true;
}

function hasFrontend({ properties }: azure.LoadBalancer, { service, config, list }: Sync): boolean {
  return ownedFrontends(properties.frontendIPConfigurations ?? [], service, { config, list }).size > 0;
}

/** Throws a `SyncError` where others need the frontend that the Service would take away. */
function leftBehind(sync: Sync, target: string, managed: readonly azure.LoadBalancer[]): readonly azure.LoadBalancer[] {
  const { service } = sync;
  return managed.toReversed().filter((balancer) => {
    if (azure.sameId(balancer.name, target)) return false;
    if (!isSameKind(balancer, service) || !hasFrontend(balancer, sync)) return hasRuleOrProbe(balancer, service);
    requireFreeFrontends(balancer, sync, target);
    return true;
  });
}

/** The probe that all share does not make a load balancer the Service's. */
function hasRuleOrProbe(balancer: azure.LoadBalancer, service: Service): boolean {
  const probes = (balancer.properties.probes ?? []).filter(({ name }) => !azure.sameId(name, SHARED_PROBE));
  return hasRule(balancer, service) || probes.some(({ name }) => ownsRule(service, name));
}

function requireFreeFrontends(balancer: azure.LoadBalancer, { service, config, list }: Sync, target: string): void {
  const owned = ownedFrontends(balancer.properties.frontendIPConfigurations ?? [], service, { config, list });
  for (const { id, name } of owned.values()) {
    if (needsOfFrontend(balancer, service, id).length === 0) continue;
    const [who, from, to, frontend] = [service.metadata.name, balancer.name, target, name].map((text) =>
      JSON.stringify(text),
    );
    throw new SyncError(
      `service ${who} cannot migrate from load balancer ${from} to ${to} because frontend IP ${frontend} is also referenced by other resources; remove the ${ANNOTATIONS.loadBalancerConfigurations} annotation to stay on load balancer ${from}`,
    );
  }
}
