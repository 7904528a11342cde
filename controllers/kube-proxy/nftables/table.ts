/**
 * A node's table as kube-proxy leaves it once it has synced. Nothing is written out: chains and elements are made when asked
 * for, and what other nodes and other versions of the table of Services have in common is shared.
 */
import {
  type FiledPort,
  type NftChain,
  type NftDatum,
  type NftElement,
  type NftSet,
  type NftTable,
  type NodeFacts,
  nftRuleset,
  type Ruleset,
  type ServiceTable,
} from '../../../src/dataplane/index.ts';
import type { Family } from '../../../src/model/index.ts';
import type { NftablesConfig } from './config.ts';
import { nodePortAddresses } from './node-addresses.ts';
import type { ServicePortRules } from './service-port-rules.ts';
import { AddressSet, HairpinSet, ServiceSet, type SetSource } from './sets.ts';
import { type NamedSets, staticChains } from './static-chains.ts';
import { type ProxiedNode, proxiedNode, type ServicePortWriter, servicePortWriter } from './writer.ts';

export const TABLE_NAME = 'kube-proxy';
const TABLE_COMMENT = 'rules for kube-proxy';

/** A table, and what one service port (of the same table of Services) has in it. */
export interface KubeProxyNftTable extends NftTable {
  /** those that are there whatever Services there are */
  readonly staticChains: readonly NftChain[];
  readonly staticSets: readonly NftSet[];
  /** nodeport-ips, where node ports answer on all addresses */
  readonly unusedSet: NftSet | undefined;
  readonly nodeName: string;
  rulesFor(filed: FiledPort): ServicePortRules;
}

class NodeTable implements KubeProxyNftTable, SetSource {
  readonly family: Family;
  readonly name = TABLE_NAME;
  readonly comment = TABLE_COMMENT;
  readonly services: ServiceTable;
  readonly nodeName: string;
  readonly staticChains: readonly NftChain[];
  readonly staticSets: readonly NftSet[];
  readonly unusedSet: NftSet | undefined;
  readonly #writer: ServicePortWriter;
  readonly #node: ProxiedNode;
  #chains: ReadonlyMap<string, NftChain> | undefined;
  #sets: ReadonlyMap<string, NftSet> | undefined;

  constructor(services: ServiceTable, facts: NodeFacts, config: NftablesConfig) {
    this.family = config.family;
    this.services = services;
    this.nodeName = facts.name;
    this.#writer = servicePortWriter(config, facts);
    this.#node = proxiedNode(facts, config);
    const sets = namedSets(this, this.#node, config);
    this.unusedSet = sets.nodePortIPs === undefined ? new AddressSet('nodeport-ips', this.family, []) : undefined;
    this.staticSets = Object.values(sets).filter((set: NftSet | undefined) => set !== undefined);
    this.staticChains = staticChains(config, this.#writer.parts, sets);
  }

  rulesFor(filed: FiledPort): ServicePortRules {
    return this.#writer.rulesFor(filed, this.#node);
  }

  baseChains(): readonly NftChain[] {
    return this.staticChains.filter(({ hook }) => hook !== undefined);
  }

  chains(): readonly NftChain[] {
    return [...this.#allChains().values()];
  }

  sets(): readonly NftSet[] {
    return [...this.#allSets().values()];
  }

  chain(name: string): NftChain | undefined {
    return this.staticChains.find((chain) => chain.name === name) ?? this.#allChains().get(name);
  }

  set(name: string): NftSet | undefined {
    return this.staticSets.find((set) => set.name === name) ?? this.#allSets().get(name);
  }

  #allChains(): ReadonlyMap<string, NftChain> {
    this.#chains ??= byName(
      this.staticChains,
      this.#ofServicePorts((rules) => rules.chains()),
    );
    return this.#chains;
  }

  #allSets(): ReadonlyMap<string, NftSet> {
    this.#sets ??= byName(
      this.staticSets,
      this.#ofServicePorts((rules) => rules.affinitySets),
    );
    return this.#sets;
  }

  #ofServicePorts<T>(part: (rules: ServicePortRules) => readonly T[]): readonly T[] {
    return this.services.ports(this.family).flatMap((filed) => part(this.rulesFor(filed)));
  }
}

