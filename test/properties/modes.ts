/** One list of flows over a cluster in each of kube-proxy's modes, and what becomes of each, in words. */
import { Emulator } from '../../src/emulator/index.ts';
import {
  addressOf,
  type KubeProxyMode,
  type Packet,
  PROTOCOL_NUMBERS,
  type Protocol,
  SYN,
} from '../../src/model/index.ts';
import { type Host, type Outcome, outcomes } from '../../src/packet/index.ts';
import { aCluster, aPod, aService } from '../support/cluster.ts';

export const MODES: readonly KubeProxyMode[] = ['iptables', 'nftables', 'ipvs'];

export interface Flow {
  readonly from: string;
  /** a name of `PLACES`, with the port */
  readonly to: string;
  readonly shows: string;
  /** what becomes of it in each mode; one text where the modes agree */
  readonly ends: string | { readonly [M in KubeProxyMode]: string };
}

const AS_ITSELF = 'an endpoint, which sees the sender';
const AS_NODE = 'an endpoint, which sees the node';
const NODE_ITSELF = 'the node itself';
const REFUSED = 'refused';
const DROPPED = 'dropped by the node';
const LOST = 'sent on, and lost in the VNet';
const OUT = 'sent on, to whoever has the address';
const UNANSWERED = ', whose answer does not come back';

/** `web` has endpoints on node2 and node3, `self` has its own client; both of `client` and `self` are on node1. */
export const FLOWS: readonly Flow[] = [
  { from: 'pod/default/client', to: 'TCP 10.96.0.50:80', shows: 'a ClusterIP, from a pod', ends: AS_ITSELF },
  { from: 'node/node1', to: 'TCP 10.96.0.50:80', shows: 'a ClusterIP, from a node', ends: AS_NODE },
  { from: 'pod/default/client', to: 'UDP 10.96.0.50:53', shows: 'a ClusterIP over UDP', ends: AS_ITSELF },
  { from: 'pod/default/client', to: 'SCTP 10.96.0.50:38412', shows: 'a ClusterIP over SCTP', ends: AS_ITSELF },
  { from: 'pod/default/self', to: 'TCP 10.96.0.51:80', shows: 'hairpin: a pod and its own Service', ends: AS_NODE },
  { from: 'pod/default/client', to: 'TCP 10.96.0.54:80', shows: 'no endpoints: a ClusterIP', ends: REFUSED },
  {
    from: 'pod/default/client',
    to: 'TCP 20.1.2.4:80',
    shows: 'no endpoints: a load balancer, from a pod',
    ends: REFUSED,
  },
  {
    from: 'node/node1',
    to: 'TCP 20.1.2.4:80',
    shows: 'no endpoints: a load balancer, from a node',
    ends: { iptables: OUT, nftables: REFUSED, ipvs: REFUSED },
  },
  { from: 'external/203.0.113.7', to: 'TCP node1:30084', shows: 'no endpoints: a node port', ends: REFUSED },
  {
    from: 'pod/default/client',
    to: 'TCP 10.96.0.50:81',
    shows: 'a ClusterIP at a port that the Service does not have',
    ends: { iptables: LOST, nftables: REFUSED, ipvs: REFUSED },
  },
  {
    from: 'pod/default/client',
    to: 'TCP 10.96.77.77:80',
    shows: 'an address of the Service range that no Service has',
    ends: { iptables: LOST, nftables: DROPPED, ipvs: LOST },
  },
  { from: 'external/203.0.113.7', to: 'TCP node1:30080', shows: 'a node port, from outside', ends: AS_NODE },
  { from: 'pod/default/client', to: 'TCP node2:30080', shows: 'a node port, from a pod', ends: AS_NODE },
  { from: 'node/node1', to: 'TCP node1:30080', shows: 'a node port, from its node', ends: AS_NODE },
  {
    from: 'node/node1',
    to: 'TCP 127.0.0.1:30080',
    shows: 'a node port at localhost',
    ends: { iptables: AS_NODE, nftables: NODE_ITSELF, ipvs: NODE_ITSELF },
  },
  { from: 'pod/default/client', to: 'TCP 203.0.113.80:80', shows: 'an external IP, from a pod', ends: AS_NODE },
  { from: 'pod/default/client', to: 'TCP 20.1.2.3:80', shows: 'a load balancer, from a pod', ends: AS_NODE },
  { from: 'node/node1', to: 'TCP 20.1.2.3:80', shows: 'a load balancer, from a node', ends: AS_NODE },
  {
    from: 'external/203.0.113.7',
    to: 'TCP node2:30085',
    shows: 'external policy Local, a node with an endpoint',
    ends: AS_ITSELF,
  },
  {
    from: 'external/203.0.113.7',
    to: 'TCP node1:30085',
    shows: 'external policy Local, a node without one',
    ends: { iptables: DROPPED, nftables: DROPPED, ipvs: AS_ITSELF + UNANSWERED },
  },
  {
    from: 'pod/default/client',
    to: 'TCP node1:30085',
    shows: 'external policy Local, a pod on a node without one',
    ends: AS_ITSELF,
  },
  {
    from: 'pod/default/client',
    to: 'TCP 10.96.0.57:80',
    shows: 'internal policy Local, a node without an endpoint',
    ends: { iptables: DROPPED, nftables: DROPPED, ipvs: REFUSED },
  },
  {
    from: 'pod/default/client',
    to: 'TCP 10.96.0.55:80',
    shows: 'both policies Local, a ClusterIP on a node without an endpoint',
    ends: { iptables: DROPPED, nftables: DROPPED, ipvs: AS_ITSELF },
  },
  { from: 'pod/default/client', to: 'TCP 20.1.2.6:80', shows: 'source ranges without the sender', ends: DROPPED },
  {
    from: 'pod/default/client',
    to: 'TCP node1:30086',
    shows: 'source ranges do not guard the node port',
    ends: AS_NODE,
  },
];

