/**
 * The load balancer on which a Service is to be, by its name.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (getAzureLoadBalancerName, getMostEligibleLBForService and what
 * they call).
 */
import { azure, type Labels, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, publicIpNameOf, publicIpResourceGroup, requestedIps, requiresInternal } from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { INTERNAL_SUFFIX, isInternalLoadBalancer, prefixOf } from '../names.ts';
import { findPublicIp, type PublicIpList, publicIpOfAddress } from '../public-ip/find.ts';
import { clusterTag } from '../public-ip/tags.ts';
import { SyncError } from '../sync-error.ts';
import { annotatedConfigurations, configurationNameOf } from './configuration.ts';
import { eligibleConfigurations, isConfiguration } from './eligible.ts';

/** More rules than this no load balancer has. */
const RULES_MAX = 300;

export interface ChoiceRequest {
  readonly service: Service;
  readonly wantLoadBalancer: boolean;
  readonly isInternal: boolean;
  readonly config: CloudConfig;
  /** the load balancers that there are */
  readonly existing: readonly azure.LoadBalancer[];
  readonly list: PublicIpList;
  /** the id of the frontend that has a public IP */
  readonly frontendOf: (publicIp: azure.PublicIpAddress) => string | undefined;
  /** of the Service's namespace. May throw a `SyncError` */
  readonly namespaceLabels: () => Labels | undefined;
  readonly isActive: (configuration: string) => boolean;
}

export interface VmSets {
  readonly vmSet: string;
  readonly primary: string;
}

/** Throws a `SyncError` where the Service asks for what cannot be. */
export function chosenLoadBalancer(request: ChoiceRequest, vmSets: VmSets): string {
  const name = choice(request, vmSets);
  return request.isInternal ? `${name}${INTERNAL_SUFFIX}` : name;
}

function choice(request: ChoiceRequest, { vmSet, primary }: VmSets): string {
  const { loadBalancerSku, loadBalancers, loadBalancerName, clusterName } = request.config;
  const isStandard = loadBalancerSku === 'standard';
  if (isStandard && loadBalancers.length > 0) return amongSeveral(request);
  return isStandard || azure.sameId(vmSet, primary) ? (loadBalancerName ?? clusterName) : vmSet;
}

function amongSeveral(request: ChoiceRequest): string {
  const { service, wantLoadBalancer, config, existing, isActive } = request;
  const pinsIp = requestedIps(service).length > 0 || publicIpNames(service).length > 0;
  const isNamed = annotatedConfigurations(service).length > 0;
  if (wantLoadBalancer && isNamed && pinsIp) throw conflict(service);
  const eligible = eligibleConfigurations({ ...request, configurations: config.loadBalancers });
  const active = config.loadBalancers.find(({ name }) => isActive(name))?.name ?? '';
  const current = wantLoadBalancer ? currentOf(request, pinsIp, isNamed, active) : active;
  if (wantLoadBalancer && pinsIp && current !== '' && !isConfiguration(current, eligible)) {
    const who = JSON.stringify(service.metadata.name);
    throw new SyncError(
      `service ${who} specifies an IP that resides on load balancer ${JSON.stringify(current)}, which is not in the eligible set [${eligible.join(' ')}]; check or adjust the load balancer eligibility configuration (ServiceLabelSelector, ServiceNamespaceSelector, or AllowServicePlacement)`,
    );
  }
  return mostEligible(current, eligible, existing, requiresInternal(service));
}

function publicIpNames(service: Service): readonly string[] {
  return (['IPv4', 'IPv6'] as const).map((version) => publicIpNameOf(service, version)).filter((name) => name !== '');
}

function conflict({ metadata }: Service): SyncError {
  const key = ANNOTATIONS.loadBalancerConfigurations;
  return new SyncError(
    `service ${JSON.stringify(metadata.name)} has conflicting load balancer configuration: both a load balancer name (${key}) and an IP address are specified. When an IP address is specified (via spec.loadBalancerIP, azure-load-balancer-ipv4/ipv6, or azure-pip-name), the service must use the load balancer where that IP resides. To fix, either (1) remove the ${key} annotation to stay on the load balancer where the IP resides, or (2) remove the IP annotation to move to the specified load balancer (external services only)`,
  );
}

