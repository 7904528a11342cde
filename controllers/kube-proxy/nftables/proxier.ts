/**
 * kube-proxy's syncs on one node: which nft transactions it runs as Services change.
 *
 * ```text
 *   sync ─┬─► delete the chains that have been unused for more than a second
 *         └─► first sync, or full: tables, base chains, sets anew
 *             changed Services: their chains flushed and filled, their elements as far as they differ
 *             chains that nothing uses any more: flushed; affinity sets: deleted
 * ```
 * A chain is not deleted where it goes out of use: kernels before 6.2 still count the map element that led to it.
 * Source: kubernetes pkg/proxy/nftables/proxier.go (syncProxyRules).
 */
import type { FiledPort, NftCommand, NftSet, NftTable, NodeFacts, ServiceTable } from '../../../src/dataplane/index.ts';
import { familyOf, type Moment } from '../../../src/model/index.ts';
import type { NftablesConfig } from './config.ts';
import { ElementLedger } from './element-ledger.ts';
import { isAffinitySetName, isServiceChainName } from './names.ts';
import type { PlacedElement } from './service-port-rules.ts';
import { hairpinElements } from './sets.ts';
import { tableSetup } from './setup.ts';
import { type KubeProxyNftTable, kubeProxyNftTable, withLeftovers } from './table.ts';

/** How long a chain must have been unused to be deleted. */
const STALE_AFTER_MS = 1000;
/** Later than any sync, so that nothing is deleted before it was flushed. */
const NOT_FLUSHED: Moment = Number.POSITIVE_INFINITY;

/** Commands that nft carries out all or none. */
export type NftTransaction = readonly NftCommand[];

export interface SyncRequest {
  readonly services: ServiceTable;
  readonly node: NodeFacts;
  /** keys of the Services that changed, or whose endpoints did, since the last sync; for a full one, of no account */
  readonly changed: Iterable<string>;
  readonly at: Moment;
  /** whether to write all again: at the first sync, and when `node` is another value than before, it is done anyway */
  readonly full?: boolean;
}

/** What a service port has in the table, by name. */
interface WrittenPort {
  readonly filed: FiledPort;
  readonly chains: readonly string[];
  readonly affinitySets: readonly NftSet[];
  readonly elements: readonly (Pick<PlacedElement, 'element'> & { readonly set: NftSet })[];
}

export class NftablesProxier {
  readonly #config: NftablesConfig;
  readonly #ledger = new ElementLedger();
  readonly #written = new Map<string, readonly WrittenPort[]>();
  /** chains in the kernel that no service port uses, and when they were last flushed */
  readonly #staleChains = new Map<string, Moment>();
  /** affinity sets in the kernel, as they were made */
  readonly #affinitySets = new Map<string, NftSet>();
  /** those of them that no service port uses: none between syncs */
  readonly #staleSets = new Map<string, NftSet>();
  #node: NodeFacts | undefined;
  #table: KubeProxyNftTable | undefined;

  /** `found`: the table as an earlier kube-proxy left it */
  constructor(config: NftablesConfig, found?: NftTable) {
    this.#config = config;
    if (found === undefined) return;
    // An earlier one's chains and sets are stale until a service port wants them.
    for (const { name } of found.chains()) if (isServiceChainName(name)) this.#staleChains.set(name, NOT_FLUSHED);
    for (const set of found.sets()) {
      if (isAffinitySetName(set.name)) {
        this.#affinitySets.set(set.name, set);
        this.#staleSets.set(set.name, set);
      } else if (set.name !== 'nodeport-ips') for (const element of set.elements) this.#ledger.found(set, element);
    }
  }

  /** The chains that wait to be deleted, with the time at which they were last flushed. */
  get staleChains(): ReadonlyMap<string, Moment> {
    return this.#staleChains;
  }

