/**
 * Chains that say the same whatever Services there are.
 * Source: kubernetes pkg/proxy/nftables/proxier.go (setupNFTables).
 */
import {
  type NftChain,
  type NftHook,
  type NftRule,
  type NftSet,
  type NftStatement,
  STATE_DNAT,
  STATE_NEW,
} from '../../../src/dataplane/index.ts';
import { addressOf, cidrOf } from '../../../src/model/index.ts';
import type { NftablesConfig } from './config.ts';
import type { SharedParts } from './shared-parts.ts';
import {
  DESTINATION,
  DROP,
  fibLocal,
  isIn,
  jump,
  matches,
  matchesAny,
  PORT,
  REJECT,
  rule,
  verdictBy,
} from './statement.ts';

/** Later than conntrack, earlier than DNAT: -100. */
const BEFORE_DNAT = -110;
const DNAT = -100;
const FILTER = 0;
const SNAT = 100;

const NEW: NftStatement = { statement: 'ct', field: 'state', bits: STATE_NEW, inverted: false };
const TRANSLATED: NftStatement = { statement: 'ct', field: 'status', bits: STATE_DNAT, inverted: false };

export interface NamedSets {
  readonly hairpinConnections: NftSet;
  readonly clusterIPs: NftSet;
  /** undefined where node ports answer on all addresses */
  readonly nodePortIPs: NftSet | undefined;
  readonly noEndpointServices: NftSet;
  readonly noEndpointNodePorts: NftSet;
  readonly firewallIPs: NftSet;
  readonly serviceIPs: NftSet;
  readonly serviceNodePorts: NftSet;
}

/** What a node's chains are written from. */
interface Sources {
  readonly config: NftablesConfig;
  readonly parts: SharedParts;
  readonly sets: NamedSets;
  readonly chainOf: (name: TargetName) => TargetChain;
}

type Write = (sources: Sources) => readonly NftRule[];

/** A node has these anew for each version of the Services, and most rules of most versions meet no packet: made when asked for. */
class TargetChain implements NftChain {
  readonly name: TargetName;
  readonly #sources: Sources;
  #rules: readonly NftRule[] | undefined = undefined;
  #jump: NftRule | undefined = undefined;

  constructor(name: TargetName, sources: Sources) {
    this.name = name;
    this.#sources = sources;
  }

  get rules(): readonly NftRule[] {
    this.#rules ??= TARGETS[this.name](this.#sources);
    return this.#rules;
  }

  /** the rule by which base chains come here: from filter, with new connections only */
  get jump(): NftRule {
    this.#jump ??= NAT_TARGETS.has(this.name) ? rule(undefined, jump(this)) : rule(undefined, NEW, jump(this));
    return this.#jump;
  }
}

interface BaseDefinition {
  readonly name: string;
  readonly hook: NftHook;
  readonly targets: readonly TargetName[];
}

class BaseChain implements NftChain {
  readonly #definition: BaseDefinition;
  readonly #sources: Sources;
  #rules: readonly NftRule[] | undefined = undefined;

  constructor(definition: BaseDefinition, sources: Sources) {
    this.#definition = definition;
    this.#sources = sources;
  }

  get name(): string {
    return this.#definition.name;
  }

  get hook(): NftHook {
    return this.#definition.hook;
  }

  get rules(): readonly NftRule[] {
    this.#rules ??= this.#definition.targets.map((target) => this.#sources.chainOf(target).jump);
    return this.#rules;
  }
}

const BASE_CHAINS: readonly BaseDefinition[] = [
  filterChain('filter-prerouting-pre-dnat', 'prerouting', BEFORE_DNAT, ['firewall-check']),
  filterChain('filter-output-pre-dnat', 'output', BEFORE_DNAT, ['firewall-check']),
  filterChain('filter-input', 'input', FILTER, ['nodeport-endpoints-check', 'service-endpoints-check']),
  filterChain('filter-forward', 'forward', FILTER, ['service-endpoints-check', 'cluster-ips-check']),
  filterChain('filter-output', 'output', FILTER, ['service-endpoints-check', 'cluster-ips-check']),
  natChain('nat-prerouting', 'prerouting', DNAT, 'services'),
  natChain('nat-output', 'output', DNAT, 'services'),
  natChain('nat-postrouting', 'postrouting', SNAT, 'masquerading'),
];

type TargetName =
  | 'nodeport-endpoints-check'
  | 'service-endpoints-check'
  | 'firewall-check'
  | 'services'
  | 'masquerading'
  | 'cluster-ips-check';

const NAT_TARGETS: ReadonlySet<TargetName> = new Set(['services', 'masquerading']);

