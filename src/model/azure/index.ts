/** azure: the resources of Azure Resource Manager that make a cluster's network, as its REST API shows them. */
import type { LoadBalancer } from './load-balancer.ts';
import type {
  Connection,
  LocalNetworkGateway,
  NetworkInterface,
  RouteTable,
  VirtualNetwork,
  VirtualNetworkGateway,
} from './network.ts';
import type { PrivateDnsZone } from './private-dns.ts';
import type { PrivateLinkService } from './private-link.ts';
import type { NatGateway, PublicIpAddress } from './public-ip.ts';
import type { NetworkSecurityGroup } from './security-group.ts';

export * from './id.ts';
export * from './load-balancer.ts';
export * from './network.ts';
export * from './private-dns.ts';
export * from './private-link.ts';
export * from './public-ip.ts';
export * from './resource.ts';
export * from './security-group.ts';

/** Every type of resource, by its name in `az network`. */
export interface Resources {
  vnet: VirtualNetwork;
  nic: NetworkInterface;
  'public-ip': PublicIpAddress;
  lb: LoadBalancer;
  nsg: NetworkSecurityGroup;
  'route-table': RouteTable;
  'nat-gateway': NatGateway;
  'private-link-service': PrivateLinkService;
  'private-dns-zone': PrivateDnsZone;
  'vnet-gateway': VirtualNetworkGateway;
  'local-gateway': LocalNetworkGateway;
  'vpn-connection': Connection;
}

export type ResourceName = keyof Resources;
export type ResourceOf<N extends ResourceName> = Resources[N];
export type AzureResource = Resources[ResourceName];
export type ResourceType = AzureResource['type'];

export const RESOURCE_TYPES: { readonly [N in ResourceName]: ResourceOf<N>['type'] } = {
  vnet: 'Microsoft.Network/virtualNetworks',
  nic: 'Microsoft.Network/networkInterfaces',
  'public-ip': 'Microsoft.Network/publicIPAddresses',
  lb: 'Microsoft.Network/loadBalancers',
  nsg: 'Microsoft.Network/networkSecurityGroups',
  'route-table': 'Microsoft.Network/routeTables',
  'nat-gateway': 'Microsoft.Network/natGateways',
  'private-link-service': 'Microsoft.Network/privateLinkServices',
  'private-dns-zone': 'Microsoft.Network/privateDnsZones',
  'vnet-gateway': 'Microsoft.Network/virtualNetworkGateways',
  'local-gateway': 'Microsoft.Network/localNetworkGateways',
  'vpn-connection': 'Microsoft.Network/connections',
};

export const RESOURCE_NAMES = Object.keys(RESOURCE_TYPES) as readonly ResourceName[];

export function isResourceName(text: string): text is ResourceName {
  return Object.hasOwn(RESOURCE_TYPES, text);
}

const NAMES_BY_TYPE = new Map(RESOURCE_NAMES.map((name) => [RESOURCE_TYPES[name], name]));

export function nameOfType(type: ResourceType): ResourceName {
  return NAMES_BY_TYPE.get(type)!;
}

/** What can be read of the cloud, as it is now. Ids compare without regard to case, as ARM's do. */
export interface CloudView {
  get<N extends ResourceName>(name: N, id: string): ResourceOf<N> | undefined;
  /** every resource of a type, sorted by id; the same list until one is written. Walks them all after that */
  list<N extends ResourceName>(name: N): readonly ResourceOf<N>[];
}

/** Where there is no cloud. */
export const NO_CLOUD: CloudView = { get: () => undefined, list: () => [] };

/** One call to the resource manager. `etag`, where given, is sent as If-Match. */
export type CloudCall =
  | { readonly method: 'PUT'; readonly resource: AzureResource; readonly etag?: string }
  | { readonly method: 'DELETE'; readonly resource: ResourceName; readonly id: string };

/** The id of the resource that a call is about. */
export function idOfCall(call: CloudCall): string {
  return call.method === 'PUT' ? call.resource.id : call.id;
}

/** Why a call was refused, or an operation failed, in ARM's words. */
export interface CloudError {
  /** HTTP's: 429 too many requests, 412 precondition failed, 409 conflict, 400 bad request, 404 not found */
  readonly status: 400 | 404 | 409 | 412 | 429 | 500;
  readonly code: string;
  readonly message: string;
  /** with 429: seconds that the Retry-After header asks for */
  readonly retryAfterSeconds?: number;
}
