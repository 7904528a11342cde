/** What `nft list ruleset` prints: tables of sets, maps and chains in braces, a rule a line. */
import type { RawTable } from './raw-table.ts';
import { readFlags, readHook, readSeconds, readSetType } from './read-definition.ts';
import type { NftChain, NftSet } from './ruleset.ts';
import { Cursor, listItems, type Token, tokensOf } from './tokens.ts';

export function* readList(text: string): Iterable<RawTable> {
  const cursor = new Cursor(tokensOf(text));
  for (skipLines(cursor); !cursor.isDone; skipLines(cursor)) yield readTable(cursor);
}

function skipLines(cursor: Cursor): void {
  while (!cursor.isDone && (cursor.accept('\n') || cursor.accept(';')));
}

function readTable(cursor: Cursor): RawTable {
  cursor.expect('table');
  const family = cursor.word();
  if (family !== 'ip' && family !== 'ip6') throw cursor.refuse(`unknown family of tables: ${family}`);
  const table: RawTable = { family: family === 'ip' ? 4 : 6, name: cursor.word(), chains: new Map(), sets: new Map() };
  cursor.expect('{');
  for (skipLines(cursor); !cursor.accept('}'); skipLines(cursor)) {
    if (cursor.accept('comment')) table.comment = cursor.word();
    else if (cursor.accept('chain')) readChain(cursor, table);
    else if (cursor.accept('set') || cursor.accept('map')) readSet(cursor, table);
    else throw cursor.refuse(`unknown in a table: ${cursor.word()}`);
  }
  return table;
}

function readChain(cursor: Cursor, table: RawTable): void {
  const name = cursor.word();
  let definition: Omit<NftChain, 'rules'> = { name };
  const rules: (readonly Token[])[] = [];
  cursor.expect('{');
  for (skipLines(cursor); !cursor.accept('}'); skipLines(cursor)) {
    if (cursor.accept('comment')) definition = { ...definition, comment: cursor.word() };
    else if (cursor.accept('type')) definition = { ...definition, hook: readHook(cursor) };
    else rules.push(cursor.until('\n'));
  }
  table.chains.set(name, { definition, rules });
}

function readSet(cursor: Cursor, table: RawTable): void {
  const name = cursor.word();
  const elements: (readonly Token[])[] = [];
  let definition: Omit<NftSet, 'elements' | 'find'> = { name, kind: 'set', type: [] };
  cursor.expect('{');
  for (skipLines(cursor); !cursor.accept('}'); skipLines(cursor)) {
    if (cursor.accept('type')) definition = { ...definition, ...readSetType(cursor) };
    else if (cursor.accept('flags')) definition = { ...definition, flags: readFlags(cursor) };
    else if (cursor.accept('timeout')) definition = { ...definition, timeoutSeconds: readSeconds(cursor) };
    else if (cursor.accept('comment')) definition = { ...definition, comment: cursor.word() };
    else if (cursor.accept('size')) cursor.word();
    else {
      cursor.expect('elements', '=');
      elements.push(...listItems(cursor.braced()));
    }
  }
  table.sets.set(name, { definition, elements });
}
