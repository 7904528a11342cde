/** Where a walk stops to ask a host's rules, and what can come of it. Constants come first: the bundler then puts them in place. */
import type { HookName, TableName } from '../model/index.ts';

/** Tables and hooks as numbers: what is at a stop stands at hook * 4 + table. */
export const RAW = 0;
export const MANGLE = 1;
export const NAT = 2;
export const FILTER = 3;

export const PREROUTING = 0;
export const INPUT = 1;
export const FORWARD = 2;
export const OUTPUT = 3;
export const POSTROUTING = 4;

/** A chain's end without a decision, and the decisions. */
export const CONTINUE = 0;
export const ACCEPT = 1;
export const DROP = 2;
export const REJECT = 3;

/** their names, by number */
export const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter'];
export const HOOKS: readonly HookName[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** the bit of a stop in a set of stops */
export function stopBit(hook: number, table: number): number {
  return 1 << (hook * 4 + table);
}
