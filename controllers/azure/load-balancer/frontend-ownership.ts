/**
 * Which Service a frontend belongs to: the one whose prefix its name has, and those that ask for its address.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (serviceOwnsFrontendIP, isFrontendIPChanged).
 */
import { azure, parseAddress, type Service } from '../../../src/model/index.ts';
import {
  internalSubnet,
  isDualStack,
  publicIpNameOf,
  publicIpResourceGroup,
  requestedIp,
  requestedIps,
  requiresInternal,
} from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { hasIpv6Suffix, prefixOf } from '../names.ts';
import { desiredPublicIp, findPublicIp, type PublicIpList } from '../public-ip/find.ts';
import { SyncError } from '../sync-error.ts';

export interface FrontendOwnership {
  readonly owns: boolean;
  /** the Service that the frontend was made for; others share it */
  readonly primary: boolean;
  /** where it is known from the address */
  readonly version?: azure.IpVersion | undefined;
}

const NOT_OWNED: FrontendOwnership = { owns: false, primary: false };

export interface Surroundings {
  readonly config: CloudConfig;
  readonly list: PublicIpList;
}

export function frontendOwnership(
  frontend: azure.FrontendIpConfiguration | undefined,
  service: Service,
  surroundings: Surroundings,
): FrontendOwnership {
  if (frontend?.name.startsWith(prefixOf(service))) return { owns: true, primary: true };
  const { ips, names, isInternal } = wishesOf(service);
  if (ips.length === 0 && names.length === 0) return NOT_OWNED;
  if (!isInternal) return sharedPublicly(frontend, service, ips, names, surroundings);
  const address = frontend?.properties.privateIPAddress;
  if (ips.length === 0 || address === undefined) return NOT_OWNED;
  const version = typeof parseAddress(address) === 'number' ? 'IPv4' : 'IPv6';
  return { owns: ips.some((ip) => azure.sameId(ip, address)), primary: false, version };
}

/** What a Service asks of frontends that others may have. */
interface Wishes {
  readonly ips: readonly string[];
  /** of public IPs */
  readonly names: readonly string[];
  readonly isInternal: boolean;
}

/** Services are frozen values, and each frontend of a load balancer is held against the wishes of the one that is looked at. */
const wishes = new WeakMap<Service, Wishes>();

function wishesOf(service: Service): Wishes {
  let found = wishes.get(service);
  if (found === undefined) {
    const names = (['IPv4', 'IPv6'] as const).map((version) => publicIpNameOf(service, version));
    const given = names.filter((name) => name !== '');
    wishes.set(service, (found = { ips: requestedIps(service), names: given, isInternal: requiresInternal(service) }));
  }
  return found;
}

/** A second Service names the address or the public IP; an address goes before a name. */
function sharedPublicly(
  frontend: azure.FrontendIpConfiguration | undefined,
  service: Service,
  ips: readonly string[],
  names: readonly string[],
  { config, list }: Surroundings,
): FrontendOwnership {
  const resourceGroup = publicIpResourceGroup(service, config.resourceGroup);
  const asked = ips.length > 0 ? ips.map((ip) => [ip, ''] as const) : names.map((name) => ['', name] as const);
  for (const [ip, name] of asked) {
    const publicIp = foundOrNone(() => findPublicIp(list, ip, name, resourceGroup));
    if (publicIp === undefined) return NOT_OWNED;
    const { publicIPAddress } = frontend?.properties ?? {};
    if (publicIPAddress !== undefined && hasAddress(publicIp) && azure.sameId(publicIp.id, publicIPAddress.id))
      return { owns: true, primary: false, version: publicIp.properties.publicIPAddressVersion };
  }
  return NOT_OWNED;
}

function hasAddress({ properties }: azure.PublicIpAddress): boolean {
  return properties.ipAddress !== undefined;
}

function foundOrNone<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

/** The family of a Service's frontend, where its address does not tell. */
export function frontendVersion(
  frontend: azure.FrontendIpConfiguration,
  service: Service,
  { version }: FrontendOwnership,
): azure.IpVersion {
  if (version !== undefined) return version;
  const isIpv6 = isDualStack(service) ? hasIpv6Suffix(frontend.name) : service.spec.ipFamilies?.[0] === 'IPv6';
  return isIpv6 ? 'IPv6' : 'IPv4';
}

/** Whether a frontend is no longer what the Service wants: another name, subnet or address. Throws a `SyncError`. */
export function isFrontendChanged(
  frontend: azure.FrontendIpConfiguration,
  service: Service,
  name: string,
  subnet: azure.Subnet | undefined,
  surroundings: Surroundings,
): boolean {
  const ownership = frontendOwnership(frontend, service, surroundings);
  const isNamed = azure.sameId(frontend.name, name);
  if (ownership.owns && ownership.primary && !isNamed) return true;
  if (!isNamed) return false;
  const version = frontendVersion(frontend, service, ownership);
  return requiresInternal(service)
    ? isInternalFrontendChanged(frontend, service, subnet, version)
    : isPublicFrontendChanged(frontend, service, version, surroundings);
}

function isInternalFrontendChanged(
  { properties }: azure.FrontendIpConfiguration,
  service: Service,
  subnet: azure.Subnet | undefined,
  version: azure.IpVersion,
): boolean {
  const asked = internalSubnet(service);
  if (asked !== undefined) {
    if (subnet === undefined)
      throw new SyncError(`isFrontendIPChanged: Unexpected nil subnet ${JSON.stringify(asked)}`);
    if (properties.subnet !== undefined && !azure.sameId(properties.subnet.id ?? '', subnet.id ?? '')) return true;
  }
  const ip = requestedIp(service, version);
  return ip !== '' && !azure.sameId(ip, properties.privateIPAddress ?? '');
}

function isPublicFrontendChanged(
  { properties }: azure.FrontendIpConfiguration,
  service: Service,
  version: azure.IpVersion,
  { config, list }: Surroundings,
): boolean {
  const { name } = desiredPublicIp(service, version, config, list);
  const resourceGroup = publicIpResourceGroup(service, config.resourceGroup);
  const publicIp = list(resourceGroup, false).find((candidate) => azure.sameId(candidate.name, name));
  if (publicIp === undefined) return true;
  return properties.publicIPAddress !== undefined && !azure.sameId(publicIp.id, properties.publicIPAddress.id);
}
