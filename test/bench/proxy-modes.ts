/** kube-proxy's modes, each as what a benchmark asks of it. A mode is made anew for each run: what it has made goes with it. */
import {
  defaultIpvsConfig,
  defaultKubeProxyConfig,
  defaultNftablesConfig,
  IpvsKernel,
  kubeProxyNftRuleset,
  kubeProxyNftTable,
  kubeProxyRuleset,
} from '../../controllers/kube-proxy/index.ts';
import {
  type Chain,
  iptablesSave,
  ipvsadmList,
  type NftChain,
  type NodeFacts,
  nftList,
  type Ruleset,
  type ServiceTable,
  type VirtualServers,
} from '../../src/dataplane/index.ts';
import { type Address, type TableName, TCP } from '../../src/model/index.ts';
import { IpvsTable } from '../../src/packet/index.ts';
import { POD_CIDR, SERVICE_CIDR } from './proxy-objects.ts';

export interface ProxyMode {
  rulesetOf(services: ServiceTable, node: NodeFacts): Ruleset;
  /** makes every chain with its name and rules, and every element; returns how many rules and elements there are */
  makeAll(services: ServiceTable, node: NodeFacts): number;
  /** the rules as the program prints them that lists them, and takes them that loads them */
  textOf(services: ServiceTable, node: NodeFacts): string;
  /** a node's virtual servers; absent where there are none */
  ipvsOf?(node: NodeFacts): IpvsTable;
  /** makes what a new connection from this node to this address meets; returns how many endpoints it can come to */
  reach(ruleset: Ruleset, node: NodeFacts, address: Address, port: number): number;
}

export type ModeName = 'iptables' | 'nftables' | 'ipvs';

const TABLES: readonly TableName[] = ['nat', 'filter', 'mangle'];

export const MODES: Readonly<Record<ModeName, () => ProxyMode>> = {
  iptables() {
    // The counters of nfacct would have to be in the kernel before rules can name them.
    const nfacct = { ctStateInvalidDropped: false, localhostNodePortsAccepted: false };
    const config = { ...defaultKubeProxyConfig(POD_CIDR), nfacct };
    const rulesetOf = (services: ServiceTable, node: NodeFacts) => kubeProxyRuleset(services, node, config);
    return {
      rulesetOf,
      makeAll: (services, node) => countRules(rulesetOf(services, node)),
      textOf: (services, node) => iptablesSave(rulesetOf(services, node)),
      reach: reachByChains,
    };
  },
  nftables() {
    const config = defaultNftablesConfig(POD_CIDR, [SERVICE_CIDR]);
    return {
      rulesetOf: (services, node) => kubeProxyNftRuleset(services, node, config),
      makeAll(services, node) {
        const table = kubeProxyNftTable(services, node, config);
        const rules = table.chains().reduce((sum, chain) => sum + made(chain), 0);
        return table.sets().reduce((sum, set) => sum + set.elements.length, rules);
      },
      textOf: (services, node) => nftList([kubeProxyNftTable(services, node, config)]),
      reach: reachByMap,
    };
  },
  ipvs: () => new IpvsMode(),
};

/** Nodes keep their kernels from one version of the Services to the next. */
class IpvsMode implements ProxyMode {
  readonly #config = defaultIpvsConfig(POD_CIDR);
  readonly #nodes = new Map<string, { readonly kernel: IpvsKernel; readonly table: IpvsTable }>();

  rulesetOf(services: ServiceTable, node: NodeFacts): Ruleset {
    return this.#node(node).kernel.sync(services, node);
  }

  makeAll(services: ServiceTable, node: NodeFacts): number {
    const rules = countRules(this.rulesetOf(services, node));
    return [...this.#servers(node).values()].reduce((sum, { realServers }) => sum + 1 + realServers.size, rules);
  }

  textOf(services: ServiceTable, node: NodeFacts): string {
    return iptablesSave(this.rulesetOf(services, node)) + ipvsadmList(this.#servers(node));
  }

  ipvsOf(node: NodeFacts): IpvsTable {
    return this.#node(node).table;
  }

  reach(_ruleset: Ruleset, node: NodeFacts, address: Address, port: number): number {
    return this.#node(node).kernel.server(address, port, TCP)?.realServers.size ?? 0;
  }

  #servers(node: NodeFacts): VirtualServers {
    return this.#node(node).kernel.servers;
  }

  #node({ name }: NodeFacts) {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      const kernel = new IpvsKernel(this.#config);
      this.#nodes.set(name, (node = { kernel, table: new IpvsTable(kernel) }));
    }
    return node;
  }
}

/** A chain is made once its name and rules have been asked for. */
function made({ name, rules }: Chain | NftChain): number {
  return name === '' ? 0 : rules.length;
}

function countRules(ruleset: Ruleset): number {
  let count = 0;
  for (const table of TABLES) for (const chain of ruleset.table(table)?.chains() ?? []) count += made(chain);
  return count;
}

function reachByChains(ruleset: Ruleset, _node: NodeFacts, address: Address, port: number): number {
  const services = ruleset.table('nat')?.chain('KUBE-SERVICES');
  let endpoints = 0;
  const follow = ({ rules }: Pick<Chain, 'rules'>): void => {
    for (const { target } of rules) {
      if (target.target === 'DNAT') endpoints++;
      if (target.target === 'jump') follow(target.chain);
    }
  };
  const [first] = services?.index?.candidates(address, port, TCP) ?? [];
  if (first !== undefined) follow({ rules: [first] });
  return endpoints;
}

function reachByMap({ nftables = [] }: Ruleset, _node: NodeFacts, address: Address, port: number): number {
  const verdict = nftables[0]?.set('service-ips')?.find([address, TCP, port])?.verdict;
  if (verdict === undefined || !('chain' in verdict)) return 0;
  const last = verdict.chain.rules.at(-1)?.statements.at(-1);
  return last?.statement === 'dnat by numgen' ? last.to.length : 0;
}
