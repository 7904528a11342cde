/**
 * The same cluster as Linux network namespaces.
 *
 *   pod ──veth── node ──veth── fabric ──veth── outside
 *
 * The fabric is the VNet: it hands a packet to the node that has its address or owns its pod range, in silence or not at
 * all, and is not seen in the TTL.
 */
import type { Emulator } from '../../src/emulator/index.ts';
import { formatAddress, formatCidr } from '../../src/model/index.ts';
import { OUTSIDE_RANGES } from './cluster.ts';
import { FABRIC, type Layout, type NodeSpace, OUTSIDE, type PodSpace } from './layout.ts';
import { loadsOf } from './loads.ts';
import type { SentPacket } from './packets.ts';

export interface Load {
  readonly command: readonly string[];
  readonly text: string;
}

interface Link {
  readonly to: string;
  readonly device: string;
  readonly far: string;
  readonly mac: string;
}

interface PlannedSpace {
  readonly name: string;
  /** under /proc/sys */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly links: readonly Link[];
  /** lines for `ip -batch` */
  readonly commands: readonly string[];
  /** objects of nfnetlink_acct that its rules count in */
  readonly counters: readonly string[];
  readonly loads: readonly Load[];
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  readonly sctp: readonly number[];
  readonly hears: boolean;
}

export interface Plan {
  /** hosts that a packet and its answers cross, at most: so many steps are waited for */
  readonly steps: number;
  /** packets that are sent before anybody's process answers */
  readonly batch: number;
  readonly namespaces: readonly PlannedSpace[];
  readonly packets: readonly SentPacket[];
}

/** iptables by either of its programs, or nft */
export type Loader = 'nft' | 'legacy' | 'nftables';

export const BATCH = 128;
const STEPS = 40;

const QUIET_HOST = {
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
  // Errors are answers here: the kernel must not save on them.
  'net/ipv4/icmp_ratemask': '0',
  'net/ipv4/tcp_synack_retries': '0',
  'net/core/somaxconn': '4096',
  // Ubuntu's default, loose mode (systemd's 50-default.conf)
  'net/ipv4/conf/default/rp_filter': '2',
} as const;
const NODE = {
  ...QUIET_HOST,
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/route_localnet': '1',
  // On a wire with a router behind each machine there is nothing to redirect.
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
} as const;
const ROUTER = { ...NODE, 'net/ipv4/conf/all/route_localnet': '0', 'net/ipv4/conf/default/rp_filter': '0' } as const;

const nodeLink = (index: number): string => `node${index + 1}`;
const mac = (index: number): string => `02:00:00:00:${hex(index >> 8)}:${hex(index & 255)}`;
const hex = (value: number): string => value.toString(16).padStart(2, '0');
/** no ARP: both ends of a link have one hardware address */
const up = (device: string): string => `link set ${device} arp off up`;

/** How rules get into this kernel. */
export interface Loading {
  readonly loader: Loader;
  /** whether the kernel has nfnetlink_acct */
  readonly counts: boolean;
}

export function planOf(emulator: Emulator, layout: Layout, packets: readonly SentPacket[], loading: Loading): Plan {
  let links = 0;
  const nextMac = (): string => mac(++links);
  const nodes = layout.nodes.flatMap((node) => [
    nodeSpace(emulator, layout, node, nextMac, loading),
    ...node.pods.map((pod) => podSpace(emulator, layout, pod)),
  ]);
  return {
    steps: STEPS,
    batch: BATCH,
    namespaces: [fabricSpace(emulator, layout, nextMac), outsideSpace(layout), ...nodes],
    packets,
  };
}

function space(name: string, layout: Layout, rest: Partial<PlannedSpace>): PlannedSpace {
  const ports = [...(layout.listening.get(name) ?? [])].sort((a, b) => a - b);
  const nothing = { sysctls: QUIET_HOST, links: [], commands: [], counters: [], loads: [], hears: true };
  return { name, ...nothing, tcp: ports, udp: ports, sctp: ports, ...rest };
}

