/**
 * A load balancer as one Service wants it: pools, frontends, probes, rules. Says the next thing to write, one at a time, since
 * what comes after depends on what the cloud makes of it.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (reconcileLoadBalancer, getServiceLoadBalancer).
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { versionsOf } from '../annotations.ts';
import { type CloudConfig, loadBalancerId } from '../cloud-config.ts';
import { frontendName, INTERNAL_SUFFIX, ownsRule, serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import { backendPoolId, hasOwnPool, withoutOwnPools, withServicePools } from './backend-pools.ts';
import { requireFreePorts } from './conflicts.ts';
import { type FrontendsRequest, type FrontendsResult, ownedFrontends, reconcileFrontends } from './frontends.ts';
import { decideSharedProbe, hasProbe } from './probes.ts';
import { expectedRules, hasRule, type RulesAndProbes } from './rules.ts';

export interface LoadBalancerRequest extends Omit<FrontendsRequest, 'loadBalancer'> {
  /** the Service's load balancer, where there is one */
  readonly existing: azure.LoadBalancer | undefined;
  /** what it is called where there is none */
  readonly loadBalancerName: string;
  /** gives a load balancer the pools that it needs; those of `withPools` where it is not given. May throw a `SyncError` */
  readonly ensurePools?: (loadBalancer: azure.LoadBalancer) => azure.LoadBalancer;
}

export type LoadBalancerStep = { readonly kept: readonly string[] } & (
  | { readonly step: 'none'; readonly loadBalancer: azure.LoadBalancer | undefined }
  | { readonly step: 'write-public-ip'; readonly publicIp: azure.PublicIpAddress }
  | { readonly step: 'write'; readonly loadBalancer: azure.LoadBalancer }
  /** as it would be: without a frontend, which Azure does not take */
  | { readonly step: 'delete'; readonly loadBalancer: azure.LoadBalancer }
);

/** The load balancers of a cluster: the public one and the internal one, or those of each of its configurations. */
export function managedLoadBalancerNames({ clusterName, loadBalancers }: CloudConfig): readonly string[] {
  const names = loadBalancers.length === 0 ? [clusterName] : loadBalancers.map(({ name }) => name);
  return names.flatMap((name) => [name, `${name}${INTERNAL_SUFFIX}`]);
}

/** The next thing to do to the Service's load balancer. Throws a `SyncError`. */
export function reconcileLoadBalancer(request: LoadBalancerRequest): LoadBalancerStep {
  const { existing, service, wantLoadBalancer, config } = request;
  if (existing === undefined && !wantLoadBalancer) return { step: 'none', loadBalancer: undefined, kept: [] };
  const before = existing ?? newLoadBalancer(request);
  const { ensurePools = (balancer) => withPools(balancer, service, config) } = request;
  const own = wantLoadBalancer && hasOwnPool(service, config) ? before : withoutPoolsOf(before, request);
  const pooled = wantLoadBalancer ? ensurePools(own) : own;
  const frontends = reconcileFrontends({ ...request, loadBalancer: pooled });
  const { kept } = frontends;
  if (frontends.publicIpFirst !== undefined)
    return { step: 'write-public-ip', publicIp: frontends.publicIpFirst, kept };
  const fronted = frontends.changed
    ? withProperties(pooled, { frontendIPConfigurations: frontends.frontends })
    : pooled;
  const wanted = wantLoadBalancer ? wantedRules(fronted, frontends, request) : { rules: [], probes: [] };
  const after = withRules(withProbes(fronted, wanted.probes, request), wanted.rules, request);
  if (after === before) return { step: 'none', loadBalancer: existing, kept };
  const hasFrontends = (after.properties.frontendIPConfigurations ?? []).length > 0;
  if (hasFrontends) return { step: 'write', loadBalancer: after, kept };
  return existing === undefined
    ? { step: 'none', loadBalancer: undefined, kept }
    : { step: 'delete', loadBalancer: after, kept };
}

function newLoadBalancer({ loadBalancerName: name, config }: LoadBalancerRequest): azure.LoadBalancer {
  return {
    type: 'Microsoft.Network/loadBalancers',
    id: loadBalancerId(config, name),
    name,
    location: config.location,
    ...(config.loadBalancerSku === 'standard' ? { sku: { name: 'Standard' } } : {}),
    properties: {},
  };
}

