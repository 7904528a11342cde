/** What defines chains and sets, word by word: the same words in commands and lists. */
import type { NftHook, NftSet, NftType } from './ruleset.ts';
import type { Cursor } from './tokens.ts';

const TYPES: readonly NftType[] = ['ipv4_addr', 'ipv6_addr', 'inet_proto', 'inet_service', 'ifname', 'mark'];
const HOOKS: readonly NftHook['hook'][] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const HOOK_TYPES: readonly NftHook['type'][] = ['filter', 'nat', 'route'];
const FLAGS: readonly NonNullable<NftSet['flags']>[number][] = ['dynamic', 'timeout'];
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const UNIT_SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

function oneOf<T extends string>(cursor: Cursor, what: string, known: readonly T[]): T {
  const word = cursor.word();
  const found = known.find((each) => each === word);
  if (found === undefined) throw cursor.refuse(`unknown ${what}: ${word}`);
  return found;
}

/** `ipv4_addr . inet_proto : verdict` */
export function readSetType(cursor: Cursor): Pick<NftSet, 'kind' | 'type'> {
  const type: NftType[] = [];
  do type.push(oneOf(cursor, 'type', TYPES));
  while (cursor.accept('.'));
  if (!cursor.accept(':')) return { kind: 'set', type };
  cursor.expect('verdict');
  return { kind: 'map', type };
}

export function readFlags(cursor: Cursor): NonNullable<NftSet['flags']> {
  const flags: NonNullable<NftSet['flags']>[number][] = [];
  do flags.push(oneOf(cursor, 'flag', FLAGS));
  while (cursor.accept(','));
  return flags;
}

/** `10800s`, `2h46m40s` */
export function readSeconds(cursor: Cursor): number {
  const word = cursor.word();
  if (!/^(\d+[dhms])+$/.test(word)) throw cursor.refuse(`not a time: ${word}`);
  return [...word.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * UNIT_SECONDS[unit!]!, 0);
}

/** What follows `type`: `filter hook input priority filter - 10; policy accept;`. The policy may be missing. */
export function readHook(cursor: Cursor): NftHook {
  const type = oneOf(cursor, 'type of chain', HOOK_TYPES);
  cursor.expect('hook');
  const hook = oneOf(cursor, 'hook', HOOKS);
  cursor.expect('priority');
  const priority = readPriority(cursor);
  cursor.accept(';');
  const policy = cursor.accept('policy') ? oneOf(cursor, 'policy', ['accept', 'drop'] as const) : 'accept';
  return { type, hook, priority, policy };
}

function readPriority(cursor: Cursor): number {
  const word = cursor.word();
  const named = PRIORITIES[word];
  if (named === undefined) {
    if (!/^-?\d+$/.test(word)) throw cursor.refuse(`unknown priority: ${word}`);
    return Number(word);
  }
  if (cursor.accept('-')) return named - Number(cursor.word());
  return cursor.accept('+') ? named + Number(cursor.word()) : named;
}
