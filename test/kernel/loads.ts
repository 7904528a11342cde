/** A node's rules as the programs take them that load them into Linux. */
import type { Emulator } from '../../src/emulator/index.ts';
import type { Load, Loading } from './plan.ts';

const COUNTER = / -m nfacct --nfacct-name +(\S+)/g;

export interface NodeLoads {
  /** objects of nfnetlink_acct that the rules count in */
  readonly counters: readonly string[];
  readonly loads: readonly Load[];
}

/** Where the kernel has no nfnetlink_acct, what only counts is left out of the rules. */
export function loadsOf(emulator: Emulator, node: string, { loader, counts }: Loading): NodeLoads {
  if (loader === 'nftables')
    return { counters: [], loads: [{ command: ['nft', '-f', '-'], text: emulator.dump('nftables', node) }] };
  const dumped = emulator.dump('iptables', node);
  const text = counts ? dumped : dumped.replace(COUNTER, '');
  const counters = new Set([...text.matchAll(COUNTER)].map(([, name]) => name!));
  return { counters: [...counters], loads: [{ command: [`iptables-${loader}-restore`], text }] };
}