function withProperties(
  loadBalancer: azure.LoadBalancer,
  properties: Partial<azure.LoadBalancer['properties']>,
): azure.LoadBalancer {
  return { ...loadBalancer, properties: { ...loadBalancer.properties, ...properties } };
}

/** Only where there may be such: with several load balancers. */
function withoutPoolsOf(
  loadBalancer: azure.LoadBalancer,
  { service, config }: LoadBalancerRequest,
): azure.LoadBalancer {
  const before = loadBalancer.properties.backendAddressPools ?? [];
  const pools = config.loadBalancers.length === 0 ? before : withoutOwnPools(before, service);
  return pools === before ? loadBalancer : withProperties(loadBalancer, { backendAddressPools: pools });
}

export function withPools(loadBalancer: azure.LoadBalancer, service: Service, config: CloudConfig): azure.LoadBalancer {
  const before = loadBalancer.properties.backendAddressPools ?? [];
  const pools = withServicePools(before, service, config);
  return pools === before ? loadBalancer : withProperties(loadBalancer, { backendAddressPools: pools });
}

/** The rules and probes of all families. Throws a `SyncError` where a port is taken. */
function wantedRules(
  loadBalancer: azure.LoadBalancer,
  { frontends }: FrontendsResult,
  request: LoadBalancerRequest,
): RulesAndProbes {
  const { service, config } = request;
  const owned = ownedFrontends(frontends, service, request);
  const parts = versionsOf(service).map((version) => {
    const frontendId = idOfFrontend(loadBalancer, owned.get(version), version, request);
    requireFreePorts(loadBalancer, frontendId, service);
    const poolId = backendPoolId(service, config, loadBalancer.name, version);
    const { name } = loadBalancer;
    return expectedRules({ service, version, loadBalancerName: name, frontendId, backendPoolId: poolId, config });
  });
  return { rules: parts.flatMap(({ rules }) => rules), probes: parts.flatMap(({ probes }) => probes) };
}

function idOfFrontend(
  { name }: azure.LoadBalancer,
  owned: azure.FrontendIpConfiguration | undefined,
  version: azure.IpVersion,
  { service, config, wantLoadBalancer }: LoadBalancerRequest,
): string {
  if (owned === undefined) {
    const collection = 'frontendIPConfigurations';
    return azure.subResourceId(loadBalancerId(config, name), collection, frontendName(service, version));
  }
  if (owned.id !== undefined) return owned.id;
  const place = `reconcileLoadBalancer for service (${serviceName(service)})(${wantLoadBalancer})`;
  throw new SyncError(`${place}: nil ID for frontend IP config`);
}

function withProbes(
  loadBalancer: azure.LoadBalancer,
  wanted: readonly azure.Probe[],
  { service, wantLoadBalancer, config }: LoadBalancerRequest,
): azure.LoadBalancer {
  const before = loadBalancer.properties.probes ?? [];
  const decision = decideSharedProbe(service, before, wantLoadBalancer, config);
  const expected = [...wanted, ...decision.keep];
  const kept = decision.probes.filter((probe) => !ownsRule(service, probe.name) || hasProbe(expected, probe));
  const probes = withMissing(kept, expected, hasProbe);
  return probes.length === before.length && probes.every((probe, i) => probe === before[i])
    ? loadBalancer
    : withProperties(loadBalancer, { probes });
}

function withRules(
  loadBalancer: azure.LoadBalancer,
  wanted: readonly azure.LoadBalancingRule[],
  { service, wantLoadBalancer }: LoadBalancerRequest,
): azure.LoadBalancer {
  const before = loadBalancer.properties.loadBalancingRules ?? [];
  const has = (rules: readonly azure.LoadBalancingRule[], rule: azure.LoadBalancingRule) => {
    return hasRule(rules, rule, wantLoadBalancer);
  };
  const kept = before.filter((rule) => !ownsRule(service, rule.name) || has(wanted, rule));
  const rules = withMissing(kept, wanted, has);
  return rules.length === before.length && rules.every((rule, i) => rule === before[i])
    ? loadBalancer
    : withProperties(loadBalancer, { loadBalancingRules: rules });
}

function withMissing<T>(kept: readonly T[], wanted: readonly T[], has: (parts: readonly T[], part: T) => boolean) {
  const parts = [...kept];
  for (const part of wanted) if (!has(parts, part)) parts.push(part);
  return parts;
}
