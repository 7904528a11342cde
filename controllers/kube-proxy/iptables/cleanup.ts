/**
 * `kube-proxy --cleanup`: takes away what kube-proxy wrote, and leaves what others wrote and what it shares with the kubelet.
 * Source: kubernetes pkg/proxy/iptables/proxier.go (CleanupLeftovers).
 */
import type { TableName } from '../../../src/model/index.ts';
import type { KernelChain, KernelTables } from './kernel-tables.ts';
import { isServiceChainName } from './service-chain.ts';

const CANARY = 'KUBE-PROXY-CANARY';

/** The chains that are always kube-proxy's; not KUBE-FIREWALL, which is the kubelet's too. */
const OWN_CHAINS: Readonly<Record<TableName, readonly string[]>> = {
  filter: ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL', CANARY],
  nat: ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', CANARY],
  mangle: [CANARY],
  raw: [],
};

function isOwn(table: TableName, chain: string): boolean {
  return OWN_CHAINS[table].includes(chain) || (table === 'nat' && isServiceChainName(chain));
}

/** A base chain's rules but for the jumps to kube-proxy's chains. */
function withoutJumps(table: TableName, chain: KernelChain): KernelChain {
  const rules = chain.rules.filter((rule) => !isOwn(table, / -j (\S+)/.exec(rule)?.[1] ?? ''));
  return { ...chain, rules };
}

export function cleanupLeftovers(tables: KernelTables): KernelTables {
  const cleaned = new Map(tables);
  for (const [name, table] of tables) {
    const kept = [...table].filter(([chain]) => !isOwn(name, chain));
    cleaned.set(name, new Map(kept.map(([chain, found]) => [chain, withoutJumps(name, found)])));
  }
  return cleaned;
}
