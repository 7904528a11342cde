/**
 * Where packets may go: virtual networks with their subnets and peerings, the machines' interfaces, routes, gateways.
 * https://learn.microsoft.com/rest/api/virtualnetwork
 */
import type { AllocationMethod, IpVersion } from './load-balancer.ts';
import type { Reference, Resource, SubResource } from './resource.ts';

export type Subnet = SubResource<{
  readonly addressPrefix?: string;
  readonly addressPrefixes?: readonly string[];
  readonly networkSecurityGroup?: Reference;
  readonly routeTable?: Reference;
  readonly natGateway?: Reference;
  /** a private link service's addresses need it off: packets from them would be held against security groups */
  readonly privateLinkServiceNetworkPolicies?: 'Enabled' | 'Disabled';
  readonly delegations?: readonly { readonly name: string; readonly properties: { readonly serviceName: string } }[];
}>;

/** One direction of a peering: each network has its own towards the other. Peering is not transitive. */
export type Peering = SubResource<{
  readonly remoteVirtualNetwork: Reference;
  readonly remoteAddressSpace?: { readonly addressPrefixes: readonly string[] };
  readonly peeringState?: 'Initiated' | 'Connected' | 'Disconnected';
  readonly allowVirtualNetworkAccess?: boolean;
  readonly allowForwardedTraffic?: boolean;
  /** this side lends its gateway */
  readonly allowGatewayTransit?: boolean;
  /** this side borrows the other's gateway */
  readonly useRemoteGateways?: boolean;
}>;

export type VirtualNetwork = Resource<
  'Microsoft.Network/virtualNetworks',
  {
    readonly addressSpace: { readonly addressPrefixes: readonly string[] };
    /** the network's own name servers; Azure's 168.63.129.16 where none are named */
    readonly dhcpOptions?: { readonly dnsServers: readonly string[] };
    readonly subnets?: readonly Subnet[];
    readonly virtualNetworkPeerings?: readonly Peering[];
  }
>;

export type IpConfiguration = SubResource<{
  readonly primary?: boolean;
  readonly subnet?: Reference;
  readonly privateIPAddress?: string;
  readonly privateIPAddressVersion?: IpVersion;
  readonly privateIPAllocationMethod?: AllocationMethod;
  readonly publicIPAddress?: Reference;
  readonly loadBalancerBackendAddressPools?: readonly Reference[];
}>;

/** A machine's interface; of a scale set's machine, its id lies below the machine's. */
export type NetworkInterface = Resource<
  'Microsoft.Network/networkInterfaces',
  {
    readonly ipConfigurations: readonly IpConfiguration[];
    readonly networkSecurityGroup?: Reference;
    readonly enableIPForwarding?: boolean;
    readonly virtualMachine?: Reference;
    readonly primary?: boolean;
  }
>;

export type NextHopType = 'VirtualAppliance' | 'VirtualNetworkGateway' | 'VnetLocal' | 'Internet' | 'None';

export type Route = SubResource<{
  readonly addressPrefix: string;
  readonly nextHopType: NextHopType;
  /** only with VirtualAppliance */
  readonly nextHopIpAddress?: string;
}>;

export type RouteTable = Resource<
  'Microsoft.Network/routeTables',
  {
    readonly routes?: readonly Route[];
    readonly disableBgpRoutePropagation?: boolean;
    /** the subnets that use it: ARM derives it from them */
    readonly subnets?: readonly Reference[];
  }
>;

/** Where a virtual network meets sites outside of Azure: https://learn.microsoft.com/rest/api/network-gateway */
export type VirtualNetworkGateway = Resource<
  'Microsoft.Network/virtualNetworkGateways',
  {
    readonly gatewayType: 'Vpn' | 'ExpressRoute';
    readonly ipConfigurations: readonly SubResource<{
      readonly subnet: Reference;
      readonly publicIPAddress?: Reference;
    }>[];
  }
>;

/** A site outside of Azure and the addresses that lie in it. */
export type LocalNetworkGateway = Resource<
  'Microsoft.Network/localNetworkGateways',
  {
    readonly localNetworkAddressSpace: { readonly addressPrefixes: readonly string[] };
    readonly gatewayIpAddress?: string;
  }
>;

/** A gateway's tunnel or circuit to a site. */
export type Connection = Resource<
  'Microsoft.Network/connections',
  {
    readonly connectionType: 'IPsec' | 'ExpressRoute' | 'Vnet2Vnet';
    readonly virtualNetworkGateway1: Reference;
    readonly localNetworkGateway2?: Reference;
    readonly connectionStatus?: 'Connected' | 'NotConnected';
  }
>;
