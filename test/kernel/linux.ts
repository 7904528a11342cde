/** Plays a plan in Linux: one Python program that owns all its namespaces, and takes them with it when it ends. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Heard } from './heard.ts';
import type { Plan } from './plan.ts';

/** Built or not, the program lies two folders below the project's root. */
const PLAYER = fileURLToPath(new URL('../test/kernel/linux', import.meta.url));
const OUTPUT_BYTES_MAX = 1 << 30;
const TIME_MAX_MS = 120_000;

export interface LinuxReport {
  readonly heard: readonly (Heard & { readonly packet: number })[];
  /** errors that system calls gave to senders, by their name in errno.h */
  readonly errors: readonly { readonly packet: number; readonly error: string }[];
}

/** Throws with what the player said where it fails. */
export function playInLinux(plan: Plan): LinuxReport {
  const done = spawnSync('python3', ['-B', PLAYER], {
    input: JSON.stringify(plan),
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: TIME_MAX_MS,
  });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Linux did not take the plan: ${done.stderr.trim()}`);
  return JSON.parse(done.stdout) as LinuxReport;
}
