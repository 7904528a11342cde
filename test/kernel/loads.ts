/** A node's rules as the programs take them that load them into Linux. */
import type { Emulator } from '../../src/emulator/index.ts';
import type { Load, Loader, Loading } from './plan.ts';

const COUNTER = / -m nfacct --nfacct-name +(\S+)/g;

export interface NodeLoads {
  /** objects of nfnetlink_acct that the rules count in */
  readonly counters: readonly string[];
  readonly loads: readonly Load[];
}

/**
 * What a node has loaded: iptables' rules, and nft's own where it has some. nft's are loaded last: of two chains of one
 * priority, Linux runs the newer one first. Where the kernel has no nfnetlink_acct, what only counts is left out.
 */
export function loadsOf(emulator: Emulator, node: string, { loader, counts }: Loading): NodeLoads {
  const dumped = emulator.dump('iptables', node);
  const text = counts ? dumped : dumped.replace(COUNTER, '');
  const counters = new Set([...text.matchAll(COUNTER)].map(([, name]) => name!));
  const loads = [
    { command: [iptablesRestore(loader)], text },
    { command: ['nft', '-f', '-'], text: emulator.dump('nftables', node) },
  ];
  return { counters: [...counters], loads: loads.filter((load) => load.text !== '') };
}

function iptablesRestore(loader: Loader): string {
  return loader === 'legacy' ? 'iptables-legacy-restore' : 'iptables-nft-restore';
}
