/**
 * Writes what service ports have in a table, once for all nodes and versions of the table of Services that would write the same.
 */
import type { FiledPort, NodeFacts, ServiceEndpoint, ServicePortRecord } from '../../../src/dataplane/index.ts';
import { type Address, type Cidr, contains, familyOf } from '../../../src/model/index.ts';
import { categorizeEndpoints, dependsOnNode } from '../topology.ts';
import type { NftablesConfig } from './config.ts';
import { ServicePortRules } from './service-port-rules.ts';
import { type SharedParts, sharedParts } from './shared-parts.ts';

/** A node as its kube-proxy sees it. */
export interface ProxiedNode {
  readonly facts: NodeFacts;
  /** its first address of the family, unless it is told another: what source ranges are held against */
  readonly nodeIP: Address | undefined;
}

export function proxiedNode(facts: NodeFacts, config: NftablesConfig): ProxiedNode {
  const nodeIP = config.bindAddress ?? facts.addresses.find((address) => familyOf(address) === config.family);
  return { facts, nodeIP };
}

/** What one writer has made of one service port. */
class Variants {
  readonly writer: ServicePortWriter;
  /** rules that every node shares */
  readonly shared: ServicePortRules | undefined;
  readonly byNode = new WeakMap<NodeFacts, ServicePortRules>();
  /** the same rules for all nodes that come to the same endpoints */
  readonly bySignature = new Map<string, ServicePortRules>();

  constructor(writer: ServicePortWriter, shared: ServicePortRules | undefined) {
    this.writer = writer;
    this.shared = shared;
  }
}

export class ServicePortWriter {
  readonly parts: SharedParts;
  /** for service ports whose memo another writer has taken since */
  readonly #variants = new WeakMap<ServicePortRecord, Variants>();

  constructor(config: NftablesConfig, podCidr: Cidr | undefined) {
    this.parts = sharedParts(config, podCidr);
  }

  rulesFor(filed: FiledPort, node: ProxiedNode): ServicePortRules {
    const { memo } = filed;
    const variants = memo instanceof Variants && memo.writer === this ? memo : this.#variantsOf(filed, node);
    return variants.shared ?? variants.byNode.get(node.facts) ?? this.#rulesForNode(variants, filed.port, node);
  }

  #variantsOf(filed: FiledPort, node: ProxiedNode): Variants {
    const { port } = filed;
    let variants = this.#variants.get(port);
    if (variants === undefined) {
      const differs = dependsOnNode(port) || port.loadBalancerSourceRanges.length > 0;
      variants = new Variants(this, differs ? undefined : this.#write(port, node.facts, false));
      this.#variants.set(port, variants);
    }
    filed.memo = variants;
    return variants;
  }

  #write(port: ServicePortRecord, facts: NodeFacts, nodeAllowed: boolean): ServicePortRules {
    return new ServicePortRules(this.parts, port, categorizeEndpoints(port, facts), nodeAllowed);
  }

  #rulesForNode(variants: Variants, port: ServicePortRecord, { facts, nodeIP }: ProxiedNode): ServicePortRules {
    const endpoints = categorizeEndpoints(port, facts);
    const nodeAllowed = nodeIP !== undefined && port.loadBalancerSourceRanges.some((range) => contains(range, nodeIP));
    const signature = `${positions(port, endpoints.cluster)}/${positions(port, endpoints.local)}/${nodeAllowed}`;
    let rules = variants.bySignature.get(signature);
    if (rules === undefined) {
      rules = new ServicePortRules(this.parts, port, endpoints, nodeAllowed);
      variants.bySignature.set(signature, rules);
    }
    variants.byNode.set(facts, rules);
    return rules;
  }
}

function positions(port: ServicePortRecord, endpoints: readonly ServiceEndpoint[] | undefined): string {
  if (endpoints === undefined) return '';
  const chosen = new Set(endpoints);
  return port.endpoints.flatMap((endpoint, i) => (chosen.has(endpoint) ? [i] : [])).join(',');
}

const writers = new WeakMap<NftablesConfig, Map<string, ServicePortWriter>>();

/** The writer for a node: nodes share one, unless each detects pods by a CIDR of its own. */
export function servicePortWriter(config: NftablesConfig, node: NodeFacts): ServicePortWriter {
  const ofFamily = ({ family }: Cidr) => family === config.family;
  const podCidr = config.localDetector.mode === 'NodeCIDR' ? node.podCidrs.find(ofFamily) : undefined;
  const key = `${podCidr?.network}/${podCidr?.prefixLength}`;
  let ofConfig = writers.get(config);
  if (ofConfig === undefined) {
    ofConfig = new Map();
    writers.set(config, ofConfig);
  }
  let writer = ofConfig.get(key);
  if (writer === undefined) {
    writer = new ServicePortWriter(config, podCidr);
    ofConfig.set(key, writer);
  }
  return writer;
}
