/** Linux loading the same rules with its own programs, each time into a network namespace that ends with the program. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, type Timing } from './bench.ts';
import type { ModeName } from './proxy-modes.ts';

const RUNS = 3;
/** a load that takes longer is not repeated */
const REPEATED_BELOW_SECONDS = 5;
const TIME_MAX_MS = 120_000;

export interface Loader {
  readonly mode: ModeName;
  readonly name: string;
  /** as a shell takes it; rules come on standard input */
  readonly command: string;
}

export const LOADERS: readonly Loader[] = [
  { mode: 'iptables', name: 'iptables-nft-restore', command: 'iptables-nft-restore' },
  { mode: 'iptables', name: 'iptables-legacy-restore', command: 'iptables-legacy-restore' },
  { mode: 'nftables', name: 'nft -f', command: 'nft -f -' },
];

function inNamespace(script: string, timeout = TIME_MAX_MS) {
  return spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8', timeout });
}

/** Why a loader is left out; undefined where it is not. */
export function reasonAgainst({ command }: Loader): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  if (inNamespace('true').status !== 0) return 'no network namespace could be made';
  const [program] = command.split(' ');
  return inNamespace(`command -v ${program}`).status === 0 ? undefined : 'it is not installed';
}

/** Seconds out of what the shell's `times` says of its children: `0m1.230000s 0m0.040000s` on the second line. */
function childrenSeconds(output: string): number {
  const times = [...(output.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function loadOnce(loader: Loader, file: string): Timing | string {
  const started = process.hrtime.bigint();
  const done = inNamespace(`${loader.command} < '${file}' && times`);
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (done.error !== undefined) return `it took more than ${TIME_MAX_MS / 1000} s`;
  if (done.status !== 0) return done.stderr.trim().split('\n')[0] ?? 'it failed';
  return { cpuSeconds: childrenSeconds(done.stdout), wallSeconds };
}

/** The time that it takes to load these rules, the median of several loads unless one takes long; a sentence where that fails. */
export function loadTime(loader: Loader, text: string): Timing | string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-proxy-'));
  try {
    const file = join(folder, 'rules');
    writeFileSync(file, text);
    const timings: Timing[] = [];
    for (let run = 0; run < RUNS; run++) {
      const timing = loadOnce(loader, file);
      if (typeof timing === 'string') return timing;
      timings.push(timing);
      if (timing.wallSeconds > REPEATED_BELOW_SECONDS) break;
    }
    const of = (field: keyof Timing): number => median(timings.map((timing) => timing[field]));
    return { cpuSeconds: of('cpuSeconds'), wallSeconds: of('wallSeconds') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
