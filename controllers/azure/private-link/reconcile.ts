/**
 * The private link service in front of one frontend of a Service's load balancer: through it, other virtual networks reach the
 * Service by an address of their own.
 * Source: cloud-provider-azure pkg/provider/azure_privatelinkservice.go; https://learn.microsoft.com/azure/aks/private-link-service
 */
import { azure, type Service } from '../../../src/model/index.ts';
import {
  ANNOTATIONS,
  annotationOf,
  disablesFloatingIp,
  isDualStack,
  isTrue,
  requiresInternal,
} from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import {
  autoApprovalOf,
  fqdnsOf,
  hasPrivateLinkSettings,
  ipConfigurationCount,
  privateLinkResourceGroup,
  requiresPrivateLink,
  staticAddresses,
  visibilityOf,
} from './annotations.ts';

const OWNER_TAG = 'k8s-azure-owner-service';
const CLUSTER_TAG = 'k8s-azure-cluster-name';
const NAME_LENGTH_MAX = 80;

export interface PrivateLinkRequest {
  readonly service: Service;
  readonly frontend: azure.FrontendIpConfiguration;
  readonly version: azure.IpVersion;
  /** the private link service in front of the frontend, where there is one */
  readonly existing: azure.PrivateLinkService | undefined;
  /** the subnet of its NAT addresses. May throw a `SyncError` */
  readonly subnet: () => azure.Subnet;
  readonly config: CloudConfig;
}

/** It as it must be written; undefined where nothing is to be written. Throws a `SyncError`. */
export function reconcilePrivateLink(request: PrivateLinkRequest): azure.PrivateLinkService | undefined {
  const { service, version, existing } = request;
  if (!requiresPrivateLink(service)) return undefined;
  if (version === 'IPv6') {
    if (isDualStack(service)) return undefined;
    throw new SyncError('IPv6 is not supported for private link service');
  }
  const place = `reconcilePrivateLinkService for service(${serviceName(service)})`;
  if (!requiresInternal(service) && !disablesFloatingIp(service))
    throw new SyncError(`${place}: service requiring private link service must be internal or disable floating ip`);
  if (existing !== undefined && !mayChange(existing, request, place)) return undefined;
  const wanted = wantedPrivateLink(request, privateLinkName(existing?.name, service, request.frontend.name));
  const isSame = existing !== undefined && JSON.stringify(wanted) === JSON.stringify(existing);
  return isSame && existing.properties.provisioningState !== 'Failed' ? undefined : wanted;
}

/** Whether it is the Service's: another's is shared as it is. Throws a `SyncError` where that cannot be. */
function mayChange(
  { id, name, tags = {} }: azure.PrivateLinkService,
  { service, frontend, config }: PrivateLinkRequest,
  place: string,
): boolean {
  if (!azure.sameId(tags[CLUSTER_TAG]?.trim(), config.clusterName))
    throw new SyncError(
      `${place} failed: LB frontend(${frontend.id}) already has unmanaged private link service(${id})`,
    );
  const owner = tags[OWNER_TAG] ?? '';
  if (azure.sameId(owner, serviceName(service))) return true;
  if (!hasPrivateLinkSettings(service)) return false;
  throw new SyncError(
    `${place} failed: LB frontend(${frontend.id}) already has existing private link service(${name}) owned by service(${owner})`,
  );
}

/** Throws a `SyncError` where it has another name already. */
export function privateLinkName(existing: string | undefined, service: Service, frontend: string): string {
  const asked = annotationOf(service, ANNOTATIONS.privateLinkName)?.trim();
  if (asked === undefined) return existing ?? `pls-${frontend}`;
  if (existing === undefined || azure.sameId(existing, asked)) return asked;
  throw new SyncError(
    `getPrivateLinkServiceName(${serviceName(service)}) failed: cannot change existing private link service name (${existing}) to (${asked})`,
  );
}

