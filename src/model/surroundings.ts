/**
 * What lies around a cluster on Azure, as a script declares it: a short hand for the ARM resources that it stands for, with
 * ARM's names. Subnets are named `subnet` (of the cluster's own network) or `network/subnet`.
 */
import type { NextHopType, ResourceScope, SecurityRule } from './azure/index.ts';
import type { Subnet } from './cluster.ts';

/** The name of the virtual network that the cluster is in. */
export const CLUSTER_NETWORK = 'aks-vnet';
/** The security group on the interfaces of all nodes, which Services of type LoadBalancer open. */
export const NODE_GROUP = 'aks-agentpool-nsg';
/** The name that load balancers, pools and public IPs of every AKS cluster begin with. */
export const CLOUD_CLUSTER_NAME = 'kubernetes';
/** The route table of a kubenet cluster whose nodes' subnet had none of the user's. */
export const NODE_ROUTE_TABLE = 'aks-agentpool-routetable';
export const LOCATION = 'eastus';

/** Where everything of a cluster lies, what is around it included. */
export const CLUSTER_SCOPE: ResourceScope = {
  subscription: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'MC_orrery',
};

export interface NetworkSurroundings {
  readonly name: string;
  readonly addressPrefixes: readonly string[];
  readonly subnets: readonly Subnet[];
}

/** One direction of a peering: it is connected once the other direction is there too. */
export interface PeeringSurroundings {
  readonly from: string;
  readonly to: string;
  readonly allowVirtualNetworkAccess?: boolean;
  readonly allowForwardedTraffic?: boolean;
  readonly allowGatewayTransit?: boolean;
  readonly useRemoteGateways?: boolean;
}

/** A site outside of Azure, behind a gateway of one network. */
export interface SiteSurroundings {
  readonly name: string;
  readonly addressPrefixes: readonly string[];
  readonly virtualNetwork: string;
  readonly gatewayType: 'Vpn' | 'ExpressRoute';
}

export interface MachineSurroundings {
  readonly name: string;
  readonly subnet: string;
  readonly privateIPAddress: string;
  readonly publicIPAddress?: string;
  /** a firewall that forwards what belongs to connections it saw begin */
  readonly appliance?: boolean;
}

export interface GroupSurroundings {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly securityRules: readonly ({ readonly name: string } & SecurityRule['properties'])[];
}

export interface RouteTableSurroundings {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly routes: readonly {
    readonly name: string;
    readonly addressPrefix: string;
    readonly nextHopType: NextHopType;
    readonly nextHopIpAddress?: string;
  }[];
}

export interface NatGatewaySurroundings {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly publicIpAddresses: readonly string[];
  /** 4 where it is not given */
  readonly idleTimeoutInMinutes?: number;
}

export interface AzureSurroundings {
  readonly virtualNetworks: readonly NetworkSurroundings[];
  readonly virtualNetworkPeerings: readonly PeeringSurroundings[];
  readonly sites: readonly SiteSurroundings[];
  readonly virtualMachines: readonly MachineSurroundings[];
  readonly networkSecurityGroups: readonly GroupSurroundings[];
  readonly routeTables: readonly RouteTableSurroundings[];
  readonly natGateways: readonly NatGatewaySurroundings[];
  /** service tags beside VirtualNetwork, AzureLoadBalancer and Internet */
  readonly serviceTags: Readonly<Record<string, readonly string[]>>;
}

/** Azure around a cluster with nothing in it but the cluster's own. */
export const NOTHING_AROUND: AzureSurroundings = {
  virtualNetworks: [],
  virtualNetworkPeerings: [],
  sites: [],
  virtualMachines: [],
  networkSecurityGroups: [],
  routeTables: [],
  natGateways: [],
  serviceTags: {},
};
