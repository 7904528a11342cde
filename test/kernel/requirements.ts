/** Whether this machine can send packets through namespaces of its own, and what it lacks. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { playInLinux } from './linux.ts';
import type { Loader, Plan } from './plan.ts';

export type Mode = 'iptables' | 'nftables';

export interface Machine {
  /** the programs that load this mode's rules here; empty where none does */
  readonly loaders: readonly Loader[];
  /** whether the kernel can count in named objects, as `-m nfacct` does */
  readonly counts: boolean;
  /** sentences on what is left out, and why */
  readonly leftOut: readonly string[];
}

const EMPTY_NAT = '*nat\\nCOMMIT\\n';
/** each loader in a namespace of its own, on the smallest ruleset */
const TRIALS: Readonly<Record<Loader, string>> = {
  nft: `printf '${EMPTY_NAT}' | iptables-nft-restore`,
  legacy: `printf '${EMPTY_NAT}' | iptables-legacy-restore`,
  nftables: 'nft add table ip trial',
};
const LOADERS: Readonly<Record<Mode, readonly Loader[]>> = { iptables: ['nft', 'legacy'], nftables: ['nftables'] };
const PROGRAMS: Readonly<Record<Loader, string>> = {
  nft: 'iptables-nft-restore',
  legacy: 'iptables-legacy-restore',
  nftables: 'nft',
};

/** A sentence where nothing can be compared here. */
export function inspect(mode: Mode): Machine | string {
  if (process.platform !== 'linux') return `Everything is left out: this is ${process.platform}, not Linux.`;
  if (process.getuid?.() !== 0) return 'Everything is left out: only root may make network namespaces.';
  for (const [program, flag] of [['ip', '-V'] as const, ['python3', '-V'] as const, ['unshare', '-V'] as const]) {
    if (spawnSync(program, [flag]).error !== undefined)
      return `Everything is left out: there is no program ${program} here.`;
  }
  if (spawnSync('unshare', ['-n', 'true']).status !== 0)
    return 'Everything is left out: this kernel or container allows no network namespaces.';
  const loaders = LOADERS[mode].filter((loader) => works(TRIALS[loader]));
  // The fabric between the nodes is a ruleset too.
  if (loaders.length === 0 || !works(TRIALS.nft)) {
    const programs = [...new Set([...LOADERS[mode], 'nft' as const])].map((loader) => PROGRAMS[loader]);
    return `Everything is left out: not all of ${programs.join(', ')} load rules into this kernel.`;
  }
  const counts = canCount();
  const missing = LOADERS[mode].filter((loader) => !loaders.includes(loader));
  const leftOut = [
    ...missing.map((loader) => `Left out: loading by ${PROGRAMS[loader]}, which does not work here.`),
    ...(counts ? [] : ['Left out of the rules: -m nfacct, which this kernel lacks; it only counts.']),
    existsSync('/proc/net/ip_vs')
      ? 'Left out: IPVS mode, which this comparison does not know.'
      : 'Left out: IPVS mode, for this kernel has no IPVS.',
  ];
  return { loaders, counts, leftOut };
}

function works(script: string): boolean {
  return spawnSync('unshare', ['-n', 'sh', '-c', script]).status === 0;
}

function canCount(): boolean {
  const nothing = { sysctls: {}, links: [], commands: [], loads: [], tcp: [], udp: [], sctp: [], hears: false };
  const plan: Plan = {
    steps: 1,
    batch: 1,
    namespaces: [{ name: 'trial', ...nothing, counters: ['trial'] }],
    packets: [],
  };
  try {
    playInLinux(plan);
    return true;
  } catch {
    return false;
  }
}
