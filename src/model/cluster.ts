/** The settings of a managed cluster, under their ARM names (Microsoft.ContainerService/managedClusters). */

export interface NetworkProfile {
  readonly networkPlugin: 'azure' | 'kubenet' | 'none';
  readonly networkPluginMode?: 'overlay';
  readonly podCidr?: string;
  readonly serviceCidr: string;
  readonly dnsServiceIP: string;
}

export interface Subnet {
  readonly name: string;
  readonly addressPrefix: string;
}

export interface VirtualNetwork {
  readonly addressPrefixes: readonly string[];
  readonly subnets: readonly Subnet[];
}

export interface AgentPoolProfile {
  readonly name: string;
  readonly count: number;
  readonly maxPods: number;
  /** a subnet's name */
  readonly vnetSubnet: string;
  /** zones that its nodes are spread over, in turn: `['1', '2', '3']` */
  readonly availabilityZones?: readonly string[];
  readonly nodeTaints?: readonly string[];
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

export interface ClusterSettings {
  readonly networkProfile: NetworkProfile;
  readonly virtualNetwork: VirtualNetwork;
  readonly agentPoolProfiles: readonly AgentPoolProfile[];
  /** where `default/kubernetes` leads; AKS keeps the control plane outside of the cluster's VNet */
  readonly apiServer: { readonly address: string; readonly port: number };
  /** whether CoreDNS and kube-dns come up by themselves, as on AKS; off to replay a cluster that brings its own */
  readonly systemPods: boolean;
}
