/** Where a walk stops to ask a host's rules, and what can come of it. Constants come first: the bundler then puts them in place. */
import type { HookName, TableName } from '../model/index.ts';

/** Stops by number: hook * 4 + table, as HOOKS and TABLES count them. */
export const PREROUTING_RAW = 0;
export const PREROUTING_MANGLE = 1;
export const PREROUTING_NAT = 2;
export const INPUT_MANGLE = 5;
export const INPUT_NAT = 6;
export const INPUT_FILTER = 7;
export const FORWARD_MANGLE = 9;
export const FORWARD_FILTER = 11;
export const OUTPUT_RAW = 12;
export const OUTPUT_MANGLE = 13;
export const OUTPUT_NAT = 14;
export const OUTPUT_FILTER = 15;
export const POSTROUTING_MANGLE = 17;
export const POSTROUTING_NAT = 18;

/** A chain's end without a decision, and the decisions. */
export const CONTINUE = 0;
export const ACCEPT = 1;
export const DROP = 2;
export const REJECT = 3;

export const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter'];
export const HOOKS: readonly HookName[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

export function tableAt(stop: number): TableName {
  return TABLES[stop & 3]!;
}

export function hookAt(stop: number): HookName {
  return HOOKS[stop >> 2]!;
}
