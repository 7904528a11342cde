/**
 * A node's iptables as kube-proxy leaves them after a full sync. Nothing is written out: chains are made when asked for, and
 * what other nodes and other versions of the table have in common is shared.
 */
import {
  type Chain,
  type FiledPort,
  type NodeFacts,
  type Rule,
  type Ruleset,
  type ServiceTable,
  STATE_NEW,
  type Table,
} from '../../../src/dataplane/index.ts';
import { type Address, cidrOf, contains, type Family, familyOf, type TableName } from '../../../src/model/index.ts';
import type { KubeProxyConfig } from '../config.ts';
import { baseChains, ChainTable } from './chain-table.ts';
import { AddressDispatch, type DispatchSource, ExternalDispatch, NodePortDispatch } from './dispatch.ts';
import { addressTypeLocal, comment, connectionState, destination, fixedChain, jumpTo, NO_RULES, rule } from './rule.ts';
import type { ServicePortRules } from './service-port-rules.ts';
import { LOOPBACK } from './static-chains.ts';
import { type ChainWriter, chainWriter, type ProxiedNode, proxiedNode } from './writer.ts';

const LOOPBACK_IPV6 = cidrOf('::1/128');
const CANARY = fixedChain('KUBE-PROXY-CANARY', NO_RULES);
const NODE_PORTS_COMMENT = 'kubernetes service nodeports; NOTE: this must be the last rule in this chain';

const NO_CHAINS: readonly Chain[] = [];

/** The node's addresses that answer node ports, in no order of kube-proxy's own (a Go map): loopback first, then the node's. */
function nodePortAddresses(config: KubeProxyConfig, node: NodeFacts): readonly Address[] {
  const loopback = config.family === 4 ? [(127 * 2 ** 24 + 1) as Address] : [];
  // Localhost is left out where node ports cannot work on it: always for IPv6.
  const allowed = config.family === 4 && config.localhostNodePorts ? loopback : [];
  const own = node.addresses.filter((address) => familyOf(address) === config.family && !isLoopback(address));
  return [...allowed, ...own].filter((address) => config.nodePortAddresses.some((cidr) => contains(cidr, address)));
}

function isLoopback(address: Address): boolean {
  return contains(LOOPBACK, address) || contains(LOOPBACK_IPV6, address);
}

/** The end of nat KUBE-SERVICES: what is meant for the node itself goes on to KUBE-NODEPORTS. */
function nodePortJumps(config: KubeProxyConfig, node: NodeFacts, nodePorts: Chain): readonly Rule[] {
  const said = comment(NODE_PORTS_COMMENT);
  const everywhere = config.nodePortAddresses.length === 0 || config.nodePortAddresses.some(isEveryAddress);
  if (!everywhere)
    return nodePortAddresses(config, node).map((address) => rule(jumpTo(nodePorts), said, destination(address)));
  const local = addressTypeLocal('destination');
  if (config.family === 6) return [rule(jumpTo(nodePorts), said, local, destination(LOOPBACK_IPV6, true))];
  if (config.localhostNodePorts) return [rule(jumpTo(nodePorts), said, local)];
  return [rule(jumpTo(nodePorts), said, local, destination(LOOPBACK, true))];
}

function isEveryAddress({ prefixLength }: { readonly prefixLength: number }): boolean {
  return prefixLength === 0;
}

/** Jumps as they are after kube-proxy has put each before the last: kubernetes pkg/proxy/iptables, iptablesJumpChains. */
const newConnection = connectionState(STATE_NEW);
const loadBalancerFirewall = (chain: Chain) =>
  rule(jumpTo(chain), newConnection, comment('kubernetes load balancer firewall'));
const portals = (chain: Chain) => rule(jumpTo(chain), newConnection, comment('kubernetes service portals'));
const externalPortals = (chain: Chain) =>
  rule(jumpTo(chain), newConnection, comment('kubernetes externally-visible service portals'));

const MANGLE = new ChainTable('mangle', baseChains('mangle', {}), [CANARY], () => NO_CHAINS);

/** A ruleset, and what one service port (of the same table) has in it. */
export interface KubeProxyRuleset extends Ruleset {
  readonly family: Family;
  rulesFor(filed: FiledPort): ServicePortRules;
}

/** The chains of one node and one version of the table, linked. */
class NodeRuleset implements KubeProxyRuleset, DispatchSource {
  readonly services: ServiceTable;
  readonly family: Family;
  readonly #writer: ChainWriter;
  readonly #node: ProxiedNode;
  readonly #canary: readonly Chain[];
  readonly shared: DispatchSource['shared'];
  #natTable: Table | undefined;
  #filterTable: Table | undefined;

