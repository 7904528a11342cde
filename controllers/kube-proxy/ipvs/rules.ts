/**
 * kube-proxy's chains in IPVS mode: the same few whatever Services there are, for they ask sets.
 * Source: kubernetes pkg/proxy/ipvs/proxier.go (ipsetWithIptablesChain, writeIptablesRules, acceptIPVSTraffic).
 */
import {
  type Chain,
  type Match,
  type Rule,
  STATE_ESTABLISHED,
  STATE_NEW,
  STATE_RELATED,
  type Target,
  type VirtualServerAddress,
} from '../../../src/dataplane/index.ts';
import { type Cidr, cidrOf, type Family, SCTP, TCP, UDP } from '../../../src/model/index.ts';
import {
  ACCEPT,
  addressTypeLocal,
  comment,
  connectionState,
  DROP,
  detectorMatches,
  fixedChain,
  jumpTo,
  markIs,
  protocolIs,
  RETURN,
  rule,
  source,
} from '../iptables/index.ts';
import type { IpvsConfig } from './config.ts';
import { SETS, type SetKey, setNames } from './sets.ts';

/** What the chains depend on. */
export interface RuleInput {
  /** the sets without elements, by the bits of their numbers */
  readonly empty: number;
  readonly config: IpvsConfig;
  readonly podCidr: Cidr | undefined;
  /** load balancers' addresses that the node may not reach */
  readonly blockedFromNode: readonly VirtualServerAddress[];
}

/** The chains of each table, in the order in which kube-proxy declares them. */
export interface IpvsChains {
  readonly nat: readonly Chain[];
  readonly filter: readonly Chain[];
}

const LOOPBACK = { 4: cidrOf('127.0.0.0/8'), 6: cidrOf('::1/128') } as const;
const NOT_FROM_BRIDGE: Match = { match: 'physdev', inverted: true };
const NOT_FROM_HERE: Match = { match: 'address-type', side: 'source', type: 'LOCAL', inverted: true };
const TO_HERE = addressTypeLocal('destination');

const PORT: readonly 'dst'[] = ['dst'];
const ADDRESS_AND_PORT: readonly ('src' | 'dst')[] = ['dst', 'dst'];
const WITH_SOURCE: readonly ('src' | 'dst')[] = ['dst', 'dst', 'src'];

class RuleWriter {
  readonly #input: RuleInput;

  constructor(input: RuleInput) {
    this.#input = input;
  }

