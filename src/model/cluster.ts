/** The settings of a managed cluster, under their ARM names (Microsoft.ContainerService/managedClusters). */

import type { LabelSelector } from './kubernetes.ts';
import type { OutsideNames } from './outside-names.ts';
import { type AzureSurroundings, CLUSTER_NETWORK, NODE_ROUTE_TABLE } from './surroundings.ts';

/** Which of kube-proxy's backends every node runs; AKS writes these names in capitals. */
export type KubeProxyMode = 'iptables' | 'nftables' | 'ipvs';

/** Schedulers of IPVS that are emulated; AKS offers rr (RoundRobin) and lc (LeastConnection). */
export type IpvsScheduler = 'rr' | 'wrr' | 'lc' | 'wlc' | 'dh' | 'sh' | 'sed' | 'nq' | 'mh';

/** `networkProfile.kubeProxyConfig`: https://learn.microsoft.com/azure/aks/configure-kube-proxy */
export interface KubeProxyProfile {
  /** false where the cluster brings its own, or none: nodes then have no rules */
  readonly enabled: boolean;
  readonly mode: KubeProxyMode;
  /** only with mode ipvs */
  readonly ipvsConfig?: { readonly scheduler: IpvsScheduler };
}

export interface NetworkProfile {
  readonly networkPlugin: 'azure' | 'kubenet' | 'none';
  readonly networkPluginMode?: 'overlay';
  readonly podCidr?: string;
  /** dual stack: the same as podCidr, and an IPv6 range beside it */
  readonly podCidrs?: readonly string[];
  readonly serviceCidr: string;
  /** dual stack: the same as serviceCidr, and an IPv6 range beside it */
  readonly serviceCidrs?: readonly string[];
  readonly dnsServiceIP: string;
  /** kube-proxy in iptables mode where it is not given */
  readonly kubeProxyConfig?: KubeProxyProfile;
  /** how pods and nodes reach the internet; loadBalancer where it is not given */
  readonly outboundType?: OutboundType;
  readonly loadBalancerProfile?: LoadBalancerProfile;
  /** of the gateway that AKS makes with outbound type managedNATGateway */
  readonly natGatewayProfile?: { readonly idleTimeoutInMinutes?: number };
}

/** https://learn.microsoft.com/azure/aks/egress-outboundtype */
export type OutboundType =
  | 'loadBalancer'
  | 'managedNATGateway'
  | 'userAssignedNATGateway'
  | 'userDefinedRouting'
  | 'none';

export interface LoadBalancerProfile {
  /** what the members of backend pools are; NodeIPConfiguration where it is not given */
  readonly backendPoolType?: 'NodeIPConfiguration' | 'NodeIP';
  /** of each node; by the number of nodes where it is 0 or not given */
  readonly allocatedOutboundPorts?: number;
  readonly managedOutboundIPs?: { readonly count: number };
  /** of what goes out; 30 where it is not given */
  readonly idleTimeoutInMinutes?: number;
}

/**
 * One of several load balancers of a cluster, by the names of Microsoft.ContainerService/managedClusters/loadBalancers:
 * https://learn.microsoft.com/azure/aks/use-multiple-standard-load-balancer
 */
export interface ManagedLoadBalancer {
  readonly name: string;
  /** an agent pool, whose nodes are always behind this load balancer */
  readonly primaryAgentPoolName: string;
  /** false to drain it; true where it is not given */
  readonly allowServicePlacement?: boolean;
  readonly serviceLabelSelector?: LabelSelector;
  readonly serviceNamespaceSelector?: LabelSelector;
  readonly nodeSelector?: LabelSelector;
}

export interface Subnet {
  readonly name: string;
  /** of IPv4 */
  readonly addressPrefix: string;
  /** dual stack: the second of ARM's `addressPrefixes` */
  readonly ipv6AddressPrefix?: string;
}

