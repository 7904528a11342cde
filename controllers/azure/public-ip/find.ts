/**
 * Which public IP a Service means by an address or a name.
 * Source: cloud-provider-azure pkg/provider (azure_publicip_repo.go, azure_loadbalancer.go determinePublicIPName, errors/).
 */
import { azure, cidrOf, contains, parseAddress, type Service } from '../../../src/model/index.ts';
import { publicIpNameOf, publicIpPrefixOf, publicIpResourceGroup, requestedIp } from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { publicIpName, serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';

/** The public IPs of a resource group; `fresh` passes by what the client remembers. May throw a `SyncError`. */
export type PublicIpList = (resourceGroup: string, fresh: boolean) => readonly azure.PublicIpAddress[];

/** Addresses of Azure's own that are not private by RFC 1918 or 4193. */
const AZURE_RESERVED = ['100.64.0.0/10', '168.63.129.16/32'].map(cidrOf);
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(cidrOf);
/** unspecified, loopback, link-local, multicast, broadcast */
const NOT_GLOBAL_UNICAST = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
].map(cidrOf);

export function isAzureReserved(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && AZURE_RESERVED.some((cidr) => contains(cidr, address));
}

/** What is wrong with an address as a public one; undefined where nothing is. */
function complaint(text: string): 'invalid' | 'non-public' | undefined {
  const address = parseAddress(text);
  if (address === undefined) return 'invalid';
  const kept = [...NOT_GLOBAL_UNICAST, ...PRIVATE, ...AZURE_RESERVED];
  return kept.some((cidr) => contains(cidr, address)) ? 'non-public' : undefined;
}

/** Throws a `SyncError` where there is no such public IP. An address goes before a name. */
export function findPublicIp(
  list: PublicIpList,
  ip: string,
  name: string,
  resourceGroup: string,
): azure.PublicIpAddress | undefined {
  const wrong = ip === '' ? undefined : complaint(ip);
  if (wrong !== undefined) throw new SyncError(`${wrong} LoadBalancer IP ${JSON.stringify(ip)}`);
  const known = listed(list, resourceGroup, false, 'findMatchedPIP: failed to listPIP');
  if (ip !== '') return byAddress(list, known, ip, resourceGroup);
  return resourceGroup === '' ? undefined : byName(list, known, name, resourceGroup);
}

function byAddress(list: PublicIpList, known: readonly azure.PublicIpAddress[], ip: string, resourceGroup: string) {
  const has = ({ properties }: azure.PublicIpAddress) => properties.ipAddress === ip;
  const place = 'findMatchedPIPByLoadBalancerIP';
  const found =
    known.find(has) ?? listed(list, resourceGroup, true, `${place}: failed to listPIP force refresh`).find(has);
  if (found !== undefined) return found;
  const inner = `getExpectedPIPFromListByIPAddress: cannot find public IP with IP address ${ip}`;
  throw new SyncError(
    `${place}: cannot find public IP with IP address ${ip} in resource group ${resourceGroup}: ${inner}`,
  );
}

function byName(list: PublicIpList, known: readonly azure.PublicIpAddress[], name: string, resourceGroup: string) {
  const has = (candidate: azure.PublicIpAddress) => azure.sameId(candidate.name, name);
  const place = 'findMatchedPIPByName';
  const found =
    known.find(has) ?? listed(list, resourceGroup, true, `${place}: failed to listPIP force refresh`).find(has);
  if (found !== undefined) return found;
  throw new SyncError(`${place}: failed to find PIP ${name} in resource group ${resourceGroup}`);
}

function listed(list: PublicIpList, resourceGroup: string, fresh: boolean, place: string) {
  try {
    return list(resourceGroup, fresh);
  } catch (error) {
    if (error instanceof SyncError) throw new SyncError(`${place}: ${error.message}`);
    throw error;
  }
}

export interface DesiredPublicIp {
  readonly name: string;
  /** named by the Service, so that it is not made where it is missing */
  readonly mustExist: boolean;
}

/** The name of the public IP that a Service is to have. Throws a `SyncError` where it asks for an address that is not there. */
export function desiredPublicIp(
  service: Service,
  version: azure.IpVersion,
  config: CloudConfig,
  list: PublicIpList,
): DesiredPublicIp {
  const named = publicIpNameOf(service, version);
  if (named !== '') return { name: named, mustExist: true };
  const ip = requestedIp(service, version);
  if (ip === '' || publicIpPrefixOf(service, version) !== '')
    return { name: publicIpName(config.clusterName, service, version), mustExist: false };
  const found = publicIpOfAddress(service, ip, list, publicIpResourceGroup(service, config.resourceGroup));
  return { name: found.name, mustExist: false };
}

/** The public IP with the address that a public Service asks for. Throws a `SyncError`. */
export function publicIpOfAddress(
  service: Service,
  ip: string,
  list: PublicIpList,
  resourceGroup: string,
): azure.PublicIpAddress {
  const wrong = complaint(ip);
  const who = `external Service ${JSON.stringify(serviceName(service))}`;
  if (wrong === 'invalid') throw new SyncError(`${who} has invalid LoadBalancer IP ${JSON.stringify(ip)}`);
  if (wrong === 'non-public') {
    throw new SyncError(
      `${who} cannot use non-public LoadBalancer IP ${JSON.stringify(ip)}; use an internal LoadBalancer annotation or a valid Azure Public IP address`,
    );
  }
  const found = findPublicIp(list, ip, '', resourceGroup);
  if (found !== undefined) return found;
  throw new SyncError(`user supplied IP Address ${ip} was not found in resource group ${resourceGroup}`);
}
