/** nft commands that add, one a line: `add rule ip kube-proxy services …`. */
import type { RawTable } from './raw-table.ts';
import { readFlags, readHook, readSeconds, readSetType } from './read-definition.ts';
import type { NftChain, NftSet } from './ruleset.ts';
import { Cursor, listItems, tokensOf } from './tokens.ts';

export function readCommands(text: string): Iterable<RawTable> {
  const tables = new Map<string, RawTable>();
  const cursor = new Cursor(tokensOf(text));
  while (!cursor.isDone) {
    // Braces may hold what would end a line elsewhere, but knftables writes none such.
    const line = new Cursor(cursor.until('\n'));
    if (!line.isDone) readCommand(line, tables);
  }
  return tables.values();
}

function readCommand(line: Cursor, tables: Map<string, RawTable>): void {
  line.expect('add');
  const object = line.word();
  const table = tableAt(line, tables, object === 'table');
  switch (object) {
    case 'table':
      readTableOptions(line, table);
      break;
    case 'chain':
      readChain(line, table);
      break;
    case 'set':
    case 'map':
      readSet(line, table);
      break;
    case 'rule': {
      const name = line.word();
      const chain = table.chains.get(name);
      if (chain === undefined) throw line.refuse(`no such chain: ${name}`);
      chain.rules.push(line.until('\n'));
      break;
    }
    case 'element': {
      const name = line.word();
      const set = table.sets.get(name);
      if (set === undefined) throw line.refuse(`no such set or map: ${name}`);
      set.elements.push(...listItems(line.braced()));
      break;
    }
    default:
      throw line.refuse(`unknown object: ${object}`);
  }
}

function tableAt(line: Cursor, tables: Map<string, RawTable>, isNew: boolean): RawTable {
  const family = line.word();
  const name = line.word();
  if (family !== 'ip' && family !== 'ip6') throw line.refuse(`unknown family of tables: ${family}`);
  const known = tables.get(`${family} ${name}`);
  if (known !== undefined) return known;
  if (!isNew) throw line.refuse(`no such table: ${family} ${name}`);
  const table: RawTable = { family: family === 'ip' ? 4 : 6, name, chains: new Map(), sets: new Map() };
  tables.set(`${family} ${name}`, table);
  return table;
}

function readTableOptions(line: Cursor, table: RawTable): void {
  const options = optionsOf(line);
  while (!options.isDone) {
    options.expect('comment');
    table.comment = options.word();
    options.accept(';');
  }
}

/** What stands in braces at the line's end, if anything does. */
function optionsOf(line: Cursor): Cursor {
  return new Cursor(line.isDone ? [] : line.braced());
}

function readChain(line: Cursor, table: RawTable): void {
  const name = line.word();
  const options = optionsOf(line);
  let definition: Omit<NftChain, 'rules'> = { name };
  while (!options.isDone) {
    if (options.accept('type')) definition = { ...definition, hook: readHook(options) };
    else {
      options.expect('comment');
      definition = { ...definition, comment: options.word() };
    }
    options.accept(';');
  }
  table.chains.set(name, { definition, rules: table.chains.get(name)?.rules ?? [] });
}

function readSet(line: Cursor, table: RawTable): void {
  const name = line.word();
  const options = optionsOf(line);
  options.expect('type');
  let definition: Omit<NftSet, 'elements' | 'find'> = { name, ...readSetType(options) };
  for (options.accept(';'); !options.isDone; options.accept(';')) {
    if (options.accept('flags')) definition = { ...definition, flags: readFlags(options) };
    else if (options.accept('timeout')) definition = { ...definition, timeoutSeconds: readSeconds(options) };
    else {
      options.expect('comment');
      definition = { ...definition, comment: options.word() };
    }
  }
  table.sets.set(name, { definition, elements: table.sets.get(name)?.elements ?? [] });
}
