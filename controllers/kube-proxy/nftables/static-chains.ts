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

/** Base chains, then the others, in the order in which kube-proxy makes them. */
export function staticChains(config: NftablesConfig, parts: SharedParts, sets: NamedSets): readonly NftChain[] {
  const chain = (name: string, ...rules: readonly NftRule[]): NftChain => ({ name, rules });
  const nodePort = nodePortMatches(config, sets.nodePortIPs);
  const nodePortsCheck = chain(
    'nodeport-endpoints-check',
    rule(undefined, ...nodePort.checked, verdictBy(PORT, sets.noEndpointNodePorts)),
  );
  const servicesCheck = chain(
    'service-endpoints-check',
    rule(undefined, verdictBy(DESTINATION, sets.noEndpointServices)),
  );
  const firewallCheck = chain('firewall-check', rule(undefined, verdictBy(DESTINATION, sets.firewallIPs)));
  const services = chain(
    'services',
    ...masqueradeClusterIPs(config, parts, sets.clusterIPs),
    rule(undefined, verdictBy(DESTINATION, sets.serviceIPs)),
    rule(undefined, ...nodePort.served, verdictBy(PORT, sets.serviceNodePorts)),
  );
  const masquerading = chain('masquerading', ...masqueradingRules(config, sets.hairpinConnections));
  const clusterIPsCheck = chain('cluster-ips-check', ...clusterIPsCheckRules(config, sets.clusterIPs));
  return [
    filterChain('filter-prerouting-pre-dnat', 'prerouting', BEFORE_DNAT, [firewallCheck]),
    filterChain('filter-output-pre-dnat', 'output', BEFORE_DNAT, [firewallCheck]),
    filterChain('filter-input', 'input', FILTER, [nodePortsCheck, servicesCheck]),
    filterChain('filter-forward', 'forward', FILTER, [servicesCheck, clusterIPsCheck]),
    filterChain('filter-output', 'output', FILTER, [servicesCheck, clusterIPsCheck]),
    natChain('nat-prerouting', 'prerouting', DNAT, services),
    natChain('nat-output', 'output', DNAT, services),
    natChain('nat-postrouting', 'postrouting', SNAT, masquerading),
    nodePortsCheck,
    servicesCheck,
    firewallCheck,
    services,
    masquerading,
    clusterIPsCheck,
    parts.rejectChain,
  ];
}

function filterChain(name: string, hook: NftHook['hook'], priority: number, targets: readonly NftChain[]): NftChain {
  const rules = targets.map((target) => rule(undefined, NEW, jump(target)));
  return { name, hook: { type: 'filter', hook, priority, policy: 'accept' }, rules };
}

function natChain(name: string, hook: NftHook['hook'], priority: number, target: NftChain): NftChain {
  return { name, hook: { type: 'nat', hook, priority, policy: 'accept' }, rules: [rule(undefined, jump(target))] };
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
