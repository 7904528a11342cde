/**
 * A cluster to walk packets through: Services of ten pods each on server nodes, clients on nodes of their own. Rules are those
 * that kube-proxy's controller writes; nothing else of the emulator is there.
 */
import { defaultKubeProxyConfig, kubeProxyRuleset } from '../../controllers/kube-proxy/index.ts';
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
import { type Host, RecentLists, worldOf } from '../../src/packet/index.ts';

export const ENDPOINTS_PER_SERVICE = 10;
/** as many as Azure CNI Overlay lets a node have */
const PODS_PER_NODE = 250;
/** Pods and nodes are the same at every size: what grows is the number of Services, and of the ports that pods serve. */
const SERVER_NODES = 4;
const SERVER_PODS = SERVER_NODES * PODS_PER_NODE;
export const CLIENT_NODES = 4;
const CLIENTS_PER_NODE = 250;

const FIRST_NODE = address(172, 16, 0, 4);
const FIRST_SERVICE = address(10, 128, 0, 1);
const PODS = '10.0.0.0/9';

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: PODS,
    serviceCidr: '10.128.0.0/12',
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

function serviceRecord(index: number, pods: readonly PodNetwork[]): ServiceRecord {
  // Where a pod is behind several Services, each has a port of its own.
  const targetPort = 8080 + Math.floor((index * ENDPOINTS_PER_SERVICE) / SERVER_PODS);
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

export interface WalkCluster {
  readonly clients: readonly { readonly host: Host; readonly address: Ipv4 }[];
  readonly clusterIPs: readonly Ipv4[];
  /** connections that all nodes track */
  tracked(): number;
}

/** A cluster of that many Services, with every chain made once, as it is after each Service has been used. */
export function walkCluster(services: number): WalkCluster {
  let pods = PodNetworks.EMPTY;
  let nodes = NodeNetworks.EMPTY;
  let table = ServiceTable.EMPTY;
  const clients: PodNetwork[] = [];
  for (let node = 0; node < CLIENT_NODES; node++) {
    for (let i = 0; i < CLIENTS_PER_NODE; i++) clients.push(podNetwork(`client-${node}-${i}`, node, i));
  }
  for (const client of clients) pods = pods.set(client.pod, client);
  const servers = Array.from({ length: SERVER_PODS }, (_, pod) =>
    podNetwork(`pod-${pod}`, CLIENT_NODES + Math.floor(pod / PODS_PER_NODE), pod % PODS_PER_NODE),
  );
  for (const server of servers) pods = pods.set(server.pod, server);
  for (let service = 0; service < services; service++) {
    // Ten pods of as many nodes, as a scheduler would spread them.
    const own = Array.from({ length: ENDPOINTS_PER_SERVICE }, (_, i) => {
      const step = SERVER_PODS / ENDPOINTS_PER_SERVICE;
      return servers[(service + i * step) % SERVER_PODS]!;
    });
    table = table.set(`default/service-${service}`, serviceRecord(service, own));
  }
  const count = CLIENT_NODES + SERVER_NODES;
  for (let node = 0; node < count; node++) nodes = nodes.set(`node${node}`, nodeFacts(node));
  return assemble({ ...EMPTY_DATAPLANE, node: nodes, pod: pods, service: table }, clients, services);
}

function assemble(dataplane: Dataplane, clients: readonly PodNetwork[], services: number): WalkCluster {
  const config = defaultKubeProxyConfig(PODS);
  const rulesets = new Map<string, Ruleset>();
  const tables = new Map<string, ConntrackTable>();
  for (const facts of dataplane.node.values()) {
    rulesets.set(facts.name, kubeProxyRuleset(dataplane.service, facts, config));
    tables.set(facts.name, new ConntrackTable(4));
  }
  const world = worldOf(dataplane, {
    settings: SETTINGS,
    rulesetOf: (node, family) => (family === 4 ? rulesets.get(node) : undefined),
    conntrackOf: (node) => tables.get(node)!,
    recentOf: () => new RecentLists(),
  });
  return {
    clients: clients.map(({ pod, addresses: [own] }) => ({ host: world.host(`pod/${pod}`)!, address: own as Ipv4 })),
    clusterIPs: Array.from({ length: services }, (_, i) => FIRST_SERVICE + i),
    tracked: () => [...tables.values()].reduce((sum, { size }) => sum + size, 0),
  };
}
