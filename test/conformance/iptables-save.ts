/**
 * iptables-save text in a normal form, in which two kube-proxies that know the same write the same.
 *
 * kube-proxy walks its Services in the order of a Go map, so the rules of the chains that list Services come in any order:
 * they are sorted by their comment, stably, the one that "must be the last rule" last. Chains are sorted by name.
 */

export interface NormalChain {
  /** as declared: `ACCEPT [0:0]` for a base chain, `- [0:0]` for others */
  readonly policy: string;
  readonly rules: readonly string[];
}

/** Tables by name, chains by name. */
export type NormalTables = Readonly<Record<string, Readonly<Record<string, NormalChain>>>>;

const LISTS_OF_SERVICES: readonly string[] = [
  'KUBE-SERVICES',
  'KUBE-NODEPORTS',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-PROXY-FIREWALL',
];

const COMMENT = /--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/;
const DECLARATION = /^:(\S+) (.+)$/;
const RULE = /^-A (\S+) /;

function commentOf(rule: string): string {
  const found = COMMENT.exec(rule);
  return found?.[1] ?? found?.[2] ?? '';
}

function inNormalOrder(rules: readonly string[]): readonly string[] {
  const keyed = rules.map((rule) => ({ rule, comment: commentOf(rule) }));
  const isLast = (comment: string) => Number(comment.includes('must be the last rule'));
  keyed.sort((a, b) => {
    const last = isLast(a.comment) - isLast(b.comment);
    if (last !== 0) return last;
    return a.comment < b.comment ? -1 : a.comment > b.comment ? 1 : 0;
  });
  return keyed.map(({ rule }) => rule);
}

interface Chain {
  readonly policy: string;
  readonly rules: string[];
}

/** Takes iptables-save text apart. Throws, naming the line, at what is no such text. */
export function normalTables(text: string): NormalTables {
  const tables: Record<string, Record<string, NormalChain>> = {};
  let chains: Map<string, Chain> | undefined;
  let table = '';
  for (const [index, line] of text.split('\n').entries()) {
    const refuse = (why: string) => new Error(`line ${index + 1} of the iptables-save text ${why}: ${line}`);
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('*')) {
      table = line.slice(1);
      if (Object.hasOwn(tables, table)) throw refuse('begins a table again');
      chains = new Map();
    } else if (chains === undefined) {
      throw refuse('stands outside of a table');
    } else if (line === 'COMMIT') {
      tables[table] = finished(chains);
      chains = undefined;
    } else if (line.startsWith(':')) {
      const [, name, policy] = DECLARATION.exec(line) ?? [];
      if (name === undefined || policy === undefined || chains.has(name)) throw refuse('declares no new chain');
      chains.set(name, { policy, rules: [] });
    } else {
      const chain = chains.get(RULE.exec(line)?.[1] ?? '');
      if (chain === undefined) throw refuse('appends to no declared chain');
      chain.rules.push(line);
    }
  }
  if (chains !== undefined) throw new Error(`the iptables-save text ends within table ${table}`);
  return tables;
}

function finished(chains: ReadonlyMap<string, Chain>): Readonly<Record<string, NormalChain>> {
  const table: Record<string, NormalChain> = {};
  for (const name of [...chains.keys()].sort()) {
    const { policy, rules } = chains.get(name)!;
    table[name] = { policy, rules: LISTS_OF_SERVICES.includes(name) ? inNormalOrder(rules) : rules };
  }
  return table;
}