  constructor(services: ServiceTable, facts: NodeFacts, config: KubeProxyConfig) {
    const comments = services.endpointCount(config.family) <= config.largeClusterEndpointsThreshold;
    this.services = services;
    this.family = config.family;
    this.#writer = chainWriter(config, facts, comments);
    this.#node = proxiedNode(facts, config);
    this.shared = sharedCandidates(services, this.#writer);
    this.#canary = config.canary ? [CANARY] : [];
  }

  /** kube-proxy keeps nothing in mangle but its canary */
  table(name: TableName): Table | undefined {
    switch (name) {
      case 'nat':
        this.#natTable ??= this.#nat();
        return this.#natTable;
      case 'filter':
        this.#filterTable ??= this.#filter();
        return this.#filterTable;
      case 'mangle':
        return this.#canary.length > 0 ? MANGLE : undefined;
      case 'raw':
        return undefined;
      default:
        return name satisfies never;
    }
  }

  rulesFor(filed: FiledPort): ServicePortRules {
    return this.#writer.rulesFor(filed, this.#node);
  }

  isShared(filed: FiledPort): boolean {
    return this.#writer.isShared(filed, this.#node);
  }

  get kin(): object {
    return this.services;
  }

  #nat(): Table {
    const { markMasquerade, postrouting, toPostrouting } = this.#writer.static;
    const nodePorts = new NodePortDispatch('KUBE-NODEPORTS', this, 'natNodePorts');
    const tail = nodePortJumps(this.#writer.config, this.#node.facts, nodePorts);
    const services = new AddressDispatch('KUBE-SERVICES', this, 'natServices', tail);
    const toPortals = [rule(jumpTo(services), comment('kubernetes service portals'))];
    const base = baseChains('nat', {
      PREROUTING: toPortals,
      OUTPUT: toPortals,
      POSTROUTING: [toPostrouting],
    });
    const others = [services, nodePorts, postrouting, markMasquerade, ...this.#canary];
    return new ChainTable('nat', base, others, () => this.#serviceChains());
  }

  #filter(): Table {
    const { forward, firewall, toForward, toFirewall } = this.#writer.static;
    const services = new AddressDispatch('KUBE-SERVICES', this, 'filterServices');
    const external = new ExternalDispatch('KUBE-EXTERNAL-SERVICES', this);
    const nodePorts = new NodePortDispatch('KUBE-NODEPORTS', this, 'filterNodePorts');
    const proxyFirewall = new AddressDispatch('KUBE-PROXY-FIREWALL', this, 'proxyFirewall');
    // One rule wherever it is the same: what a walk makes of it is made once.
    const toProxyFirewall = loadBalancerFirewall(proxyFirewall);
    const toPortals = portals(services);
    const toExternal = externalPortals(external);
    const toNodePorts = rule(jumpTo(nodePorts), comment('kubernetes health check service ports'));
    const base = baseChains('filter', {
      INPUT: [toFirewall, toProxyFirewall, toNodePorts, toExternal],
      FORWARD: [toProxyFirewall, toForward, toPortals, toExternal],
      // What the node itself sends to an external IP without endpoints is not refused: it goes out.
      OUTPUT: [toFirewall, toProxyFirewall, toPortals],
    });
    const others = [services, external, forward, nodePorts, proxyFirewall, firewall, ...this.#canary];
    return new ChainTable('filter', base, others, () => NO_CHAINS);
  }

  #serviceChains(): readonly Chain[] {
    return this.services.ports(this.family).flatMap((port) => this.rulesFor(port).chains());
  }
}

const candidates = new WeakMap<ServiceTable, WeakMap<ChainWriter, DispatchSource['shared']>>();

/** What nodes with the same writer share of the dispatch chains of a version of the table. */
function sharedCandidates(services: ServiceTable, writer: ChainWriter): DispatchSource['shared'] {
  let byWriter = candidates.get(services);
  if (byWriter === undefined) candidates.set(services, (byWriter = new WeakMap()));
  let shared = byWriter.get(writer);
  if (shared === undefined) byWriter.set(writer, (shared = new Map()));
  return shared;
}

interface CachedRuleset {
  readonly services: ServiceTable;
  readonly ruleset: KubeProxyRuleset;
}

/** the last ruleset asked for of each node: that of another version replaces it */
const rulesets = new WeakMap<KubeProxyConfig, WeakMap<NodeFacts, CachedRuleset>>();

/**
 * The tables of `node`, as they are once its kube-proxy has synced this version of `services` in full. Cheap: chains are
 * made when asked for, and a second call with the same arguments returns the same value.
 */
export function kubeProxyRuleset(services: ServiceTable, node: NodeFacts, config: KubeProxyConfig): KubeProxyRuleset {
  let ofConfig = rulesets.get(config);
  if (ofConfig === undefined) {
    ofConfig = new WeakMap();
    rulesets.set(config, ofConfig);
  }
  const cached = ofConfig.get(node);
  if (cached !== undefined && cached.services === services) return cached.ruleset;
  const ruleset = new NodeRuleset(services, node, config);
  ofConfig.set(node, { services, ruleset });
  return ruleset;
}
