/** iptables-save's text into a ruleset: the way in for rules that our own kube-proxy did not write. */
import type { Family, TableName } from '../../model/index.ts';
import type { Chain, Rule, Ruleset, Table } from '../netfilter.ts';
import { parseRule, RuleError } from './parse-rule.ts';
import { wordsOfLine } from './tokens.ts';

/** What could not be read, and where. Lines count from 1. */
export interface ParseFailure {
  readonly line: number;
  readonly message: string;
}

const TABLE_NAMES: readonly string[] = ['raw', 'mangle', 'nat', 'filter'];

interface ParsedChain extends Chain {
  readonly rules: Rule[];
}

class ParsedTable implements Table {
  readonly name: TableName;
  readonly byName = new Map<string, ParsedChain>();

  constructor(name: TableName) {
    this.name = name;
  }

  /** in the text's order, which is iptables-save's: base chains first, then by name */
  chains(): readonly Chain[] {
    return [...this.byName.values()];
  }

  chain(name: string): Chain | undefined {
    return this.byName.get(name);
  }
}

class ParsedRuleset implements Ruleset {
  readonly family: Family;
  readonly tables = new Map<TableName, ParsedTable>();

  constructor(family: Family) {
    this.family = family;
  }

  table(name: TableName): Table | undefined {
    return this.tables.get(name);
  }
}

/**
 * The ruleset that `text` spells: one or more tables, counters ignored. Returns a failure for the first line that cannot be
 * read, such as `unknown match string`. Chains must be declared before rules jump to them, as iptables-restore asks.
 */
export function parseIptablesSave(text: string, family: Family = 4): Ruleset | ParseFailure {
  const ruleset = new ParsedRuleset(family);
  let table: ParsedTable | undefined;
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    try {
      table = readLine(ruleset, table, line.trim());
    } catch (error) {
      if (error instanceof RuleError) return { line: number, message: error.message };
      throw error;
    }
  }
  return ruleset;
}

export function isParseFailure(parsed: Ruleset | ParseFailure): parsed is ParseFailure {
  return 'message' in parsed;
}

function readLine(ruleset: ParsedRuleset, table: ParsedTable | undefined, line: string): ParsedTable | undefined {
  if (line === '' || line.startsWith('#')) return table;
  if (line.startsWith('*')) return openTable(ruleset, line.slice(1));
  if (table === undefined) throw new RuleError('outside of a table');
  if (line === 'COMMIT') return undefined;
  if (line.startsWith(':')) declareChain(table, line);
  else appendRule(table, line, ruleset.family === 6);
  return table;
}

function openTable(ruleset: ParsedRuleset, name: string): ParsedTable {
  if (!TABLE_NAMES.includes(name)) throw new RuleError(`unknown table ${name}`);
  const tableName = name as TableName;
  const table = ruleset.tables.get(tableName) ?? new ParsedTable(tableName);
  ruleset.tables.set(tableName, table);
  return table;
}

function declareChain(table: ParsedTable, line: string): void {
  const [name = '', policy = ''] = line.slice(1).split(/\s+/);
  if (name === '') throw new RuleError('a chain without a name');
  if (policy !== 'ACCEPT' && policy !== 'DROP' && policy !== '-') throw new RuleError(`unknown policy ${policy}`);
  table.byName.set(name, policy === '-' ? { name, rules: [] } : { name, policy, rules: [] });
}

function appendRule(table: ParsedTable, line: string, ipv6: boolean): void {
  const words = wordsOfLine(line.replace(/^\[\d+:\d+\]\s*/, ''));
  if (words === undefined) throw new RuleError('a quote is not closed');
  const [command, name = ''] = words;
  if (command !== '-A') throw new RuleError(`unknown command ${command}`);
  const chain = table.byName.get(name);
  if (chain === undefined) throw new RuleError(`unknown chain ${name}`);
  chain.rules.push(parseRule(words.slice(2), table.byName, ipv6));
}
