/**
 * Writes the rules of service ports, once for all nodes and versions of the table that would write the same.
 *
 * ```text
 *   KubeProxyConfig ──► ChainWriter (per detector, with or without comments)
 *                          └─ ServicePortRecord ──► ServicePortRules: plain, or one for each way nodes differ
 *                                └─ ServiceEndpoint ──► KUBE-SEP chain
 * ```
 */
import type {
  Chain,
  FiledPort,
  Match,
  NodeFacts,
  ServiceEndpoint,
  ServicePortRecord,
} from '../../../src/dataplane/index.ts';
import { type Address, type Cidr, contains, familyOf } from '../../../src/model/index.ts';
import type { KubeProxyConfig } from '../config.ts';
import { type CategorizedEndpoints, categorizeEndpoints, dependsOnNode } from '../topology.ts';
import { endpointChain } from './endpoint-rules.ts';
import { inInterface, source } from './rule.ts';
import { ServicePortRules } from './service-port-rules.ts';
import { type StaticChains, staticChains } from './static-chains.ts';

/** What the local detector matches: packets from pods, and all others. */
export interface DetectorMatches {
  readonly ifLocal: Match;
  readonly ifNotLocal: Match;
}

/** A node as the rules see it. */
export interface ProxiedNode {
  readonly facts: NodeFacts;
  /** what source ranges are held against to let the node itself through */
  readonly nodeIP: Address | undefined;
}

/** What one writer has made of one service port. */
class Variants {
  readonly writer: ChainWriter;
  /** rules that every node shares */
  readonly shared: ServicePortRules | undefined;
  readonly byNode = new WeakMap<NodeFacts, ServicePortRules>();
  /** the same rules for all nodes that come to the same endpoints */
  readonly bySignature = new Map<string, ServicePortRules>();

  constructor(writer: ChainWriter, shared: ServicePortRules | undefined) {
    this.writer = writer;
    this.shared = shared;
  }
}

interface CachedEndpointChain {
  readonly affinity: boolean;
  readonly chain: Chain;
}

export class ChainWriter {
  readonly config: KubeProxyConfig;
  readonly static: StaticChains;
  readonly detector: DetectorMatches | undefined;
  /** whether rules for endpoints carry comments: not in large clusters */
  readonly comments: boolean;
  /** for service ports whose memo another writer has taken since */
  readonly #variants = new WeakMap<ServicePortRecord, Variants>();
  readonly #endpointChains = new WeakMap<ServiceEndpoint, CachedEndpointChain>();

  constructor(config: KubeProxyConfig, podCidr: Cidr | undefined, comments: boolean) {
    this.config = config;
    this.static = staticChains(config);
    this.detector = detectorMatches(config, podCidr);
    this.comments = comments;
  }

  rulesFor(filed: FiledPort, node: ProxiedNode): ServicePortRules {
    const variants = this.#variantsOf(filed, node);
    return variants.shared ?? variants.byNode.get(node.facts) ?? this.#rulesForNode(variants, filed.port, node);
  }

  /** Whether every node that has this writer has the same rules for the service port. */
  isShared(filed: FiledPort, node: ProxiedNode): boolean {
    return this.#variantsOf(filed, node).shared !== undefined;
  }

  /** An endpoint's chain: made once for as long as the endpoint stays as it is, whatever becomes of the others. */
  endpointChain(port: ServicePortRecord, endpoint: ServiceEndpoint): Chain {
    const affinity = port.affinitySeconds > 0;
    const cached = this.#endpointChains.get(endpoint);
    if (cached !== undefined && cached.affinity === affinity) return cached.chain;
    const chain = endpointChain(port, endpoint, this.static.markMasquerade, this.comments);
    this.#endpointChains.set(endpoint, { affinity, chain });
    return chain;
  }