/** Where the Service is, or must be because of the address that it asks for; empty where it may go anywhere. */
function currentOf(request: ChoiceRequest, pinsIp: boolean, isNamed: boolean, active: string): string {
  const { service } = request;
  if (!pinsIp) return (isNamed ? '' : withFrontendOf(request)) || active;
  return requiresInternal(service) ? withPrivateIp(request) : withPublicIp(request);
}

/** The load balancer on which the Service's own frontend is. */
function withFrontendOf({ service, existing, isInternal }: ChoiceRequest): string {
  const prefix = prefixOf(service);
  const found = existing.find((balancer) => {
    const { frontendIPConfigurations = [] } = balancer.properties;
    return (
      isInternalLoadBalancer(balancer) === isInternal &&
      frontendIPConfigurations.some(({ name }) => name.startsWith(prefix))
    );
  });
  return found === undefined ? '' : configurationNameOf(found.name);
}

function withPrivateIp({ service, existing }: ChoiceRequest): string {
  const ips = requestedIps(service);
  const found = existing.filter(isInternalLoadBalancer).find(({ properties }) => {
    return properties.frontendIPConfigurations?.some((frontend) => {
      const address = frontend.properties?.privateIPAddress;
      return address !== undefined && ips.some((ip) => azure.sameId(ip, address));
    });
  });
  return found === undefined ? '' : configurationNameOf(found.name);
}

function withPublicIp(request: ChoiceRequest): string {
  const { service, config, list } = request;
  const resourceGroup = publicIpResourceGroup(service, config.resourceGroup);
  for (const ip of requestedIps(service)) {
    const publicIp = lookedUp(service, `address ${JSON.stringify(ip)}`, () =>
      publicIpOfAddress(service, ip, list, resourceGroup),
    );
    const name = balancerOf(publicIp, request);
    if (name !== '') return name;
  }
  for (const name of publicIpNames(service)) {
    const publicIp = lookedUp(service, `name ${JSON.stringify(name)}`, () => {
      return findPublicIp(list, '', name, resourceGroup);
    });
    const balancer = balancerOf(publicIp, request);
    if (balancer !== '') return balancer;
  }
  return '';
}

function lookedUp<T>({ metadata }: Service, by: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const who = JSON.stringify(metadata.name);
    throw new SyncError(
      `look up load balancer by public IP for service ${who}: find public IP by ${by}: ${error.message}`,
    );
  }
}

/** The load balancer that has a public IP. One of another cluster does not count. */
function balancerOf(publicIp: azure.PublicIpAddress | undefined, { config, frontendOf }: ChoiceRequest): string {
  if (publicIp === undefined) return '';
  const cluster = clusterTag(publicIp.tags ?? {});
  if (cluster !== '' && !azure.sameId(cluster, config.clusterName)) return '';
  return /\/providers\/microsoft\.network\/loadbalancers\/([^/]+)\//i.exec(frontendOf(publicIp) ?? '')?.[1] ?? '';
}

/**
 * The name of the configuration: where the Service is, else one without rules, else one that is not there yet, else the one
 * with the fewest rules.
 */
export function mostEligible(
  current: string,
  eligible: readonly string[],
  existing: readonly azure.LoadBalancer[],
  isInternal: boolean,
): string {
  if (isConfiguration(current, eligible)) return current;
  const sameKind = existing.filter((balancer) => isInternalLoadBalancer(balancer) === isInternal);
  const balancerNamed = (name: string) => {
    return sameKind.find((balancer) => azure.sameId(configurationNameOf(balancer.name), name));
  };
  const unused = eligible.find((name) => {
    const balancer = balancerNamed(name);
    return balancer !== undefined && rulesOf(balancer) === 0;
  });
  const chosen = unused ?? eligible.find((name) => balancerNamed(name) === undefined);
  if (chosen !== undefined) return chosen;
  let fewest = '';
  let rules = RULES_MAX + 1;
  for (const balancer of sameKind) {
    if (!isConfiguration(configurationNameOf(balancer.name), eligible) || rulesOf(balancer) >= rules) continue;
    rules = rulesOf(balancer);
    fewest = balancer.name;
  }
  return configurationNameOf(fewest);
}

function rulesOf({ properties }: azure.LoadBalancer): number {
  return properties.loadBalancingRules?.length ?? 0;
}