  isEmpty(key: SetKey): boolean {
    return (this.#input.empty & (1 << setNames(this.#input.config.setFamily)[key].number)) !== 0;
  }

  match(key: SetKey, sides: readonly ('src' | 'dst')[]): Match {
    return { match: 'set', set: setNames(this.#input.config.setFamily)[key], sides };
  }

  /** With the set's comment; no rule while the set is empty. */
  ask(key: SetKey, sides: readonly ('src' | 'dst')[], target: Target, ...more: readonly Match[]): readonly Rule[] {
    return this.isEmpty(key) ? [] : [this.said(key, sides, target, ...more)];
  }

  said(key: SetKey, sides: readonly ('src' | 'dst')[], target: Target, ...more: readonly Match[]): Rule {
    return rule(target, comment(SETS[key].comment), this.match(key, sides), ...more);
  }

  /** A node port's set: asked by packets of its protocol only. */
  askNodePort(key: SetKey, protocol: typeof TCP | typeof UDP | typeof SCTP, target: Target): readonly Rule[] {
    if (this.isEmpty(key)) return [];
    const match = this.match(key, protocol === SCTP ? ADDRESS_AND_PORT : PORT);
    return [rule(target, protocolIs(protocol), comment(SETS[key].comment), match)];
  }
}

/**
 * Marks what comes to cluster IPs from outside of the cluster. Without a detector, what the node itself sends is marked: the
 * kernel takes a VIP of the dummy device as the source of what goes to a VIP.
 */
function clusterIPRule(write: RuleWriter, { config, podCidr }: RuleInput, mark: Target): readonly Rule[] {
  if (config.masqueradeAll) return write.ask('KUBE-CLUSTER-IP', ADDRESS_AND_PORT, mark);
  const detector = detectorMatches(config, podCidr);
  if (detector === undefined) return write.ask('KUBE-CLUSTER-IP', ['src', 'dst'], mark);
  return write.ask('KUBE-CLUSTER-IP', ADDRESS_AND_PORT, mark, detector.ifNotLocal);
}

/** External IPs serve whoever comes from off the machine, and everyone where the node takes the address as its own. */
function externalIPRules(write: RuleWriter, mark: Target): readonly Rule[] {
  const accept = (key: SetKey) => [
    ...write.ask(key, ADDRESS_AND_PORT, ACCEPT, NOT_FROM_BRIDGE, NOT_FROM_HERE),
    ...write.ask(key, ADDRESS_AND_PORT, ACCEPT, TO_HERE),
  ];
  return [
    ...write.ask('KUBE-EXTERNAL-IP', ADDRESS_AND_PORT, mark),
    ...accept('KUBE-EXTERNAL-IP'),
    ...accept('KUBE-EXTERNAL-IP-LOCAL'),
  ];
}

/** Other rules of the nat table must not get hold of what IPVS is to balance. */
function acceptRules(write: RuleWriter): readonly Rule[] {
  const keys: readonly SetKey[] = ['KUBE-CLUSTER-IP', 'KUBE-LOAD-BALANCER'];
  return keys.filter((key) => !write.isEmpty(key)).map((key) => rule(ACCEPT, write.match(key, ADDRESS_AND_PORT)));
}

function nodePortChain(write: RuleWriter, mark: Target): Chain {
  return fixedChain('KUBE-NODE-PORT', [
    ...write.askNodePort('KUBE-NODE-PORT-LOCAL-TCP', TCP, RETURN),
    ...write.askNodePort('KUBE-NODE-PORT-TCP', TCP, mark),
    ...write.askNodePort('KUBE-NODE-PORT-LOCAL-UDP', UDP, RETURN),
    ...write.askNodePort('KUBE-NODE-PORT-UDP', UDP, mark),
    ...write.askNodePort('KUBE-NODE-PORT-LOCAL-SCTP-HASH', SCTP, RETURN),
    ...write.askNodePort('KUBE-NODE-PORT-SCTP-HASH', SCTP, mark),
  ]);
}

function natChains(write: RuleWriter, input: RuleInput): readonly Chain[] {
  const { family, masqueradeBit, randomFully } = input.config;
  const mark = 2 ** masqueradeBit;
  const markMasq = fixedChain('KUBE-MARK-MASQ', [rule({ target: 'MARK', value: mark, mask: mark })]);
  const toMark = jumpTo(markMasq);
  const nodePort = nodePortChain(write, toMark);
  const loadBalancer = fixedChain('KUBE-LOAD-BALANCER', [
    ...write.ask('KUBE-LOAD-BALANCER-LOCAL', ADDRESS_AND_PORT, RETURN),
    rule(toMark),
  ]);
  const services = fixedChain('KUBE-SERVICES', [
    rule(RETURN, source(LOOPBACK[family])),
    ...write.ask('KUBE-LOAD-BALANCER', ADDRESS_AND_PORT, jumpTo(loadBalancer)),
    ...clusterIPRule(write, input, toMark),
    ...externalIPRules(write, toMark),
    rule(jumpTo(nodePort), TO_HERE),
    ...acceptRules(write),
  ]);
  const postrouting = fixedChain('KUBE-POSTROUTING', [
    ...write.ask('KUBE-LOOP-BACK', WITH_SOURCE, { target: 'MASQUERADE', randomFully: false }),
    rule(RETURN, markIs(mark, true)),
    rule({ target: 'MARK', value: mark, mask: 0 }),
    rule({ target: 'MASQUERADE', randomFully }, comment('kubernetes service traffic requiring SNAT')),
  ]);
  return [services, postrouting, nodePort, loadBalancer, markMasq];
}

/** VIPs are the node's own addresses: without this, whatever listens on the node could be reached through them. */
function ipvsFilterChain(write: RuleWriter, family: Family): Chain {
  const keys: readonly SetKey[] = [
    'KUBE-LOAD-BALANCER',
    'KUBE-CLUSTER-IP',
    'KUBE-EXTERNAL-IP',
    'KUBE-EXTERNAL-IP-LOCAL',
  ];
  const reject: Target = {
    target: 'REJECT',
    with: family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable',
  };
  return fixedChain('KUBE-IPVS-FILTER', [
    ...keys.map((key) => rule(RETURN, write.match(key, ADDRESS_AND_PORT))),
    rule(RETURN, write.match('KUBE-HEALTH-CHECK-NODE-PORT', PORT)),
    rule(reject, connectionState(STATE_NEW), write.match('KUBE-IPVS-IPS', PORT)),
  ]);
}

function filterChains(write: RuleWriter, { config, blockedFromNode }: RuleInput): readonly Chain[] {
  const sourceRanges = fixedChain('KUBE-SOURCE-RANGES-FIREWALL', [
    ...write.ask('KUBE-LOAD-BALANCER-SOURCE-CIDR', WITH_SOURCE, RETURN),
    ...write.ask('KUBE-LOAD-BALANCER-SOURCE-IP', WITH_SOURCE, RETURN),
    rule(DROP),
  ]);
  const established = connectionState(STATE_RELATED | STATE_ESTABLISHED);
  const forward = fixedChain('KUBE-FORWARD', [
    rule(ACCEPT, comment('kubernetes forwarding rules'), markIs(2 ** config.masqueradeBit)),
    rule(ACCEPT, comment('kubernetes forwarding conntrack rule'), established),
  ]);
  const firewall = write.ask('KUBE-LOAD-BALANCER-FW', ADDRESS_AND_PORT, jumpTo(sourceRanges));
  return [
    forward,
    fixedChain('KUBE-NODE-PORT', [write.said('KUBE-HEALTH-CHECK-NODE-PORT', PORT, ACCEPT)]),
    fixedChain('KUBE-PROXY-FIREWALL', firewall),
    sourceRanges,
    ipvsFilterChain(write, config.family),
    fixedChain(
      'KUBE-IPVS-OUT-FILTER',
      blockedFromNode.map((server) => rule(DROP, source(server.address), { match: 'ipvs', ...server })),
    ),
  ];
}

export function ipvsChains(input: RuleInput): IpvsChains {
  const write = new RuleWriter(input);
  return { nat: natChains(write, input), filter: filterChains(write, input) };
}

/** A jump from one of the kernel's chains, in the order in which kube-proxy ensures them: each goes before the last. */
export interface IpvsJump {
  readonly table: 'nat' | 'filter';
  readonly from: 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
  readonly to: string;
  readonly comment: string;
}

/** Source: pkg/proxy/ipvs/proxier.go (iptablesJumpChain). */
export const IPVS_JUMPS: readonly IpvsJump[] = [
  { table: 'nat', from: 'OUTPUT', to: 'KUBE-SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'PREROUTING', to: 'KUBE-SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'POSTROUTING', to: 'KUBE-POSTROUTING', comment: 'kubernetes postrouting rules' },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-FORWARD', comment: 'kubernetes forwarding rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-NODE-PORT', comment: 'kubernetes health check rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-PROXY-FIREWALL', comment: 'kube-proxy firewall rules' },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-PROXY-FIREWALL', comment: 'kube-proxy firewall rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-IPVS-FILTER', comment: 'kubernetes ipvs access filter' },
  { table: 'filter', from: 'OUTPUT', to: 'KUBE-IPVS-OUT-FILTER', comment: 'kubernetes ipvs access filter' },
];
