/**
 * A cluster to walk packets through: Services of ten pods each on server nodes, clients on nodes of their own. Rules are those
 * that kube-proxy's controller writes; nothing else of the emulator is there.
 */
import {
  defaultIpvsConfig,
  defaultKubeProxyConfig,
  defaultNftablesConfig,
  IpvsKernel,
  kubeProxyNftRuleset,
  kubeProxyRuleset,
} from '../../controllers/kube-proxy/index.ts';
import {
  ConntrackTable,
  type Dataplane,
  EMPTY_DATAPLANE,
  type NodeFacts,
  NodeNetworks,
  type PodNetwork,
  PodNetworks,
  type Ruleset,
  type ServiceRecord,
  ServiceTable,
} from '../../src/dataplane/index.ts';
import { type ClusterSettings, cidrOf, formatEndpoint, type Ipv4, TCP } from '../../src/model/index.ts';
import { type Host, IpvsTable, RecentLists, type WorldParts, worldOf } from '../../src/packet/index.ts';

export const ENDPOINTS_PER_SERVICE = 10;

/** Pods and nodes are the same at every number of Services: what grows is the number of ports that each pod serves. */
export interface Layout {
  /** Services of ten endpoints each are served by pods of these nodes */
  readonly serverNodes: number;
  readonly clientNodes: number;
  readonly podsPerNode: number;
}

const FIRST_NODE = address(172, 16, 0, 4);
const FIRST_SERVICE = address(10, 128, 0, 1);
const PODS = '10.0.0.0/9';
const SERVICES = '10.128.0.0/12';

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: PODS,
    serviceCidr: SERVICES,
    dnsServiceIP: '10.128.0.10',
  },
  virtualNetwork: {
    addressPrefixes: ['172.16.0.0/16'],
    subnets: [{ name: 'aks', addressPrefix: '172.16.0.0/16' }],
  },
  agentPoolProfiles: [{ name: 'nodepool1', count: 3, maxPods: 250, vnetSubnet: 'aks' }],
  apiServer: { address: '172.17.0.1', port: 443 },
  systemPods: false,
};

function address(a: number, b: number, c: number, d: number): Ipv4 {
  return ((a * 256 + b) * 256 + c) * 256 + d;
}

function nodeFacts(index: number): NodeFacts {
  const cidr = cidrOf(`10.${index >> 8}.${index & 255}.0/24`);
  return { name: `node${index}`, addresses: [FIRST_NODE + index], podCidrs: [cidr] };
}

function podNetwork(name: string, node: number, place: number): PodNetwork {
  const podAddress = address(10, node >> 8, node & 255, 4 + place);
  const uid = `${node.toString(16).padStart(8, '0')}-${place.toString(16).padStart(4, '0')}`;
  return { pod: `default/${name}`, uid, node: `node${node}`, addresses: [podAddress] };
}

function serviceRecord(index: number, pods: readonly PodNetwork[], servers: number): ServiceRecord {
  // Where a pod is behind several Services, each has a port of its own.
  const targetPort = 8080 + Math.floor((index * ENDPOINTS_PER_SERVICE) / servers);
  const endpoints = pods.map(({ node, addresses: [podAddress] }) => ({
    address: podAddress!,
    port: targetPort,
    text: formatEndpoint(podAddress!, targetPort),
    ready: true,
    serving: true,
    terminating: false,
    nodeName: node,
  }));
  endpoints.sort((a, b) => (a.text < b.text ? -1 : 1));
  const port = {
    name: `default/service-${index}`,
    protocol: TCP,
    clusterIP: FIRST_SERVICE + index,
    port: 80,
    nodePort: 0,
    externalIPs: [],
    loadBalancerVIPs: [],
    loadBalancerSourceRanges: [],
    affinitySeconds: 0,
    externalPolicyLocal: false,
    internalPolicyLocal: false,
    healthCheckNodePort: 0,
    endpoints,
  } as const;
  return { key: `default/service-${index}`, ports: [port] };
}

export const MODES = ['iptables', 'nftables', 'ipvs'] as const;
export type Mode = (typeof MODES)[number];