function wantedPrivateLink(request: PrivateLinkRequest, name: string): azure.PrivateLinkService {
  const { service, frontend, existing, config } = request;
  const scope = { ...config, resourceGroup: privateLinkResourceGroup(service, config.resourceGroup) };
  const base: azure.PrivateLinkService = existing ?? {
    type: 'Microsoft.Network/privateLinkServices',
    id: azure.resourceId(scope, azure.RESOURCE_TYPES['private-link-service'], name),
    name,
    location: config.location,
    tags: { [CLUSTER_TAG]: config.clusterName, [OWNER_TAG]: serviceName(service) },
    properties: { loadBalancerFrontendIpConfigurations: [{ id: frontend.id ?? '' }] },
  };
  const { enableProxyProtocol = false, fqdns = [] } = base.properties;
  const proxied = isTrue(service, ANNOTATIONS.privateLinkProxyProtocol);
  return {
    ...base,
    properties: {
      ...base.properties,
      ipConfigurations: ipConfigurations(base, request),
      ...(enableProxyProtocol === proxied ? {} : { enableProxyProtocol: proxied }),
      ...(sameContent(fqdns, fqdnsOf(service)) ? {} : { fqdns: fqdnsOf(service) }),
      ...audience(base, service),
    },
  };
}

/** Who may see it, and whom it lets in: both are written where one of them has changed. */
function audience({ properties }: azure.PrivateLinkService, service: Service): azure.PrivateLinkService['properties'] {
  const [seen, approved] = [visibilityOf(service), autoApprovalOf(service)];
  const isSame =
    sameContent(properties.visibility?.subscriptions ?? [], seen) &&
    sameContent(properties.autoApproval?.subscriptions ?? [], approved);
  return isSame ? {} : { visibility: { subscriptions: seen }, autoApproval: { subscriptions: approved } };
}

function sameContent(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join(' ') === [...b].sort().join(' ');
}

type IpConfiguration = azure.PrivateLinkIpConfiguration;

/** Those that are there where they are as they should be. Throws a `SyncError`. */
function ipConfigurations(
  { name, properties }: azure.PrivateLinkService,
  { service, subnet }: PrivateLinkRequest,
): readonly IpConfiguration[] {
  const { id = '', name: subnetName } = subnet();
  const count = ipConfigurationCount(service);
  const fixed = staticAddresses(service);
  if (count < fixed.length)
    throw new SyncError(
      `checkAndUpdatePLSIPConfigs: ipConfigCount(${count}) must be no smaller than number of static IPs specified(${fixed.length})`,
    );
  const before = properties.ipConfigurations ?? [];
  if (before.length === count && before.every((one) => fits(one, id, fixed)) && staticOnes(before) === fixed.length)
    return before;
  const named = (suffix: string) => `${subnetName}-${name}`.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
  const common = { subnet: { id }, privateIPAddressVersion: 'IPv4' } as const;
  const dynamic = Array.from({ length: count - fixed.length }, (_, i): IpConfiguration => {
    const primary = fixed.length === 0 && i === 0;
    return { name: named(`-dynamic-${i}`), properties: { privateIPAllocationMethod: 'Dynamic', primary, ...common } };
  });
  return [
    ...fixed.map((privateIPAddress, i): IpConfiguration => {
      const properties = {
        privateIPAddress,
        privateIPAllocationMethod: 'Static',
        primary: i === 0,
        ...common,
      } as const;
      return { name: named(`-static-${privateIPAddress}`), properties };
    }),
    ...dynamic,
  ];
}

function staticOnes(configurations: readonly IpConfiguration[]): number {
  return configurations.filter(({ properties }) => properties.privateIPAllocationMethod === 'Static').length;
}

function fits({ properties }: IpConfiguration, subnetId: string, fixed: readonly string[]): boolean {
  const { subnet, primary, privateIPAddress = '', privateIPAllocationMethod } = properties;
  if (!azure.sameId(subnet.id, subnetId)) return false;
  if (privateIPAllocationMethod === 'Dynamic') return !primary || fixed.length === 0;
  return fixed.includes(privateIPAddress) && (!primary || privateIPAddress === fixed[0]);
}