function nodeSpace(
  emulator: Emulator,
  layout: Layout,
  node: NodeSpace,
  nextMac: () => string,
  loading: Loading,
): PlannedSpace {
  const links = node.pods.map(({ name, device }) => ({ to: name, device, far: 'eth0', mac: nextMac() }));
  const name = node.name.slice('node/'.length);
  const routes = emulator.dump('routes', name).trimEnd().split('\n');
  const { counters, loads } = loadsOf(emulator, name, loading);
  return space(node.name, layout, {
    sysctls: NODE,
    links,
    commands: [
      up('eth0'),
      ...links.map(({ device }) => up(device)),
      `addr add ${node.address}/24 dev eth0 noprefixroute`,
      // A gateway must be within reach before a route may lead through it.
      ...routes.filter((route) => route.includes('scope link')).map((route) => `route add ${route}`),
      ...routes.filter((route) => !route.includes('scope link')).map((route) => `route add ${route}`),
    ],
    counters,
    loads,
  });
}

function podSpace(emulator: Emulator, layout: Layout, pod: PodSpace): PlannedSpace {
  const routes = emulator.world.host(pod.name)!.routes();
  const gateways = routes.filter(({ via }) => via !== undefined).map(({ via }) => formatAddress(via!));
  return space(pod.name, layout, {
    commands: [
      up('eth0'),
      `addr add ${pod.address}/32 dev eth0`,
      ...gateways.map((gateway) => `route add ${gateway} dev eth0 proto static scope link`),
      ...gateways.map((gateway) => `route add default via ${gateway} dev eth0 proto static`),
    ],
  });
}

function outsideSpace(layout: Layout): PlannedSpace {
  return space(OUTSIDE, layout, {
    // Everybody outside lives in one namespace, and may be sent what another of them sent.
    sysctls: { ...QUIET_HOST, 'net/ipv4/conf/all/accept_local': '1', 'net/ipv4/conf/default/rp_filter': '0' },
    commands: [
      up('eth0'),
      'route add default dev eth0',
      ...[...OUTSIDE_RANGES, '10.10.12.250/32'].map((range) => `route add local ${range} dev lo`),
    ],
  });
}

/** The VNet. A packet marked N is handed to the Nth node whatever its address, as a load balancer with floating IP does. */
function fabricSpace(emulator: Emulator, layout: Layout, nextMac: () => string): PlannedSpace {
  const { networkProfile, virtualNetwork, apiServer } = emulator.settings;
  const links = [
    { to: OUTSIDE, device: 'outside', far: 'eth0', mac: nextMac() },
    ...layout.nodes.map(({ name }, index) => ({ to: name, device: nodeLink(index), far: 'eth0', mac: nextMac() })),
  ];
  const unowned = [networkProfile.podCidr!, networkProfile.serviceCidr, ...virtualNetwork.addressPrefixes];
  return space(FABRIC, layout, {
    sysctls: ROUTER,
    links,
    hears: false,
    tcp: [],
    udp: [],
    sctp: [],
    commands: [
      ...links.map(({ device }) => up(device)),
      'route add default dev outside',
      `route add ${apiServer.address} dev outside`,
      ...unowned.map((range) => `route add blackhole ${range}`),
      ...layout.nodes.flatMap(({ address, podCidrs }, index) => [
        `route add ${address} dev ${nodeLink(index)}`,
        ...podCidrs.map((cidr) => `route add ${formatCidr(cidr)} dev ${nodeLink(index)}`),
        `route add default dev ${nodeLink(index)} table ${index + 1}`,
        `rule add fwmark ${index + 1} table ${index + 1} pref ${index + 10}`,
      ]),
      `route add blackhole ${networkProfile.podCidr} table 100`,
      'rule add iif outside table 100 pref 1',
    ],
    loads: [fabricRules(layout)],
  });
}

/** Not seen in the TTL, and nothing goes back where it came from. */
function fabricRules(layout: Layout): Load {
  const back = layout.nodes.map((_, index) => `-A FORWARD -i ${nodeLink(index)} -o ${nodeLink(index)} -j DROP`);
  const lines = ['*mangle', '-A PREROUTING -j TTL --ttl-inc 1', ...back, 'COMMIT', ''];
  return { command: ['iptables-nft-restore'], text: lines.join('\n') };
}
