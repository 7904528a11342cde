/**
 * Who reaches whom: every participant dials every other one directly by address, and what came of it is the table. Participants
 * are two pods on different nodes where there are such, a node, and what `spec.azure` declares around the cluster.
 */
import type { SendResult } from '../emulator/index.ts';
import { CLUSTER_NETWORK, type ClusterSettings, cidrOf, formatAddress, type Ipv4, type Pod } from '../model/index.ts';
import type { EmulatedCluster } from './emulated-cluster.ts';

export interface Participant {
  /** as `send` names it: `pod/default/web`, `node/node1`, `vm/jump-host`, `external/192.168.0.10` */
  readonly name: string;
  /** what it is to the cluster: `pod`, `node`, `VM`, `peered VM`, `on-premises`, `internet` */
  readonly role: string;
  readonly address: string;
  /** where it listens, TCP */
  readonly port: number;
}

export interface ReachCell {
  readonly from: string;
  readonly to: string;
  readonly reached: boolean;
  /** the source address that the receiver saw */
  readonly sourceSeen?: string;
  /** why it was not reached */
  readonly reason?: string;
}

export interface ReachTable {
  readonly participants: readonly Participant[];
  readonly cells: readonly ReachCell[];
}

/** Somebody on the internet, from a range kept for documents (RFC 5737). */
const INTERNET = '198.51.100.7';
const KUBELET_PORT = 10250;
const HTTPS = 443;
/** how far into a site's first range its machine is */
const SITE_HOST = 10;

function listeningPort({ spec, status }: Pod): number | undefined {
  if (status.phase !== 'Running' || status.podIP === undefined || spec.hostNetwork === true) return undefined;
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  return ports.find(({ protocol }) => protocol === 'TCP')?.containerPort;
}

/** The first pod that listens, and the first one on another node. */
function podsOf(cluster: EmulatedCluster): readonly Participant[] {
  const pods = [...(cluster.list('Pod') as Iterable<Pod>)]
    .filter((pod) => pod.metadata.namespace !== 'kube-system' && listeningPort(pod) !== undefined)
    .sort((a, b) => (keyText(a) < keyText(b) ? -1 : 1));
  const [first] = pods;
  const second = pods.find(({ spec }) => spec.nodeName !== first?.spec.nodeName) ?? pods[1];
  return [first, second].flatMap((pod) =>
    pod === undefined
      ? []
      : { name: `pod/${keyText(pod)}`, role: 'pod', address: pod.status.podIP!, port: listeningPort(pod)! },
  );
}

function keyText({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function nodeOf(cluster: EmulatedCluster): readonly Participant[] {
  for (const node of cluster.list('Node')) {
    if (node.kind !== 'Node') continue;
    const address = node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    if (address !== undefined)
      return [{ name: `node/${node.metadata.name}`, role: 'node', address, port: KUBELET_PORT }];
  }
  return [];
}

/** The machines around the cluster, one at each site, one on the internet. */
function neighboursOf({ azure }: ClusterSettings): readonly Participant[] {
  const peers = (azure?.virtualNetworkPeerings ?? [])
    .filter(({ from }) => from === CLUSTER_NETWORK)
    .map(({ to }) => to);
  const roleIn = (network: string | undefined) => {
    if (network === undefined || network === CLUSTER_NETWORK) return 'VM';
    return peers.includes(network) ? 'peered VM' : 'VM of a network that is no peer';
  };
  const machines = (azure?.virtualMachines ?? []).map(({ name, subnet, privateIPAddress }) => ({
    name: `vm/${name}`,
    role: roleIn(subnet.includes('/') ? subnet.split('/')[0] : undefined),
    address: privateIPAddress,
    port: HTTPS,
  }));
  const sites = (azure?.sites ?? []).map(({ name, addressPrefixes }) => {
    const address = formatAddress((cidrOf(addressPrefixes[0]!).network as Ipv4) + SITE_HOST);
    return { name: `external/${address}`, role: `on-premises (${name})`, address, port: HTTPS };
  });
  return [...machines, ...sites, { name: `external/${INTERNET}`, role: 'internet', address: INTERNET, port: HTTPS }];
}

export function participantsOf(cluster: EmulatedCluster, settings: ClusterSettings): readonly Participant[] {
  return [...podsOf(cluster), ...nodeOf(cluster), ...neighboursOf(settings)];
}

/** Why a connection did not come about, in the words of the packet's verdict. */
function reasonOf({ outcome, traces }: SendResult): string {
  const failed = traces.find(({ verdict }) => verdict.verdict !== 'delivered');
  return failed?.verdict.reason ?? outcome;
}

export function dial(cluster: EmulatedCluster, from: Participant, to: Participant): ReachCell {
  const result = cluster.send({ from: from.name, to: `tcp://${to.address}:${to.port}` });
  const cell = { from: from.name, to: to.name };
  if (result.outcome !== 'connected' || result.deliveredTo !== to.name)
    return { ...cell, reached: false, reason: reasonOf(result) };
  const sourceSeen = result.sourceSeen?.replace(/:\d+$/, '');
  return { ...cell, reached: true, ...(sourceSeen === undefined ? {} : { sourceSeen }) };
}

/** The whole table, row by row; nobody dials himself. */
export function reach(cluster: EmulatedCluster, settings: ClusterSettings): ReachTable {
  const participants = participantsOf(cluster, settings);
  const cells = participants.flatMap((from) =>
    participants.filter((to) => to !== from).map((to) => dial(cluster, from, to)),
  );
  return { participants, cells };
}