export interface VirtualNetwork {
  readonly addressPrefixes: readonly string[];
  readonly subnets: readonly Subnet[];
  /** the network's own name servers; Azure's 168.63.129.16 where none are named */
  readonly dhcpOptions?: { readonly dnsServers: readonly string[] };
}

export type PodIPAllocationMode = 'DynamicIndividual' | 'StaticBlock';

export interface UpgradeSettings {
  /** machines that an upgrade adds before it takes old ones away: a number, or a share of the pool such as `33%` */
  readonly maxSurge: string;
}

export interface AgentPoolProfile {
  readonly name: string;
  readonly count: number;
  readonly maxPods: number;
  /** a subnet's name: where its machines are (ARM's `vnetSubnetID`) */
  readonly vnetSubnet: string;
  /** a subnet's name: where its pods' addresses come from with Azure CNI Pod Subnet (ARM's `podSubnetID`) */
  readonly podSubnet?: string;
  /** with a pod subnet: single addresses in batches, or blocks of 16; `DynamicIndividual` where it is not given */
  readonly podIPAllocationMode?: PodIPAllocationMode;
  readonly upgradeSettings?: UpgradeSettings;
  /** with autoscaling every check counts `maxCount` nodes, not those that are there */
  readonly enableAutoScaling?: boolean;
  readonly minCount?: number;
  readonly maxCount?: number;
  /** zones that its nodes are spread over, in turn: `['1', '2', '3']` */
  readonly availabilityZones?: readonly string[];
  readonly nodeTaints?: readonly string[];
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

/**
 * How the CNS of the nodes is configured, by the names of its own settings
 * (Azure/azure-container-networking cns/configuration/configuration.go). ARM has none for it.
 */
export interface CnsConfiguration {
  /** version 2 of the pool monitor; false where it is not given */
  readonly enableIPAMv2?: boolean;
  /** whether DNC tells when a pod subnet is exhausted, so that nodes hold no more than they use; false where it is not given */
  readonly enableSubnetScarcity?: boolean;
  /** issues of Azure/azure-container-networking whose fix is left out: 885, 2022, 4210, 4497 */
  readonly unfixed?: readonly number[];
}

export interface ClusterSettings {
  readonly networkProfile: NetworkProfile;
  readonly virtualNetwork: VirtualNetwork;
  readonly agentPoolProfiles: readonly AgentPoolProfile[];
  /** where the cluster has several, one of them `kubernetes`; that one alone where it is not given */
  readonly loadBalancers?: readonly ManagedLoadBalancer[];
  /** where `default/kubernetes` leads; AKS keeps the control plane outside of the cluster's VNet */
  readonly apiServer: { readonly address: string; readonly port: number };
  /** whether CoreDNS and kube-dns come up by themselves, as on AKS; off to replay a cluster that brings its own */
  readonly systemPods: boolean;
  /** Azure around the cluster; where it is not given, a wire joins all machines and lets everything pass */
  readonly azure?: AzureSurroundings;
  readonly azureCns?: CnsConfiguration;
  /** the names outside of the cluster; none where it is not given */
  readonly names?: OutsideNames;
}

/**
 * The table that holds the routes to a kubenet cluster's pods: the user's where a subnet of its nodes has one, else one that AKS
 * makes. Undefined where no routes are needed. Source: https://learn.microsoft.com/azure/aks/configure-kubenet
 */
export function nodeRouteTableOf({ agentPoolProfiles, azure, networkProfile }: ClusterSettings): string | undefined {
  if (networkProfile.networkPlugin !== 'kubenet' || azure === undefined) return undefined;
  const subnets = new Set(
    agentPoolProfiles.flatMap(({ vnetSubnet }) => [vnetSubnet, `${CLUSTER_NETWORK}/${vnetSubnet}`]),
  );
  const own = azure.routeTables.find((table) => table.subnets.some((subnet) => subnets.has(subnet)));
  return own?.name ?? NODE_ROUTE_TABLE;
}