  /** What the kernel has after the last sync; undefined before the first. */
  get table(): NftTable | undefined {
    return (
      this.#table &&
      withLeftovers(this.#table, {
        staleChains: this.#staleChains.keys(),
        affinitySets: this.#affinitySets,
        asWritten: (set, element) => this.#ledger.asWritten(set, element),
      })
    );
  }

  /** In the order in which they are run. The last is the sync itself; it may have no commands. */
  sync({ services, node, changed, at, full = false }: SyncRequest): readonly NftTransaction[] {
    const table = kubeProxyNftTable(services, node, this.#config);
    const isFirst = this.#node === undefined;
    const isFull = full || this.#node !== node;
    this.#node = node;
    this.#table = table;
    const cleanUp = this.#deleteStaleChains(at);
    const commands: NftCommand[] = isFull ? [...tableSetup(table, isFirst)] : [];
    const keys = isFull ? this.#allKeys(services) : new Set(changed);
    for (const key of keys) this.#release(key);
    for (const key of keys) commands.push(...this.#write(key, services, table));
    commands.push(...this.#ledger.changes(), ...this.#flushStaleChains(at), ...this.#deleteStaleSets());
    return cleanUp.length === 0 ? [commands] : [cleanUp, commands];
  }

  #allKeys(services: ServiceTable): ReadonlySet<string> {
    const keys = [...services.records()].map(({ key }) => key).sort();
    return new Set([...this.#written.keys(), ...keys]);
  }

  #deleteStaleChains(at: Moment): NftTransaction {
    const commands: NftCommand[] = [];
    for (const [name, since] of this.#staleChains) {
      if (since >= at - STALE_AFTER_MS) continue;
      commands.push({ verb: 'delete', object: 'chain', chain: { name } });
      this.#staleChains.delete(name);
    }
    return commands;
  }

  /** What a Service has is nobody's, until somebody writes it again. */
  #release(key: string): void {
    for (const { filed, chains, affinitySets, elements } of this.#written.get(key) ?? []) {
      for (const { set, element } of elements) this.#ledger.release(set, filed, element);
      for (const name of chains) this.#staleChains.set(name, NOT_FLUSHED);
      for (const set of affinitySets) this.#staleSets.set(set.name, set);
    }
    this.#written.delete(key);
  }

  *#write(key: string, services: ServiceTable, table: KubeProxyNftTable): Iterable<NftCommand> {
    const ports = services.filed(key).filter(({ port }) => familyOf(port.clusterIP) === this.#config.family);
    if (ports.length > 0)
      this.#written.set(
        key,
        ports.map((filed) => this.#claim(filed, table)),
      );
    for (const rules of ports.map((filed) => table.rulesFor(filed))) {
      const chains = rules.chains();
      for (const chain of chains) {
        yield { verb: 'add', object: 'chain', chain };
        yield { verb: 'flush', object: 'chain', chain };
      }
      for (const set of rules.affinitySets) yield { verb: 'add', object: 'set', set };
      for (const chain of chains)
        for (const rule of chain.rules) yield { verb: 'add', object: 'rule', chain: chain.name, rule };
    }
  }

  #claim(filed: FiledPort, table: KubeProxyNftTable): WrittenPort {
    const rules = table.rulesFor(filed);
    const chains = rules.chains().map(({ name }) => name);
    for (const name of chains) this.#staleChains.delete(name);
    for (const set of rules.affinitySets) {
      this.#staleSets.delete(set.name);
      if (!this.#affinitySets.has(set.name)) this.#affinitySets.set(set.name, set);
    }
    const hairpins = hairpinElements(rules, table.nodeName).map((element) => ({ set: 'hairpin-connections', element }));
    const elements = [...rules.elements, ...hairpins].map(({ set, element }) => ({ set: table.set(set)!, element }));
    for (const { set, element } of elements) this.#ledger.claim(set, filed, element);
    return { filed, chains, affinitySets: rules.affinitySets, elements };
  }

  /** Also those that were flushed before and are not old enough yet: kube-proxy flushes them, and begins to wait, again. */
  *#flushStaleChains(at: Moment): Iterable<NftCommand> {
    for (const name of this.#staleChains.keys()) {
      yield { verb: 'flush', object: 'chain', chain: { name } };
      this.#staleChains.set(name, at);
    }
  }

  *#deleteStaleSets(): Iterable<NftCommand> {
    for (const set of this.#staleSets.values()) {
      yield { verb: 'delete', object: 'set', set };
      this.#affinitySets.delete(set.name);
    }
    this.#staleSets.clear();
  }
}
