/** Where a walk stops to ask a host's rules, and what can come of it. */
import type { HookName, TableName } from '../model/index.ts';

/** Tables and hooks as numbers: a chain of LinkedRuleset stands at hook * 4 + table. */
export const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter'];
export const HOOKS: readonly HookName[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** A chain's end without a decision, and the decisions. */
export const CONTINUE = 0;
export const ACCEPT = 1;
export const DROP = 2;
export const REJECT = 3;