  #variantsOf(filed: FiledPort, node: ProxiedNode): Variants {
    const { memo, port } = filed;
    if (memo instanceof Variants && memo.writer === this) return memo;
    let variants = this.#variants.get(port);
    if (variants === undefined) {
      const differs = dependsOnNode(port) || port.loadBalancerSourceRanges.length > 0;
      const shared = differs ? undefined : this.#write(port, categorizeEndpoints(port, node.facts), false);
      variants = new Variants(this, shared);
      this.#variants.set(port, variants);
    }
    filed.memo = variants;
    return variants;
  }

  #rulesForNode(variants: Variants, port: ServicePortRecord, { facts, nodeIP }: ProxiedNode): ServicePortRules {
    const endpoints = categorizeEndpoints(port, facts);
    const { loadBalancerSourceRanges } = port;
    const nodeAllowed = nodeIP !== undefined && loadBalancerSourceRanges.some((range) => contains(range, nodeIP));
    const signature = `${positions(port, endpoints.cluster)}/${positions(port, endpoints.local)}/${nodeAllowed}`;
    let rules = variants.bySignature.get(signature);
    if (rules === undefined) {
      rules = this.#write(port, endpoints, nodeAllowed);
      variants.bySignature.set(signature, rules);
    }
    variants.byNode.set(facts, rules);
    return rules;
  }

  #write(port: ServicePortRecord, endpoints: CategorizedEndpoints, nodeAllowed: boolean): ServicePortRules {
    return new ServicePortRules(this, port, endpoints, nodeAllowed);
  }
}

function positions(port: ServicePortRecord, endpoints: readonly ServiceEndpoint[] | undefined): string {
  if (endpoints === undefined) return '';
  const chosen = new Set(endpoints);
  return port.endpoints.flatMap((endpoint, i) => (chosen.has(endpoint) ? [i] : [])).join(',');
}

/** What tells pods of the cluster from the rest in iptables' words; undefined where nothing does. */
export function detectorMatches(
  config: Pick<KubeProxyConfig, 'localDetector' | 'family'>,
  podCidr: Cidr | undefined,
): DetectorMatches | undefined {
  const { localDetector } = config;
  switch (localDetector.mode) {
    case 'ClusterCIDR':
      return byAddress(localDetector.cidr.family === config.family ? localDetector.cidr : undefined);
    case 'NodeCIDR':
      return byAddress(podCidr);
    case 'BridgeInterface':
      return byInterface(localDetector.name);
    case 'InterfaceNamePrefix':
      return byInterface(`${localDetector.prefix}+`);
    case 'none':
      return undefined;
    default:
      return localDetector satisfies never;
  }
}

function byAddress(cidr: Cidr | undefined): DetectorMatches | undefined {
  return cidr === undefined ? undefined : { ifLocal: source(cidr), ifNotLocal: source(cidr, true) };
}

function byInterface(name: string): DetectorMatches {
  return { ifLocal: inInterface(name), ifNotLocal: inInterface(name, true) };
}

const writers = new WeakMap<KubeProxyConfig, Map<string, ChainWriter>>();

/** The writer for a node: nodes share one, unless each detects pods by a CIDR of its own. */
export function chainWriter(config: KubeProxyConfig, node: NodeFacts, comments: boolean): ChainWriter {
  const ofFamily = ({ family }: Cidr) => family === config.family;
  const podCidr = config.localDetector.mode === 'NodeCIDR' ? node.podCidrs.find(ofFamily) : undefined;
  const key = `${comments}/${podCidr?.network}/${podCidr?.prefixLength}`;
  let ofConfig = writers.get(config);
  if (ofConfig === undefined) {
    ofConfig = new Map();
    writers.set(config, ofConfig);
  }
  let writer = ofConfig.get(key);
  if (writer === undefined) {
    writer = new ChainWriter(config, podCidr, comments);
    ofConfig.set(key, writer);
  }
  return writer;
}

/** The node as its kube-proxy sees it: `nodeIP` is its first address of the family, unless it is told another. */
export function proxiedNode(facts: NodeFacts, config: KubeProxyConfig): ProxiedNode {
  const nodeIP = config.bindAddress ?? facts.addresses.find((address) => familyOf(address) === config.family);
  return { facts, nodeIP };
}
