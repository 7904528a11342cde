/**
 * The frontends of one Service on its load balancer.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (reconcileFrontendIPConfigs).
 */
import { azure, contains, parseAddress, parseCidr, type Service } from '../../../src/model/index.ts';
import { publicIpResourceGroup, requestedIp, requiresInternal, versionsOf } from '../annotations.ts';
import { type CloudConfig, loadBalancerId } from '../cloud-config.ts';
import { frontendName } from '../names.ts';
import { ensurePublicIp } from '../public-ip/ensure.ts';
import { desiredPublicIp, type PublicIpList } from '../public-ip/find.ts';
import { needsOfFrontend } from './conflicts.ts';
import { frontendOwnership, frontendVersion, isFrontendChanged, type Surroundings } from './frontend-ownership.ts';

type Frontend = azure.FrontendIpConfiguration;

export interface FrontendsRequest extends Surroundings {
  readonly service: Service;
  readonly wantLoadBalancer: boolean;
  readonly loadBalancer: azure.LoadBalancer;
  /** the subnet of an internal load balancer */
  readonly subnet: azure.Subnet | undefined;
  /** the public IPs as they were when the sync began, where that is known: a frontend is judged by them */
  readonly listBefore?: PublicIpList;
  /** addresses that the Service has had, which it keeps where it can */
  readonly previousIps: readonly string[];
}

export interface FrontendsResult {
  readonly frontends: readonly Frontend[];
  readonly changed: boolean;
  /** a public IP that must be written before the frontend can name it */
  readonly publicIpFirst?: azure.PublicIpAddress;
  /** why frontends stay although the Service goes, for its Events */
  readonly kept: readonly string[];
}

/** Throws a `SyncError`. */
export function reconcileFrontends(request: FrontendsRequest): FrontendsResult {
  return request.wantLoadBalancer ? wantedFrontends(request) : withoutService(request);
}

function withoutService({ loadBalancer, service, ...surroundings }: FrontendsRequest): FrontendsResult {
  const before = loadBalancer.properties.frontendIPConfigurations ?? [];
  const kept: string[] = [];
  const frontends = before.filter((frontend) => {
    if (!frontendOwnership(frontend, service, surroundings).owns) return true;
    const needs = needsOfFrontend(loadBalancer, service, frontend.id);
    kept.push(...needs);
    return needs.length > 0;
  });
  return { frontends, changed: frontends.length < before.length, kept };
}

function wantedFrontends(request: FrontendsRequest): FrontendsResult {
  const { loadBalancer, service, subnet, config, listBefore = request.list } = request;
  const surroundings = { config, list: listBefore };
  const before = loadBalancer.properties.frontendIPConfigurations ?? [];
  const dropped = new Set(
    before.filter((frontend) => {
      const ownership = frontendOwnership(frontend, service, surroundings);
      if (!ownership.owns) return false;
      const name = frontendName(service, frontendVersion(frontend, service, ownership));
      return isFrontendChanged(frontend, service, name, subnet, surroundings);
    }),
  );
  const frontends = before.filter((frontend) => !dropped.has(frontend));
  const owned = new Set(ownedFrontends(frontends, service, request).keys());
  // A frontend that replaces another stays in its zones.
  const [replaced] = dropped;
  for (const version of versionsOf(service)) {
    if (owned.has(version)) continue;
    const added = newFrontend(request, version, replaced);
    if ('write' in added) return { frontends: before, changed: false, publicIpFirst: added.write, kept: [] };
    frontends.push(added.frontend);
  }
  return { frontends, changed: dropped.size > 0 || frontends.length !== before.length - dropped.size, kept: [] };
}

/** The Service's frontends by family. */
export function ownedFrontends(
  frontends: readonly Frontend[],
  service: Service,
  surroundings: Surroundings,
): ReadonlyMap<azure.IpVersion, Frontend> {
  const owned = new Map<azure.IpVersion, Frontend>();
  for (const frontend of frontends) {
    const ownership = frontendOwnership(frontend, service, surroundings);
    if (ownership.owns) owned.set(frontendVersion(frontend, service, ownership), frontend);
  }
  return owned;
}

type NewFrontend = { readonly frontend: Frontend } | { readonly write: azure.PublicIpAddress };

function newFrontend(request: FrontendsRequest, version: azure.IpVersion, replaced: Frontend | undefined): NewFrontend {
  const { service, config, loadBalancer } = request;
  const name = frontendName(service, version);
  const id = azure.subResourceId(loadBalancerId(config, loadBalancer.name), 'frontendIPConfigurations', name);
  if (!requiresInternal(service)) {
    const found = publicIpFor(request, version);
    if (found.write) return { write: found.publicIp };
    return { frontend: { name, id, properties: { publicIPAddress: { id: found.publicIp.id } } } };
  }
  const zones = replaced === undefined ? standardZones(config) : replaced.zones;
  const properties = internalProperties(request, version);
  return { frontend: { name, id, properties, ...(zones === undefined ? {} : { zones }) } };
}

function standardZones({ loadBalancerSku, zones }: CloudConfig): readonly string[] | undefined {
  return loadBalancerSku === 'standard' && zones.length > 0 ? zones : undefined;
}

function publicIpFor({ service, config, list }: FrontendsRequest, version: azure.IpVersion) {
  const desired = desiredPublicIp(service, version, config, list);
  const resourceGroup = publicIpResourceGroup(service, config.resourceGroup);
  const existing = list(resourceGroup, false).find((publicIp) => azure.sameId(publicIp.name, desired.name));
  const publicIp = ensurePublicIp(existing, { service, version, desired, config });
  return { publicIp, write: publicIp !== existing };
}

/** The address that is asked for, or one that the Service has had in this subnet; else ARM gives it one. */
function internalProperties(
  { service, subnet, previousIps }: FrontendsRequest,
  version: azure.IpVersion,
): Frontend['properties'] {
  const asked = requestedIp(service, version);
  const address = asked === '' ? previousIps.find((ip) => isIn(ip, version, subnet)) : asked;
  return {
    ...(subnet === undefined ? {} : { subnet: subnetReference(subnet) }),
    ...(version === 'IPv6' ? { privateIPAddressVersion: version } : {}),
    ...(address === undefined
      ? { privateIPAllocationMethod: 'Dynamic' }
      : { privateIPAllocationMethod: 'Static', privateIPAddress: address }),
  };
}

function subnetReference({ id, name }: azure.Subnet): NonNullable<Frontend['properties']['subnet']> {
  return id === undefined ? { name } : { id, name };
}

function isIn(ip: string, version: azure.IpVersion, subnet: azure.Subnet | undefined): boolean {
  const address = parseAddress(ip);
  if (address === undefined || (typeof address === 'number') !== (version === 'IPv4')) return false;
  const { addressPrefix, addressPrefixes = [] } = subnet?.properties ?? {};
  return [...(addressPrefix === undefined ? [] : [addressPrefix]), ...addressPrefixes].some((prefix) => {
    const cidr = parseCidr(prefix);
    return cidr !== undefined && contains(cidr, address);
  });
}
