/**
 * All that one service port has in one node's table.
 *
 * ```text
 *   @service-ips        cluster IP ─────────────────────► service-… (internal policy Local: local-…) ─► DNAT
 *                       external IP, load balancer VIP ─► external-… ─► service-… or local-…
 *   @service-nodeports  node port ──────────────────────► external-…
 *   @firewall-ips       load balancer VIP ──────────────► firewall-…: drop all but the source ranges
 *   @no-endpoint-…      whatever leads to no endpoint ──► reject-chain or drop
 * ```
 * Source: kubernetes pkg/proxy/nftables/proxier.go (syncProxyRules).
 */
import type {
  NftChain,
  NftDatum,
  NftElement,
  NftMember,
  NftRule,
  NftSet,
  NftVerdict,
  ServicePortRecord,
} from '../../../src/dataplane/index.ts';
import type { Address } from '../../../src/model/index.ts';
import type { CategorizedEndpoints } from '../topology.ts';
import { isExternallyAccessible } from '../topology.ts';
import { endpointParts, loadBalancingRules } from './endpoint-rules.ts';
import { type ServiceChainPrefix, servicePortNameBase } from './names.ts';
import type { SharedParts } from './shared-parts.ts';
import { DROP, doing, fibLocal, goTo, LazyChain, matchesAny, rule } from './statement.ts';

/** Sets and maps that service ports put elements into. */
export type SetName =
  | 'cluster-ips'
  | 'service-ips'
  | 'service-nodeports'
  | 'no-endpoint-services'
  | 'no-endpoint-nodeports'
  | 'firewall-ips';

export interface PlacedElement {
  readonly set: SetName;
  readonly element: NftElement;
}

export class ServicePortRules {
  readonly port: ServicePortRecord;
  readonly endpoints: CategorizedEndpoints;
  /** service-…; undefined where it is not written. So are the others */
  readonly clusterChain: NftChain | undefined;
  readonly localChain: NftChain | undefined;
  readonly externalChain: NftChain | undefined;
  readonly firewallChain: NftChain | undefined;
  /** with affinity, one for each endpoint that this node reaches */
  readonly endpointChains: readonly NftChain[];
  readonly affinitySets: readonly NftSet[];
  readonly #parts: SharedParts;
  readonly #nodeAllowed: boolean;
  #nameBase: string | undefined;
  #elements: readonly PlacedElement[] | undefined;
  readonly #bySet = new Map<SetName, readonly NftElement[]>();

  /** `nodeAllowed`: whether the source ranges hold the node's own address */
  constructor(parts: SharedParts, port: ServicePortRecord, endpoints: CategorizedEndpoints, nodeAllowed: boolean) {
    this.#parts = parts;
    this.#nodeAllowed = nodeAllowed;
    this.port = port;
    this.endpoints = endpoints;
    const { cluster = [], local = [], allReachable = [] } = endpoints;
    const perEndpoint = endpointParts(parts, port, allReachable);
    this.endpointChains = perEndpoint.chains;
    this.affinitySets = perEndpoint.sets;
    const towards = (chosen: typeof cluster) => () => loadBalancingRules(port, chosen, perEndpoint);
    this.clusterChain = this.#chain('service-', cluster.length > 0, towards(cluster));
    this.localChain = this.#chain('local-', local.length > 0, towards(local));
    const isReachable = endpoints.hasAnyEndpoints && isExternallyAccessible(port);
    this.externalChain = this.#chain('external-', isReachable, () => this.#externalRules());
    const isGuarded = port.loadBalancerVIPs.length > 0 && port.loadBalancerSourceRanges.length > 0;
    this.firewallChain = this.#chain('firewall-', isGuarded, () => this.#firewallRules());
  }

  chains(): readonly NftChain[] {
    const own = [this.clusterChain, this.localChain, this.externalChain, this.firewallChain];
    return [...this.endpointChains, ...own.filter((chain) => chain !== undefined)];
  }

  /** in sets and maps that service ports share, but for hairpin-connections: those differ from node to node */
  get elements(): readonly PlacedElement[] {
    this.#elements ??= [...this.#writeElements()];
    return this.#elements;
  }