/** In the order in which kube-proxy makes them. */
function namedSets(source: SetSource, node: ProxiedNode, config: NftablesConfig): NamedSets {
  const addresses = nodePortAddresses(node, config);
  return {
    hairpinConnections: new HairpinSet(source),
    clusterIPs: new ServiceSet('cluster-ips', source),
    nodePortIPs: addresses && new AddressSet('nodeport-ips', config.family, addresses),
    noEndpointServices: new ServiceSet('no-endpoint-services', source),
    noEndpointNodePorts: new ServiceSet('no-endpoint-nodeports', source),
    firewallIPs: new ServiceSet('firewall-ips', source),
    serviceIPs: new ServiceSet('service-ips', source),
    serviceNodePorts: new ServiceSet('service-nodeports', source),
  };
}

function byName<T extends { readonly name: string }>(
  fixed: readonly T[],
  others: readonly T[],
): ReadonlyMap<string, T> {
  const sorted = [...others].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return new Map([...fixed, ...sorted].map((each) => [each.name, each]));
}

interface CachedTable {
  readonly services: ServiceTable;
  readonly table: KubeProxyNftTable;
  readonly ruleset: Ruleset;
}

/** the last table asked for of each node: that of another version replaces it */
const tables = new WeakMap<NftablesConfig, WeakMap<NodeFacts, CachedTable>>();

/**
 * The table of `node`, as it is once its kube-proxy has synced this version of `services`. Cheap: a second call with the
 * same arguments returns the same value.
 */
export function kubeProxyNftTable(services: ServiceTable, node: NodeFacts, config: NftablesConfig): KubeProxyNftTable {
  return cachedTable(services, node, config).table;
}

/** The same as rules that a packet can walk. */
export function kubeProxyNftRuleset(services: ServiceTable, node: NodeFacts, config: NftablesConfig): Ruleset {
  return cachedTable(services, node, config).ruleset;
}

function cachedTable(services: ServiceTable, node: NodeFacts, config: NftablesConfig): CachedTable {
  let ofConfig = tables.get(config);
  if (ofConfig === undefined) {
    ofConfig = new WeakMap();
    tables.set(config, ofConfig);
  }
  const cached = ofConfig.get(node);
  if (cached !== undefined && cached.services === services) return cached;
  const table = new NodeTable(services, node, config);
  const made = { services, table, ruleset: { ...nftRuleset([table], config.family), kin: services } };
  ofConfig.set(node, made);
  return made;
}

/** What the kernel still has of earlier syncs. */
export interface Leftovers {
  /** chains that wait to be deleted: they are there, and empty */
  readonly staleChains: Iterable<string>;
  /** affinity sets as they were made: adding one that is there changes nothing of it, not its timeout either */
  readonly affinitySets: ReadonlyMap<string, NftSet>;
  /** an element as it was written, of which only the comment can be another */
  asWritten(set: NftSet, element: NftElement): NftElement;
}

class WrittenSet implements NftSet {
  readonly #set: NftSet;
  readonly #asWritten: Leftovers['asWritten'];

  constructor(set: NftSet, asWritten: Leftovers['asWritten']) {
    this.#set = set;
    this.#asWritten = asWritten;
  }

  get name(): string {
    return this.#set.name;
  }

  get kind(): NftSet['kind'] {
    return this.#set.kind;
  }

  get type(): NftSet['type'] {
    return this.#set.type;
  }

  get comment(): string {
    return this.#set.comment ?? '';
  }

  get elements(): readonly NftElement[] {
    return this.#set.elements.map((element) => this.#asWritten(this.#set, element));
  }

  find(key: readonly NftDatum[]): NftElement | undefined {
    return this.#set.find(key);
  }
}

export function withLeftovers(table: NftTable, leftovers: Leftovers): NftTable {
  const { staleChains, affinitySets } = leftovers;
  const stale = new Map([...staleChains].map((name): [string, NftChain] => [name, { name, rules: [] }]));
  const asWritten: Leftovers['asWritten'] = (set, element) => leftovers.asWritten(set, element);
  const made = (set: NftSet) =>
    affinitySets.get(set.name) ?? (set.kind === 'map' ? new WrittenSet(set, asWritten) : set);
  return {
    family: table.family,
    name: table.name,
    ...(table.comment === undefined ? {} : { comment: table.comment }),
    baseChains: () => table.baseChains(),
    sets: () => table.sets().map(made),
    chains: () => [...table.chains(), ...stale.values()],
    set: (name) => {
      const set = table.set(name);
      return set && made(set);
    },
    chain: (name) => table.chain(name) ?? stale.get(name),
  };
}
