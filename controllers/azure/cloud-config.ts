/**
 * What cloud-provider-azure is told of its cluster (`azure.json`).
 * Source: cloud-provider-azure pkg/provider/config/azure.go and https://cloud-provider-azure.sigs.k8s.io/install/configs/.
 */
import {
  azure,
  CLOUD_CLUSTER_NAME,
  CLUSTER_NETWORK,
  CLUSTER_SCOPE,
  type ClusterSettings,
  LOCATION,
  NODE_GROUP,
} from '../../src/model/index.ts';
import type { LoadBalancerConfiguration } from './multiple-load-balancers/configuration.ts';

export interface CloudConfig {
  /** the load balancer and its pool are named after it; `kubernetes` on AKS */
  readonly clusterName: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** availability zones of the location */
  readonly zones: readonly string[];
  readonly virtualNetwork: string;
  /** the nodes' subnet, where internal load balancers have their addresses */
  readonly subnet: string;
  readonly securityGroup: string;
  readonly loadBalancerSku: 'basic' | 'standard';
  /** who is probed for Services of external traffic policy Cluster: each node port, or kube-proxy once for all */
  readonly healthProbeMode: 'servicenodeport' | 'shared';
  readonly sharedProbe: { readonly port: number; readonly requestPath: string };
  /** what a backend pool's members are: the nodes' interfaces, or their addresses */
  readonly backendPoolType: 'nodeIPConfiguration' | 'nodeIP';
  readonly disableOutboundSnat: boolean;
  readonly mutatesIpTags: boolean;
  /** instead of the cluster's name */
  readonly loadBalancerName?: string;
  /** where the cluster has several; one of them is named after the cluster */
  readonly loadBalancers: readonly LoadBalancerConfiguration[];
}

export const AKS_DEFAULTS = {
  clusterName: CLOUD_CLUSTER_NAME,
  loadBalancerSku: 'standard',
  healthProbeMode: 'servicenodeport',
  sharedProbe: { port: 10256, requestPath: '/healthz' },
  backendPoolType: 'nodeIPConfiguration',
  disableOutboundSnat: false,
  mutatesIpTags: false,
  loadBalancers: [],
} as const satisfies Partial<CloudConfig>;

export function loadBalancerId(config: CloudConfig, name: string): string {
  return azure.resourceId(config, azure.RESOURCE_TYPES.lb, name);
}

export function publicIpId({ subscription }: CloudConfig, resourceGroup: string, name: string): string {
  return azure.resourceId({ subscription, resourceGroup }, azure.RESOURCE_TYPES['public-ip'], name);
}

export function securityGroupId(config: CloudConfig): string {
  return azure.resourceId(config, azure.RESOURCE_TYPES.nsg, config.securityGroup);
}

export function virtualNetworkId(config: CloudConfig): string {
  return azure.resourceId(config, azure.RESOURCE_TYPES.vnet, config.virtualNetwork);
}

/** What AKS tells the provider of a cluster. */
export function cloudConfigOf({ agentPoolProfiles, loadBalancers = [], networkProfile }: ClusterSettings): CloudConfig {
  return {
    ...AKS_DEFAULTS,
    ...CLUSTER_SCOPE,
    location: LOCATION,
    zones: [],
    virtualNetwork: CLUSTER_NETWORK,
    subnet: agentPoolProfiles[0]?.vnetSubnet ?? '',
    securityGroup: NODE_GROUP,
    backendPoolType:
      networkProfile.loadBalancerProfile?.backendPoolType === 'NodeIP' ? 'nodeIP' : 'nodeIPConfiguration',
    loadBalancers: loadBalancers.map(({ primaryAgentPoolName: primaryVMSet, ...own }) => ({ ...own, primaryVMSet })),
  };
}