/** Three nodes in one mode, at rest. */
export function aClusterIn(mode: KubeProxyMode): Emulator {
  const settings = aCluster();
  const kubeProxyConfig = { enabled: true, mode };
  const emulator = new Emulator(
    { ...settings, networkProfile: { ...settings.networkProfile, kubeProxyConfig } },
    { seed: 1 },
  );
  emulator.boot();
  emulator.apply([...podManifests(), ...serviceManifests()]);
  for (const [name, ip] of Object.entries({ web: '20.1.2.3', empty: '20.1.2.4', guarded: '20.1.2.6' })) {
    const loadBalancer = { ingress: [{ ip, ipMode: 'VIP' }] };
    emulator.patch('Service', `default/${name}`, { status: { loadBalancer } }, { status: true });
  }
  emulator.settle();
  return emulator;
}

function podManifests(): readonly object[] {
  const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
  const ports = [
    { containerPort: 8080 },
    { containerPort: 5353, protocol: 'UDP' },
    { containerPort: 38412, protocol: 'SCTP' },
  ];
  const containers = [{ name: 'app', image: 'registry.example/app:1', ports }];
  const web = (name: string, node: string) => aPod(name, { ...on(node), containers }, { labels: { app: 'web' } });
  return [web('web-2', 'node2'), web('web-3', 'node3'), aPod('client', on('node1')), aPod('self', on('node1'))];
}

function serviceManifests(): readonly object[] {
  const http = (nodePort: number) => ({ name: 'http', port: 80, targetPort: 8080, nodePort });
  const webPorts = [
    http(30080),
    { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
    { name: 'n2', port: 38412, protocol: 'SCTP' },
  ];
  const balanced = { type: 'LoadBalancer', selector: { app: 'web' } };
  const local = { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' };
  return [
    aService('web', { ...balanced, clusterIP: '10.96.0.50', externalIPs: ['203.0.113.80'], ports: webPorts }),
    aService('self', { clusterIP: '10.96.0.51' }),
    aService('empty', { type: 'LoadBalancer', clusterIP: '10.96.0.54', ports: [http(30084)] }),
    aService('local', { ...balanced, type: 'NodePort', clusterIP: '10.96.0.55', ...local, ports: [http(30085)] }),
    aService('inside', { selector: balanced.selector, clusterIP: '10.96.0.57', internalTrafficPolicy: 'Local' }),
    aService('guarded', {
      ...balanced,
      clusterIP: '10.96.0.56',
      loadBalancerSourceRanges: ['198.51.100.0/24'],
      ports: [http(30086)],
    }),
  ];
}

/** What becomes of a flow, by every chance that its node has; several ends are told one after the other. */
export function endOf(emulator: Emulator, flow: Flow): string {
  const [protocol = '', place = ''] = flow.to.split(' ');
  const [name = '', port = ''] = place.split(':');
  const address =
    emulator.get('Node', name)?.status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? name;
  const from = emulator.world.host(flow.from);
  if (from === undefined) throw new Error(`there is no ${flow.from}`);
  const packet = packetOf(from, protocol as Protocol, address, Number(port));
  const ends = new Set(outcomes(from, packet, emulator.now).map((outcome) => wordsFor(outcome, packet)));
  const url = `${protocol.toLowerCase()}://${address}:${port}`;
  const { outcome, answeredFrom } = emulator.send({ from: flow.from, to: url, record: false });
  const isAnswered = outcome === 'connected' && answeredFrom === `${address}:${port}`;
  return [...ends]
    .sort()
    .map((end) => (end.startsWith('an endpoint') && !isAnswered ? end + UNANSWERED : end))
    .join('; ');
}

/** Its source is the one that the kernel would choose. */
function packetOf(from: Host, protocol: Protocol, destination: string, destinationPort: number): Packet {
  const to = addressOf(destination);
  const source = destination.startsWith('127.') ? to : from.isLocal(to) ? to : from.addressOf('eth0', 4)!;
  return {
    protocol: PROTOCOL_NUMBERS[protocol],
    source,
    sourcePort: 50_000,
    destination: to,
    destinationPort,
    flags: protocol === 'TCP' ? SYN : 0,
    ttl: 64,
  };
}

function wordsFor({ verdict, seen, masqueraded }: Outcome, sent: Packet): string {
  switch (verdict.verdict) {
    case 'rejected':
      return REFUSED;
    case 'dropped':
      return DROPPED;
    case 'unroutable':
      return LOST;
    case 'delivered':
      if (verdict.host.startsWith('node/')) return NODE_ITSELF;
      if (verdict.host.startsWith('external/')) return OUT;
      return masqueraded || seen.source !== sent.source ? AS_NODE : AS_ITSELF;
    default:
      return verdict satisfies never;
  }
}

/** The list as a table in Markdown: a column for each mode. */
export function modesTable(clusters: ReadonlyMap<KubeProxyMode, Emulator>): string {
  const rows = FLOWS.map((flow) => {
    const cells = MODES.map((mode) => endOf(clusters.get(mode)!, flow));
    return `| ${flow.shows} | ${flow.from.replace('default/', '')} | ${flow.to} | ${cells.join(' | ')} |`;
  });
  return [`| what | from | to | ${MODES.join(' | ')} |`, `|${'---|'.repeat(3 + MODES.length)}`, ...rows].join('\n');
}
