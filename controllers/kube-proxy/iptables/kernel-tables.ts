/**
 * The tables of a node as text, chain by chain: what iptables-restore changes. kube-proxy can only restore and read; other
 * programs' chains and rules stay where they are.
 *
 * Source: iptables-restore(8), kubernetes pkg/util/iptables.
 */
import type { TableName } from '../../../src/model/index.ts';

export interface KernelChain {
  /** base chains only */
  readonly policy?: 'ACCEPT' | 'DROP';
  /** whole rules, `-A KUBE-… …`, as they were given */
  readonly rules: readonly string[];
}

export type KernelTable = ReadonlyMap<string, KernelChain>;
export type KernelTables = ReadonlyMap<TableName, KernelTable>;

/** Why a restore changed nothing, in iptables-restore's words, and its line from 1. */
export interface RestoreError {
  readonly line: number;
  readonly message: string;
}

function emptyTable(...chains: readonly string[]): KernelTable {
  return new Map(chains.map((name) => [name, { policy: 'ACCEPT' as const, rules: [] }]));
}

/** A node's tables before anything was written to them. */
export const EMPTY_TABLES: KernelTables = new Map([
  ['filter', emptyTable('INPUT', 'FORWARD', 'OUTPUT')],
  ['nat', emptyTable('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING')],
]);

const JUMP = / -j (KUBE-\S+)/;

function jumpOf(rule: string): string | undefined {
  return JUMP.exec(rule)?.[1];
}

/** One restore at work: tables are copied when first changed, and thrown away with it when a line fails. */
class Restore {
  readonly tables: Map<TableName, KernelTable>;
  #table: Map<string, KernelChain> | undefined;
  /** rules of chains that this restore has emptied: its own to append to */
  readonly #own = new Map<KernelChain, string[]>();

  constructor(tables: KernelTables) {
    this.tables = new Map(tables);
  }

  /** Returns what is wrong with the line, if anything. */
  apply(line: string): string | undefined {
    if (line === '' || line.startsWith('#')) return undefined;
    if (line.startsWith('*')) return this.#open(line.slice(1) as TableName);
    if (this.#table === undefined) return 'no table is open';
    if (line === 'COMMIT') return this.#commit(this.#table);
    if (line.startsWith(':')) return this.#declare(this.#table, line.slice(1));
    if (line.startsWith('-X ')) return this.#delete(this.#table, line.slice(3));
    return this.#append(this.#table, line);
  }

  #open(name: TableName): undefined {
    this.#table = new Map(this.tables.get(name));
    this.tables.set(name, this.#table);
  }

  /** A chain that is named is emptied; one that is not there is made. Others are left alone: `--noflush`. */
  #declare(table: Map<string, KernelChain>, text: string): undefined {
    const [name = '', policy] = text.split(' ');
    const rules: string[] = [];
    const chain: KernelChain = policy === 'ACCEPT' || policy === 'DROP' ? { policy, rules } : { rules };
    this.#own.set(chain, rules);
    table.set(name, chain);
  }

  #append(table: Map<string, KernelChain>, line: string): string | undefined {
    const name = line.split(' ')[1] ?? '';
    const chain = table.get(name);
    if (chain === undefined) return `Chain '${name}' does not exist`;
    const own = this.#own.get(chain);
    if (own === undefined) table.set(name, { ...chain, rules: [...chain.rules, line] });
    else own.push(line);
    return undefined;
  }

  #delete(table: Map<string, KernelChain>, name: string): string | undefined {
    if (table.get(name)?.rules.length !== 0) return `Chain '${name}' is not empty, or does not exist`;
    table.delete(name);
    return undefined;
  }

  /** The kernel takes the table as a whole, and only if every jump leads somewhere. */
  #commit(table: Map<string, KernelChain>): string | undefined {
    this.#table = undefined;
    for (const { rules } of table.values())
      for (const rule of rules) {
        const target = jumpOf(rule);
        if (target !== undefined && !table.has(target)) return `Chain '${target}' does not exist`;
      }
    return undefined;
  }
}

export function isRestoreError(result: KernelTables | RestoreError): result is RestoreError {
  return 'message' in result;
}

/** `iptables-restore --noflush`: all of it, or nothing and the first line that failed. */
export function restore(tables: KernelTables, input: string): KernelTables | RestoreError {
  const work = new Restore(tables);
  for (const [index, line] of input.split('\n').entries()) {
    const message = work.apply(line);
    if (message !== undefined) return { line: index + 1, message };
  }
  return work.tables;
}

/** A jump that kube-proxy keeps at the head of a base chain. */
export interface Jump {
  readonly table: TableName;
  readonly from: string;
  readonly to: string;
  /** the whole rule */
  readonly rule: string;
}

/** Makes the chain and puts the jump first, unless they are there already (wherever they are). */
export function ensureJump(tables: KernelTables, { table: name, from, to, rule }: Jump): KernelTables {
  const table = new Map(tables.get(name));
  const base = table.get(from);
  if (base === undefined) throw new Error(`table ${name} has no chain ${from}`);
  if (!table.has(to)) table.set(to, { rules: [] });
  if (!base.rules.includes(rule)) table.set(from, { ...base, rules: [rule, ...base.rules] });
  return new Map(tables).set(name, table);
}

/** All chains and rules as text; base chains first, the others by name. */
export function tablesText(tables: KernelTables): string {
  let text = '';
  for (const [name, table] of tables) {
    const base = [...table].filter(([, { policy }]) => policy !== undefined);
    const own = [...table].filter(([, { policy }]) => policy === undefined).sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = [...base, ...own].map(([chain, { policy = '-' }]) => `:${chain} ${policy} [0:0]\n`);
    const rules = [...base, ...own].flatMap(([, chain]) => chain.rules.map((rule) => `${rule}\n`));
    text += `*${name}\n${lines.join('')}${rules.join('')}COMMIT\n`;
  }
  return text;
}