/** In the order in which kube-proxy makes them. */
const TARGETS: { readonly [N in TargetName]: Write } = {
  'nodeport-endpoints-check': ({ config, sets }) => [
    rule(undefined, ...nodePortMatches(config, sets.nodePortIPs).checked, verdictBy(PORT, sets.noEndpointNodePorts)),
  ],
  'service-endpoints-check': ({ sets }) => [rule(undefined, verdictBy(DESTINATION, sets.noEndpointServices))],
  'firewall-check': ({ sets }) => [rule(undefined, verdictBy(DESTINATION, sets.firewallIPs))],
  services: ({ config, parts, sets }) => [
    ...masqueradeClusterIPs(config, parts, sets.clusterIPs),
    rule(undefined, verdictBy(DESTINATION, sets.serviceIPs)),
    rule(undefined, ...nodePortMatches(config, sets.nodePortIPs).served, verdictBy(PORT, sets.serviceNodePorts)),
  ],
  masquerading: ({ config, sets }) => masqueradingRules(config, sets.hairpinConnections),
  'cluster-ips-check': ({ config, sets }) => clusterIPsCheckRules(config, sets.clusterIPs),
};

const TARGET_NAMES = Object.keys(TARGETS) as readonly TargetName[];

/** Base chains, then the others, in the order in which kube-proxy makes them. */
export function staticChains(config: NftablesConfig, parts: SharedParts, sets: NamedSets): readonly NftChain[] {
  const targets: TargetChain[] = [];
  const sources = { config, parts, sets, chainOf: (name: TargetName) => targets[TARGET_NAMES.indexOf(name)]! };
  for (const name of TARGET_NAMES) targets.push(new TargetChain(name, sources));
  return [...BASE_CHAINS.map((definition) => new BaseChain(definition, sources)), ...targets, parts.rejectChain];
}

function filterChain(
  name: string,
  hook: NftHook['hook'],
  priority: number,
  targets: readonly TargetName[],
): BaseDefinition {
  return { name, hook: { type: 'filter', hook, priority, policy: 'accept' }, targets };
}

function natChain(name: string, hook: NftHook['hook'], priority: number, target: TargetName): BaseDefinition {
  return { name, hook: { type: 'nat', hook, priority, policy: 'accept' }, targets: [target] };
}

/** Which destinations are the node's. At the input hook all are, but for what is addressed to loopback. */
function nodePortMatches({ family }: NftablesConfig, nodePortIPs: NftSet | undefined) {
  if (nodePortIPs !== undefined) {
    const isNodePortIP = [isIn(['daddr'], nodePortIPs)];
    return { checked: isNodePortIP, served: isNodePortIP };
  }
  const notLoopback = matches('daddr', family === 4 ? cidrOf('127.0.0.0/8') : addressOf('::1'), true);
  return { checked: [notLoopback], served: [fibLocal('daddr'), notLoopback] };
}

/** Whoever routes cluster IPs to a node from outside of the cluster must get its answers from that node. */
function masqueradeClusterIPs(config: NftablesConfig, { detector, setMark }: SharedParts, clusterIPs: NftSet) {
  const isClusterIP = isIn(['daddr'], clusterIPs);
  if (config.masqueradeAll) return [rule('masquerade all clusterIP traffic', isClusterIP, setMark)];
  if (detector === undefined) return [];
  return [rule('masquerade clusterIP traffic from outside cluster', isClusterIP, detector.ifNotLocal, setMark)];
}

/** Takes the mark off again, lest a packet that goes through the stack twice be masqueraded twice. */
function masqueradingRules({ masqueradeBit }: NftablesConfig, hairpinConnections: NftSet): readonly NftRule[] {
  const mark = 2 ** masqueradeBit;
  const masquerade: NftStatement = { statement: 'masquerade', fullyRandom: true };
  return [
    rule(
      undefined,
      { statement: 'mark', mask: mark, value: 0, inverted: true },
      { statement: 'set mark', operation: 'xor', value: mark },
      masquerade,
    ),
    rule(undefined, TRANSLATED, isIn(['saddr', 'daddr', 'l4proto', 'dport'], hairpinConnections), masquerade),
  ];
}

/** What still goes to a cluster IP after DNAT found no service port for it. */
function clusterIPsCheckRules({ serviceCidrs, family }: NftablesConfig, clusterIPs: NftSet): readonly NftRule[] {
  const ours = serviceCidrs.filter((cidr) => cidr.family === family);
  const reject = rule('Reject traffic to invalid ports of ClusterIPs', isIn(['daddr'], clusterIPs), REJECT);
  if (ours.length === 0) return [reject];
  return [reject, rule('Drop traffic to unallocated ClusterIPs', matchesAny('daddr', ours, ','), DROP)];
}
