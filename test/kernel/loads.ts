/** A node's rules as the programs take them that load them into Linux. */
import type { Emulator } from '../../src/emulator/index.ts';
import type { Load, Loader } from './plan.ts';

const NFACCT = /--nfacct-name +(\S+)/g;

export function loadsOf(
  emulator: Emulator,
  node: string,
  loader: Loader,
): { readonly counters: readonly string[]; readonly loads: readonly Load[] } {
  const text = emulator.dump('iptables', node);
  const counters = [...new Set([...text.matchAll(NFACCT)].map(([, name]) => name!))];
  return { counters, loads: [{ command: [`iptables-${loader}-restore`], text }] };
}
