/** A script's cluster as the emulator takes it: what AKS fills in filled in, what it refuses refused. */
import { validateManagedCluster } from '../emulator/index.ts';
import type { ClusterSettings, IpvsScheduler, KubeProxyMode, KubeProxyProfile } from '../model/index.ts';
import { problemAt, type SourceDocument } from './document.ts';
import { type Path, type Problem, parsePath } from './problem.ts';
import type { ClusterDocument } from './schema.ts';

/** Defaults of `az aks create` with Azure CNI Overlay: https://learn.microsoft.com/azure/aks/azure-cni-overlay, /azure/aks/concepts-network-ip-address-planning */
const NETWORK_PROFILE = {
  networkPlugin: 'azure',
  networkPluginMode: 'overlay',
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.0.0.0/16',
  dnsServiceIP: '10.0.0.10',
} as const;
/** The virtual network that AKS makes where none is given. */
const VIRTUAL_NETWORK = {
  addressPrefixes: ['10.224.0.0/12'],
  subnets: [{ name: 'aks-subnet', addressPrefix: '10.224.0.0/16' }],
} as const;
const NODE_COUNT = 3;
const MAX_PODS = 250;
/** Outside of every private range, as a managed control plane's address is; from the range kept for documents (RFC 5737). */
const API_SERVER = { address: '203.0.113.10', port: 443 } as const;

export function settingsOf(cluster: ClusterDocument = {}): ClusterSettings {
  const virtualNetwork = cluster.virtualNetwork ?? VIRTUAL_NETWORK;
  const vnetSubnet = virtualNetwork.subnets[0]!.name;
  const pools = cluster.agentPoolProfiles ?? [{ name: 'nodepool1' }];
  return {
    networkProfile: networkProfileOf(cluster.networkProfile),
    virtualNetwork,
    agentPoolProfiles: pools.map((pool) => ({ count: NODE_COUNT, maxPods: MAX_PODS, vnetSubnet, ...pool })),
    apiServer: cluster.apiServer ?? API_SERVER,
    systemPods: cluster.systemPods ?? true,
  } as ClusterSettings;
}

/** Whoever names the plugin without a mode asks for Node Subnet: overlay is the default only where neither is named. */
function networkProfileOf(given: ClusterDocument['networkProfile'] = {}): object {
  const { networkPluginMode, ...withoutMode } = NETWORK_PROFILE;
  const { kubeProxyConfig, ...profile } = given;
  const defaults = given.networkPlugin === undefined ? NETWORK_PROFILE : withoutMode;
  const kubeProxy = kubeProxyConfig === undefined ? {} : { kubeProxyConfig: kubeProxyProfileOf(kubeProxyConfig) };
  return { ...defaults, ...profile, ...kubeProxy };
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

/** What AKS would refuse, and what is no part of the emulator yet, each at its place in the script. */
export function validateSettings(document: SourceDocument, settings: ClusterSettings): readonly Problem[] {
  const problems = validateManagedCluster(settings).map(({ code, field, detail }) =>
    problemAt(document, [...CLUSTER, ...parsePath(field)!], `${detail} (${code})`),
  );
  const { networkPlugin, networkPluginMode } = settings.networkProfile;
  if (networkPlugin !== 'azure' || networkPluginMode !== 'overlay') {
    const model = networkPlugin === 'azure' ? 'azure without networkPluginMode (Node Subnet)' : networkPlugin;
    const path = [...CLUSTER, 'networkProfile', 'networkPlugin'];
    problems.push(
      problemAt(document, path, `${model} is not emulated yet, only azure with networkPluginMode overlay is`),
    );
  }
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
