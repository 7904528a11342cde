/**
 * A host's nft tables by the hooks that a packet passes. The walk stops where iptables has its tables; nft's base chains are
 * run at those stops by their priority, which keeps the kernel's order:
 *
 * ```text
 *   stop      priority          between
 *   raw       below -200        the packet's coming and conntrack
 *   mangle    -200 to -101      conntrack and destination NAT
 *   nat       type nat
 *   filter    -100 and above    destination NAT, or routing, and the packet's leaving
 * ```
 * Source: include/uapi/linux/netfilter_ipv4.h.
 */
import type { NftChain, NftHookName, NftTable } from '../../dataplane/index.ts';
import type { TableName } from '../../model/index.ts';
import { HOOKS, TABLES } from '../stops.ts';

const CONNTRACK = -200;
const DESTINATION_NAT = -100;

export interface HookChain {
  readonly table: NftTable;
  readonly chain: NftChain;
}

/** In which order the walk passes the stops of a hook; a chain at a stop that it does not make would be left out. */
const STOPS: { readonly [H in NftHookName]: readonly TableName[] } = {
  prerouting: ['raw', 'mangle', 'nat'],
  input: ['mangle', 'filter', 'nat'],
  forward: ['mangle', 'filter'],
  output: ['raw', 'mangle', 'nat', 'filter'],
  postrouting: ['mangle', 'nat'],
};

export class HookChains {
  /** whether connections are translated at all */
  readonly translates: boolean;
  /** base chains at hook * 4 + stop, numbered as in HOOKS and TABLES, by priority */
  readonly chains: readonly (readonly HookChain[])[];

  /** Throws where a base chain hangs at a stop that the walk does not make. */
  constructor(tables: readonly NftTable[]) {
    const byStop = HOOKS.flatMap(() => TABLES.map((): HookChain[] => []));
    let translates = false;
    for (const table of tables)
      for (const chain of table.baseChains()) {
        byStop[stopOf(chain)]!.push({ table, chain });
        translates ||= chain.hook?.type === 'nat';
      }
    for (const chains of byStop) chains.sort((a, b) => a.chain.hook!.priority - b.chain.hook!.priority);
    this.translates = translates;
    this.chains = byStop;
  }
}

function stopOf({ name, hook }: NftChain): number {
  const { type, priority, hook: at } = hook!;
  const table = tableFor(type, priority);
  if (!STOPS[at].includes(table)) throw new Error(`chain ${name}: priority ${priority} at hook ${at} is not walked`);
  return HOOKS.findIndex((known) => known.toLowerCase() === at) * TABLES.length + TABLES.indexOf(table);
}

function tableFor(type: 'filter' | 'nat' | 'route', priority: number): TableName {
  if (type === 'nat') return 'nat';
  if (priority < CONNTRACK) return 'raw';
  return priority < DESTINATION_NAT ? 'mangle' : 'filter';
}