export interface WalkCluster {
  readonly clients: readonly { readonly host: Host; readonly address: Ipv4 }[];
  /** of the first Service; the others follow, one after another */
  readonly firstClusterIP: Ipv4;
  readonly services: number;
  /** connections that all nodes track */
  tracked(): number;
}

/** A cluster of that many Services, kube-proxy in that mode. */
export function walkCluster(
  mode: Mode,
  { serverNodes, clientNodes, podsPerNode }: Layout,
  services: number,
): WalkCluster {
  let pods = PodNetworks.EMPTY;
  let nodes = NodeNetworks.EMPTY;
  let table = ServiceTable.EMPTY;
  const podsOn = (name: string, first: number, count: number): readonly PodNetwork[] =>
    Array.from({ length: count * podsPerNode }, (_, pod) =>
      podNetwork(`${name}-${pod}`, first + Math.floor(pod / podsPerNode), pod % podsPerNode),
    );
  const clients = podsOn('client', 0, clientNodes);
  const servers = podsOn('pod', clientNodes, serverNodes);
  for (const pod of [...clients, ...servers]) pods = pods.set(pod.pod, pod);
  for (let service = 0; service < services; service++) {
    // Ten pods of as many nodes, as a scheduler would spread them.
    const step = servers.length / ENDPOINTS_PER_SERVICE;
    const own = Array.from(
      { length: ENDPOINTS_PER_SERVICE },
      (_, i) => servers[(service + i * step) % servers.length]!,
    );
    table = table.set(`default/service-${service}`, serviceRecord(service, own, servers.length));
  }
  for (let node = 0; node < clientNodes + serverNodes; node++) nodes = nodes.set(`node${node}`, nodeFacts(node));
  return assemble(mode, { ...EMPTY_DATAPLANE, node: nodes, pod: pods, service: table }, clients, services);
}

function assemble(mode: Mode, dataplane: Dataplane, clients: readonly PodNetwork[], services: number): WalkCluster {
  const tables = new Map([...dataplane.node.values()].map(({ name }) => [name, new ConntrackTable(4)]));
  const world = worldOf(dataplane, {
    settings: SETTINGS,
    ...PROXIES[mode](dataplane),
    conntrackOf: (node) => tables.get(node)!,
    recentOf: () => new RecentLists(),
  });
  return {
    clients: clients.map(({ pod, addresses: [own] }) => ({ host: world.host(`pod/${pod}`)!, address: own as Ipv4 })),
    firstClusterIP: FIRST_SERVICE,
    services,
    tracked: () => [...tables.values()].reduce((sum, { size }) => sum + size, 0),
  };
}

type ProxyParts = Pick<WorldParts, 'rulesetOf' | 'ipvsOf'>;

/** What kube-proxy leaves on the nodes in each mode. */
const PROXIES: { readonly [M in Mode]: (dataplane: Dataplane) => ProxyParts } = {
  iptables(dataplane) {
    const config = defaultKubeProxyConfig(PODS);
    return rulesOnly(dataplane, (services, node) => kubeProxyRuleset(services, node, config));
  },
  nftables(dataplane) {
    const config = defaultNftablesConfig(PODS, [SERVICES]);
    return rulesOnly(dataplane, (services, node) => kubeProxyNftRuleset(services, node, config));
  },
  ipvs(dataplane) {
    const config = defaultIpvsConfig(PODS);
    const nodes = byNode(dataplane, (services, node) => {
      const kernel = new IpvsKernel(config);
      const ruleset = kernel.sync(services, node);
      return { ruleset, table: new IpvsTable(kernel) };
    });
    return {
      rulesetOf: (node) => nodes.get(node)!.ruleset,
      ipvsOf: (node) => nodes.get(node)!.table,
    };
  },
};

function byNode<T>(
  { service, node: nodes }: Dataplane,
  make: (services: ServiceTable, node: NodeFacts) => T,
): ReadonlyMap<string, T> {
  return new Map([...nodes.values()].map((node) => [node.name, make(service, node)]));
}

function rulesOnly(dataplane: Dataplane, make: (services: ServiceTable, node: NodeFacts) => Ruleset): ProxyParts {
  const rulesets = byNode(dataplane, make);
  return { rulesetOf: (node, family) => (family === 4 ? rulesets.get(node) : undefined) };
}
