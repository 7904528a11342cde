/** kube-proxy's chains in IPVS mode as one ruleset, with the jumps that lead to them: what packets walk and printers print. */
import type { Chain, Ruleset, Table } from '../../../src/dataplane/index.ts';
import { type Family, formatCidr, type TableName } from '../../../src/model/index.ts';
import { comment, fixedChain, jumpTo, rule } from '../iptables/index.ts';
import { IPVS_JUMPS, type IpvsChains, ipvsChains, type RuleInput } from './rules.ts';

/** In the kernel's order of hooks. */
const BASE_CHAINS = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
} as const;

/** Each jump was put before the ones already there. */
function baseChain(table: 'nat' | 'filter', name: string, own: ReadonlyMap<string, Chain>): Chain {
  const jumps = IPVS_JUMPS.filter((jump) => jump.table === table && jump.from === name).reverse();
  const rules = jumps.map((jump) => {
    const chain = own.get(jump.to);
    if (chain === undefined) throw new Error(`kube-proxy always has ${jump.to} in ${table}`);
    return rule(jumpTo(chain), comment(jump.comment));
  });
  return { ...fixedChain(name, rules), policy: 'ACCEPT' };
}

function tableOf(name: 'nat' | 'filter', chains: readonly Chain[]): Table {
  const own = new Map(chains.map((chain) => [chain.name, chain]));
  const base = BASE_CHAINS[name].map((chain) => baseChain(name, chain, own));
  const sorted = [...chains].sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map([...base, ...sorted].map((chain) => [chain.name, chain]));
  return { name, chains: () => [...byName.values()], chain: (wanted) => byName.get(wanted) };
}

/** The tables of a node that has nothing but kube-proxy's rules. */
export function ipvsRuleset({ nat, filter }: IpvsChains, family: Family): Ruleset {
  const tables = new Map<TableName, Table>([
    ['nat', tableOf('nat', nat)],
    ['filter', tableOf('filter', filter)],
  ]);
  return { family, table: (name) => tables.get(name) };
}

type Blocked = RuleInput['blockedFromNode'];

const rulesets = new WeakMap<RuleInput['config'], WeakMap<Blocked, Map<string, Ruleset>>>();

/**
 * The same ruleset for all nodes, and at all times, that have the same rules: which sets are empty decides nearly all.
 * `blockedFromNode` is to be the same object while it is the same.
 */
export function sharedRuleset(input: RuleInput): Ruleset {
  const { config, empty, podCidr, blockedFromNode } = input;
  let byBlocked = rulesets.get(config);
  if (byBlocked === undefined) rulesets.set(config, (byBlocked = new WeakMap()));
  let made = byBlocked.get(blockedFromNode);
  if (made === undefined) byBlocked.set(blockedFromNode, (made = new Map()));
  const key = `${empty} ${podCidr === undefined ? '' : formatCidr(podCidr)}`;
  let ruleset = made.get(key);
  if (ruleset === undefined) made.set(key, (ruleset = ipvsRuleset(ipvsChains(input), config.family)));
  return ruleset;
}
