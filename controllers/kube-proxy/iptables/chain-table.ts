/** Tables as kube-proxy leaves them: the kernel's base chains, then its own by name. */
import type { Chain, Rule, Table } from '../../../src/dataplane/index.ts';
import type { HookName, TableName } from '../../../src/model/index.ts';
import { NO_RULES } from './rule.ts';
import { isServiceChainName } from './service-chain.ts';

/** In the order in which the kernel passes them, and iptables-save prints them. */
const BASE_CHAINS = {
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
} as const;

/** The base chains of a table; those not named in `rules` have none. */
export function baseChains(
  table: keyof typeof BASE_CHAINS,
  rules: { readonly [H in HookName]?: readonly Rule[] },
): readonly Chain[] {
  return BASE_CHAINS[table].map((name) => ({ name, policy: 'ACCEPT', rules: rules[name] ?? NO_RULES }));
}

export class ChainTable implements Table {
  readonly name: TableName;
  readonly #fixed: readonly Chain[];
  readonly #baseCount: number;
  readonly #more: () => readonly Chain[];
  #all: ReadonlyMap<string, Chain> | undefined;

  /** `fixed`: base chains, then those that are always there; `more`: those that depend on Services */
  constructor(name: TableName, base: readonly Chain[], others: readonly Chain[], more: () => readonly Chain[]) {
    this.name = name;
    this.#fixed = [...base, ...others];
    this.#baseCount = base.length;
    this.#more = more;
  }

  chain(name: string): Chain | undefined {
    for (const chain of this.#fixed) if (chain.name === name) return chain;
    // Whoever walks packets asks for every hook's chain: for one that is not here, those of all Services must not be made.
    return isServiceChainName(name) ? this.#named().get(name) : undefined;
  }

  chains(): readonly Chain[] {
    return [...this.#named().values()];
  }

  #named(): ReadonlyMap<string, Chain> {
    if (this.#all === undefined) {
      const others = [...this.#fixed.slice(this.#baseCount), ...this.#more()];
      others.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      this.#all = new Map([...this.#fixed.slice(0, this.#baseCount), ...others].map((chain) => [chain.name, chain]));
    }
    return this.#all;
  }
}