  elementsIn(set: SetName): readonly NftElement[] {
    let elements = this.#bySet.get(set);
    if (elements === undefined) {
      elements = this.elements.filter((placed) => placed.set === set).map(({ element }) => element);
      this.#bySet.set(set, elements);
    }
    return elements;
  }

  #chain(prefix: ServiceChainPrefix, exists: boolean, makeRules: () => readonly NftRule[]): NftChain | undefined {
    return exists ? new LazyChain(() => prefix + this.#base(), makeRules) : undefined;
  }

  #base(): string {
    this.#nameBase ??= servicePortNameBase(this.port);
    return this.#nameBase;
  }

  get #internalChain(): NftChain | undefined {
    return this.port.internalPolicyLocal ? this.localChain : this.clusterChain;
  }

  get #externalPolicyChain(): NftChain | undefined {
    return this.port.externalPolicyLocal ? this.localChain : this.clusterChain;
  }

  #externalRules(): readonly NftRule[] {
    const { setMark, detector } = this.#parts;
    const onwards = this.#externalPolicyChain;
    const rest = onwards === undefined ? [] : [rule(undefined, doing(goTo(onwards)))];
    // Endpoints of other nodes can only answer this one.
    if (!this.port.externalPolicyLocal) return [rule('masquerade', setMark), ...rest];
    const everywhere = this.clusterChain === undefined ? undefined : doing(goTo(this.clusterChain));
    // Pods and the node itself are not subject to the policy: as if they had gone out to a load balancer and come back.
    return [
      ...(detector === undefined ? [] : [rule('short-circuit pod traffic', detector.ifLocal, everywhere)]),
      rule('masquerade local traffic', fibLocal('saddr'), setMark),
      rule('short-circuit local traffic', fibLocal('saddr'), everywhere),
      ...rest,
    ];
  }

  /** A node that reaches a VIP has it for a source, where the VIP is one of its own addresses. */
  #firewallRules(): readonly NftRule[] {
    const { loadBalancerSourceRanges, loadBalancerVIPs } = this.port;
    const sources: readonly NftMember[] = [...loadBalancerSourceRanges, ...(this.#nodeAllowed ? loadBalancerVIPs : [])];
    return [rule(undefined, matchesAny('saddr', sources, ' , ', true), DROP)];
  }

  /** Rejecting tells a client that nobody serves; dropping, that others might, but not by this way. */
  get #refusal(): NftVerdict {
    return this.endpoints.hasAnyEndpoints ? { verdict: 'drop' } : goTo(this.#parts.rejectChain);
  }

  *#writeElements(): Iterable<PlacedElement> {
    const { clusterIP, externalIPs, loadBalancerVIPs, nodePort, protocol } = this.port;
    yield { set: 'cluster-ips', element: { key: [clusterIP] } };
    const internal = this.#internalChain;
    if (internal === undefined) yield this.#refused('no-endpoint-services', this.#keyAt(clusterIP));
    else yield { set: 'service-ips', element: { key: this.#keyAt(clusterIP), verdict: goTo(internal) } };
    for (const address of [...externalIPs, ...loadBalancerVIPs])
      yield* this.#external('service-ips', 'no-endpoint-services', this.#keyAt(address));
    if (this.firewallChain !== undefined)
      for (const address of loadBalancerVIPs)
        yield { set: 'firewall-ips', element: { key: this.#keyAt(address), verdict: goTo(this.firewallChain) } };
    if (nodePort !== 0) yield* this.#external('service-nodeports', 'no-endpoint-nodeports', [protocol, nodePort]);
  }

  #keyAt(address: Address): readonly NftDatum[] {
    return [address, this.port.protocol, this.port.port];
  }

  /** Both, where only pods and the node get through: what they do not take is dropped later. */
  *#external(
    served: SetName,
    refused: 'no-endpoint-services' | 'no-endpoint-nodeports',
    key: readonly NftDatum[],
  ): Iterable<PlacedElement> {
    if (this.externalChain !== undefined) yield { set: served, element: { key, verdict: goTo(this.externalChain) } };
    if (this.#externalPolicyChain === undefined) yield this.#refused(refused, key);
  }

  #refused(set: 'no-endpoint-services' | 'no-endpoint-nodeports', key: readonly NftDatum[]): PlacedElement {
    return { set, element: { key, comment: this.port.name, verdict: this.#refusal } };
  }
}
