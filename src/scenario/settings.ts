/** A script's cluster as the emulator takes it: what AKS fills in filled in, what it refuses refused. */
import { type ManagedClusterError, validateManagedCluster } from '../emulator/index.ts';
import {
  type AddressModel,
  type AgentPoolProfile,
  addressModelOf,
  type ClusterSettings,
  type IpvsScheduler,
  type KubeProxyMode,
  type KubeProxyProfile,
  type NetworkProfile,
  type Subnet,
} from '../model/index.ts';
import { problemAt, type SourceDocument } from './document.ts';
import { type Path, type Problem, parsePath } from './problem.ts';
import type { ClusterDocument } from './schema.ts';

/** Defaults of `az aks create`: https://learn.microsoft.com/azure/aks/azure-cni-overlay, /azure/aks/concepts-network-ip-address-planning */
const SERVICES = { serviceCidr: '10.0.0.0/16', dnsServiceIP: '10.0.0.10' } as const;
const POD_CIDR = '10.244.0.0/16';
/** The virtual network that AKS makes where none is given. */
const VIRTUAL_NETWORK = {
  addressPrefixes: ['10.224.0.0/12'],
  subnets: [{ name: 'aks-subnet', addressPrefix: '10.224.0.0/16' }],
} as const;
const NODE_COUNT = 3;
const MAX_PODS: { readonly [model in AddressModel]: number } = {
  overlay: 250,
  'pod-subnet-dynamic': 250,
  'pod-subnet-static-block': 250,
  'node-subnet': 30,
  kubenet: 110,
};
/** Outside of every private range, as a managed control plane's address is; from the range kept for documents (RFC 5737). */
const API_SERVER = { address: '203.0.113.10', port: 443 } as const;

export function settingsOf(cluster: ClusterDocument = {}): ClusterSettings {
  const virtualNetwork = virtualNetworkOf(cluster.virtualNetwork);
  const vnetSubnet = virtualNetwork.subnets[0]!.name;
  const networkProfile = networkProfileOf(cluster.networkProfile);
  const pools = cluster.agentPoolProfiles ?? [{ name: 'nodepool1' }];
  return {
    networkProfile,
    virtualNetwork,
    agentPoolProfiles: pools.map((pool) => agentPoolOf(pool, networkProfile, vnetSubnet)),
    ...(cluster.loadBalancers === undefined ? {} : { loadBalancers: cluster.loadBalancers }),
    apiServer: cluster.apiServer ?? API_SERVER,
    systemPods: cluster.systemPods ?? true,
    ...(cluster.azureCns === undefined ? {} : { azureCns: cluster.azureCns }),
  } as ClusterSettings;
}

/** A subnet of two families says so in ARM's `addressPrefixes`, IPv4 first. */
function virtualNetworkOf(given: ClusterDocument['virtualNetwork']): ClusterSettings['virtualNetwork'] {
  if (given === undefined) return VIRTUAL_NETWORK;
  const subnets = given.subnets.map((subnet): Subnet => {
    const { name, addressPrefix: only = '', addressPrefixes = [only] } = subnet;
    const [addressPrefix = only, ipv6AddressPrefix] = addressPrefixes;
    return ipv6AddressPrefix === undefined ? { name, addressPrefix } : { name, addressPrefix, ipv6AddressPrefix };
  });
  return { ...given, subnets } as ClusterSettings['virtualNetwork'];
}

/** Whoever names the plugin without a mode asks for Node Subnet: overlay is the default only where neither is named. */
function networkProfileOf(given: ClusterDocument['networkProfile'] = {}): NetworkProfile {
  const { kubeProxyConfig, ...profile } = given;
  const plugin = {
    networkPlugin: 'azure',
    ...(given.networkPlugin === undefined ? { networkPluginMode: 'overlay' } : {}),
  };
  const named = { ...plugin, ...profile };
  const hasPodCidr = named.networkPluginMode === 'overlay' || named.networkPlugin === 'kubenet';
  const podCidr = hasPodCidr ? { podCidr: given.podCidrs?.[0] ?? POD_CIDR } : {};
  const kubeProxy = kubeProxyConfig === undefined ? {} : { kubeProxyConfig: kubeProxyProfileOf(kubeProxyConfig) };
  const services = { ...SERVICES, ...(given.serviceCidrs === undefined ? {} : { serviceCidr: given.serviceCidrs[0] }) };
  return { ...plugin, ...podCidr, ...services, ...profile, ...kubeProxy } as NetworkProfile;
}

type AgentPoolDocument = NonNullable<ClusterDocument['agentPoolProfiles']>[number];

function agentPoolOf(pool: AgentPoolDocument, networkProfile: NetworkProfile, vnetSubnet: string): object {
  const model = addressModelOf(networkProfile, pool as AgentPoolProfile);
  const surge =
    pool.upgradeSettings === undefined ? {} : { upgradeSettings: { maxSurge: String(pool.upgradeSettings.maxSurge) } };
  return { count: NODE_COUNT, maxPods: MAX_PODS[model ?? 'overlay'], vnetSubnet, ...pool, ...surge };
}

type KubeProxyDocument = NonNullable<NonNullable<ClusterDocument['networkProfile']>['kubeProxyConfig']>;

/** ARM's names for schedulers, and kube-proxy's. */
const SCHEDULERS: { readonly [name: string]: IpvsScheduler } = { RoundRobin: 'rr', LeastConnection: 'lc' };

function kubeProxyProfileOf({ enabled = true, mode = 'iptables', ipvsConfig }: KubeProxyDocument): KubeProxyProfile {
  const lowerCase = mode.toLowerCase() as KubeProxyMode;
  if (lowerCase !== 'ipvs') return { enabled, mode: lowerCase };
  const { scheduler = 'rr' } = ipvsConfig ?? {};
  return { enabled, mode: lowerCase, ipvsConfig: { scheduler: SCHEDULERS[scheduler] ?? (scheduler as IpvsScheduler) } };
}

const CLUSTER: Path = ['spec', 'cluster'];

/** What AKS would refuse, each at its place in the script; what `isMeant` is false for is left out. */
export function refusedSettings(
  document: SourceDocument,
  settings: ClusterSettings,
  isMeant: (error: ManagedClusterError) => boolean = () => true,
): readonly Problem[] {
  const problems = validateManagedCluster(settings)
    .filter(isMeant)
    .map(({ code, field, detail }) => problemAt(document, [...CLUSTER, ...parsePath(field)!], `${detail} (${code})`));
  return [...problems, ...validateKubeProxy(document)];
}

const TIMEOUTS = ['tcpTimeoutSeconds', 'tcpFinTimeoutSeconds', 'udpTimeoutSeconds'] as const;

/** What the settings no longer show: they keep only what the emulator goes by. */
function validateKubeProxy(document: SourceDocument): readonly Problem[] {
  const { spec } = document.value as { readonly spec: { readonly cluster?: ClusterDocument } };
  const given = spec.cluster?.networkProfile?.kubeProxyConfig;
  if (given?.ipvsConfig === undefined) return [];
  const path = [...CLUSTER, 'networkProfile', 'kubeProxyConfig', 'ipvsConfig'];
  const { mode = 'iptables' } = given;
  if (mode.toLowerCase() !== 'ipvs')
    return [problemAt(document, path, `is for mode IPVS only, and the mode is ${mode} (InvalidParameter)`)];
  return TIMEOUTS.filter((field) => given.ipvsConfig?.[field] !== undefined).map((field) =>
    problemAt(document, [...path, field], 'is not emulated yet: connections live as long as conntrack says'),
  );
}
