/** For tests of this room: two nodes with pods, rules in kube-proxy's shape read from text, and packets. */
import {
  ConntrackTable,
  EMPTY_DATAPLANE,
  isParseFailure,
  NodeNetworks,
  PodNetworks,
  parseIptablesSave,
  type Ruleset,
} from '../dataplane/index.ts';
import { addressOf, type ClusterSettings, cidrOf, type Dice, type Packet, SYN, TCP } from '../model/index.ts';
import { type ClusterWorld, worldOf } from './cluster-world.ts';
import { RecentLists } from './recent.ts';
import { commit, send, type Walked } from './send.ts';

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    dnsServiceIP: '10.96.0.10',
  },
  virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix: '10.10.12.0/24' }] },
  agentPoolProfiles: [{ name: 'nodepool1', count: 2, maxPods: 250, vnetSubnet: 'aks' }],
  apiServer: { address: '10.10.12.250', port: 443 },
  systemPods: false,
};

/** Pods by name, with their node's number and address: `10.244.NODE.x`. */
const PODS: readonly (readonly [string, number, string])[] = [
  ['client', 1, '10.244.1.10'],
  ['neighbour', 1, '10.244.1.11'],
  ['server', 2, '10.244.2.20'],
];

/** One Service with a node port in front of `server`, one in front of `client` itself, one without endpoints. */
export const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-FORWARD -m conntrack --ctstate INVALID -m comment --comment "invalid" -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d 10.96.0.99/32 -p tcp -m comment --comment "default/empty has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-A - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-SEP-B - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SVC-B - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-A -j KUBE-MARK-MASQ
-A KUBE-EXT-A -j KUBE-SVC-A
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-EXT-A
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-A -s 10.244.2.20/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.2.20:8080
-A KUBE-SEP-B -s 10.244.1.10/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.244.1.10:8080
-A KUBE-SERVICES -d 10.96.0.50/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A
-A KUBE-SERVICES -d 10.96.0.51/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-B
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-A ! -s 10.244.0.0/16 -d 10.96.0.50/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-A -j KUBE-SEP-A
-A KUBE-SVC-B -j KUBE-SEP-B
COMMIT
`;

export function rulesetFrom(text: string): Ruleset {
  const ruleset = parseIptablesSave(text);
  if (isParseFailure(ruleset)) throw new Error(`line ${ruleset.line}: ${ruleset.message}`);
  return ruleset;
}

export interface TwoNodes {
  readonly world: ClusterWorld;
  table(node: string): ConntrackTable;
}

/** `node1` (10.10.12.4) and `node2` (10.10.12.5), both with these rules. */
export function twoNodes(rules: string = RULES): TwoNodes {
  let node = NodeNetworks.EMPTY;
  let pod = PodNetworks.EMPTY;
  for (const i of [1, 2]) {
    const facts = {
      name: `node${i}`,
      addresses: [addressOf(`10.10.12.${3 + i}`)],
      podCidrs: [cidrOf(`10.244.${i}.0/24`)],
    };
    node = node.set(facts.name, facts);
  }
  for (const [name, i, address] of PODS) {
    const uid = `${address.replaceAll('.', '').padStart(8, '0')}-0000`;
    pod = pod.set(`default/${name}`, {
      pod: `default/${name}`,
      uid,
      node: `node${i}`,
      addresses: [addressOf(address)],
    });
  }
  const ruleset = rulesetFrom(rules);
  const tables = new Map([1, 2].map((i) => [`node${i}`, new ConntrackTable(4)]));
  const recent = new Map([1, 2].map((i) => [`node${i}`, new RecentLists()]));
  const world = worldOf(
    { ...EMPTY_DATAPLANE, node, pod },
    {
      settings: SETTINGS,
      rulesetOf: (_node, family) => (family === 4 ? ruleset : undefined),
      conntrackOf: (name) => tables.get(name)!,
      recentOf: (name) => recent.get(name)!,
    },
  );
  return { world, table: (name) => tables.get(name)! };
}

/** Dice that always fall alike. */
export function fixedDice(fraction: number): Dice {
  return { below: (bound) => Math.floor(fraction * bound), fraction: () => fraction, split: () => fixedDice(fraction) };
}

/** Dice that roll a given sequence and count what was asked of them. */
export class ScriptedDice implements Dice {
  readonly #rolls: readonly number[];
  asked = 0;

  constructor(rolls: readonly number[]) {
    this.#rolls = rolls;
  }

  fraction(): number {
    return this.#rolls[this.asked++ % this.#rolls.length]!;
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  split(): Dice {
    return this;
  }
}

/** A TCP segment between `address:port`s; a SYN where no flags are given. */
export function segment(from: string, to: string, flags: number = SYN): Packet {
  const [source = '', sourcePort = ''] = from.split(':');
  const [destination = '', destinationPort = ''] = to.split(':');
  return {
    protocol: TCP,
    source: addressOf(source),
    sourcePort: Number(sourcePort),
    destination: addressOf(destination),
    destinationPort: Number(destinationPort),
    flags,
    ttl: 64,
  };
}

/** Sends a packet from a host by name, recorded, and commits what it changed. */
export function deliver({ world }: TwoNodes, from: string, packet: Packet, at = 0): Walked {
  const walked = send(world.host(from)!, packet, { at, dice: fixedDice(0.5), record: true });
  commit(walked);
  return walked;
}

/** The packet's tuple: `10.244.1.10:40000 > 10.96.0.50:80`. */
export function tuple({ source, sourcePort, destination, destinationPort }: Packet): string {
  const text = (address: Packet['source']): string => (typeof address === 'number' ? dotted(address) : address);
  return `${text(source)}:${sourcePort} > ${text(destination)}:${destinationPort}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
