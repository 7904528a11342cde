/** What a cluster looks like from its wires: namespaces, who listens in them, who can send from where, and what can be asked for. */
import type { Emulator } from '../../src/emulator/index.ts';
import { addressOf, type Cidr, formatAddress, keyOf, type Pod, type Service } from '../../src/model/index.ts';
import type { Host } from '../../src/packet/index.ts';
import type { DrawnProtocol } from './case.ts';
import { CLOSED_PORT, FIRST_APP_PORT, OUTSIDE_CLIENTS, SERVICE_PORT } from './cluster.ts';

export const OUTSIDE = 'outside';
export const FABRIC = 'fabric';

export interface NodeSpace {
  /** `node/NAME` */
  readonly name: string;
  readonly address: string;
  readonly podCidrs: readonly Cidr[];
  readonly pods: readonly PodSpace[];
}

export interface PodSpace {
  /** `pod/NAMESPACE/NAME` */
  readonly name: string;
  readonly address: string;
  /** the node's end of its veth */
  readonly device: string;
}

export interface Sender {
  readonly host: string;
  readonly address: string;
  /** counted from 1: the node that the packet is handed to, as a load balancer does; undefined for an ordinary sender */
  readonly through?: number;
}

export interface Destination {
  readonly address: string;
  readonly port: number;
  /** undefined: all of them */
  readonly protocol?: DrawnProtocol;
  /** what it is, for people */
  readonly title: string;
}

export interface Layout {
  readonly nodes: readonly NodeSpace[];
  /** by namespace, the ports on which a process listens in every protocol */
  readonly listening: ReadonlyMap<string, ReadonlySet<number>>;
  readonly senders: readonly Sender[];
  readonly destinations: readonly Destination[];
}

/** The namespace in which a host of the emulator stands: all who are outside share one. */
export function spaceOf(host: string): string {
  return host.startsWith('external/') ? OUTSIDE : host;
}

export function layoutOf(emulator: Emulator): Layout {
  const { world } = emulator;
  const pods = emulator.list('Pod').filter((pod) => world.host(`pod/${keyOf(pod)}`) !== undefined);
  const ownNetwork = pods.filter(({ spec }) => spec.hostNetwork !== true);
  const nodes = [...emulator.dataplane.node.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((facts): NodeSpace => {
      const host = world.host(`node/${facts.name}`)!;
      const here = ownNetwork.filter(({ spec }) => spec.nodeName === facts.name);
      const address = formatAddress(facts.addresses[0]!);
      return { name: host.name, address, podCidrs: facts.podCidrs, pods: here.map((pod) => podSpace(pod, host)) };
    });
  return {
    nodes,
    listening: listeningOn(pods),
    senders: sendersOf(nodes),
    destinations: destinationsOf(emulator.list('Service'), nodes),
  };
}

function podSpace(pod: Pod, node: Host): PodSpace {
  const address = pod.status.podIP!;
  return { name: `pod/${keyOf(pod)}`, address, device: node.hop(addressOf(address))!.route.device };
}

function listeningOn(pods: readonly Pod[]): ReadonlyMap<string, ReadonlySet<number>> {
  const listening = new Map<string, Set<number>>([[OUTSIDE, new Set([443])]]);
  for (const pod of pods) {
    const space = pod.spec.hostNetwork === true ? `node/${pod.spec.nodeName}` : `pod/${keyOf(pod)}`;
    const ports = listening.get(space) ?? new Set();
    for (const container of pod.spec.containers)
      for (const { containerPort } of container.ports ?? []) ports.add(containerPort);
    listening.set(space, ports);
  }
  return listening;
}

function sendersOf(nodes: readonly NodeSpace[]): readonly Sender[] {
  const inside = nodes.flatMap(({ name, address, pods }) => [
    { host: name, address },
    ...pods.map((pod) => ({ host: pod.name, address: pod.address })),
  ]);
  const outside = OUTSIDE_CLIENTS.map((address) => ({ host: `external/${address}`, address }));
  const balanced = nodes.flatMap((_, index) => outside.map((sender) => ({ ...sender, through: index + 1 })));
  return [...inside, ...outside, ...balanced];
}

function destinationsOf(services: readonly Service[], nodes: readonly NodeSpace[]): readonly Destination[] {
  const pods = nodes.flatMap((node) => node.pods);
  return [
    ...services.flatMap((service) => serviceDestinations(service, nodes)),
    ...[...pods, ...nodes].flatMap(({ name, address }) =>
      [FIRST_APP_PORT, CLOSED_PORT].map((port) => ({ address, port, title: name })),
    ),
    { address: '127.0.0.1', port: FIRST_APP_PORT, title: 'itself' },
    { address: '10.96.77.77', port: SERVICE_PORT, title: 'a ClusterIP of no Service' },
    { address: '10.244.0.200', port: SERVICE_PORT, title: 'a pod address of no pod' },
    { address: '10.244.200.1', port: SERVICE_PORT, title: 'a pod address of no node' },
    { address: '10.10.12.200', port: SERVICE_PORT, title: 'a machine that is not there' },
    { address: OUTSIDE_CLIENTS[0], port: 443, title: 'a server outside' },
  ];
}

function serviceDestinations(service: Service, nodes: readonly NodeSpace[]): readonly Destination[] {
  const { spec, status } = service;
  const key = keyOf(service);
  const ingress = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const addresses = [spec.clusterIP ?? '', ...(spec.externalIPs ?? []), ...ingress];
  const hosts = ['127.0.0.1', ...nodes.map((node) => node.address)];
  const ports = (spec.ports ?? []).flatMap((port): Destination[] => {
    const { protocol, port: number, nodePort, name } = port;
    const asked = addresses.map((address) => ({ address, port: number, protocol, title: `${key} ${name}` }));
    if (nodePort === undefined || nodePort === 0) return asked;
    return [
      ...asked,
      ...hosts.map((address) => ({ address, port: nodePort, protocol, title: `${key} ${name} node port` })),
    ];
  });
  return [
    ...ports,
    ...addresses.map((address) => ({ address, port: SERVICE_PORT + 1, title: `${key} unlisted port` })),
  ];
}
