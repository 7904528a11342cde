/**
 * Commands in the order of the recordings: the table; chains by name, each with what is done to it and its rules; sets and
 * maps by name; elements by set and key. What is done to one object keeps its order.
 */

const RANKS = ['table', 'chain', 'set', 'element'] as const;
const COMMAND = /^\w+ (\w+) (ip6? \S+) ?(\S*) ?(.*)$/;

/** Where a command belongs: its kind of object, the object's name, and within a set the element's key. */
function placeOf(command: string): readonly [number, string, string] {
  const [, object = '', , name = '', rest = ''] = COMMAND.exec(command) ?? [];
  if (object === 'rule') return [RANKS.indexOf('chain'), name, ''];
  if (object === 'map') return [RANKS.indexOf('set'), name, ''];
  if (object === 'table') return [0, '', ''];
  const key = object === 'element' ? rest.slice(2).replace(/( comment "[^"]*")?( : .*)? }$/, '') : '';
  return [RANKS.indexOf(object as 'chain'), name, key];
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function inTransactionOrder(commands: readonly string[]): readonly string[] {
  const placed = commands.map((command) => ({ command, place: placeOf(command) }));
  placed.sort(({ place: a }, { place: b }) => compare(a[0], b[0]) || compare(a[1], b[1]) || compare(a[2], b[2]));
  return placed.map(({ command }) => command);
}

const DUMPED = ['table', 'chain', 'set', 'map', 'rule', 'element'];

/** A dumped table: kind by kind, each by name; rules in order within a chain, elements by key. */
export function inDumpOrder(commands: readonly string[]): readonly string[] {
  const placed = commands.map((command) => {
    const [, name, key] = placeOf(command);
    return { command, kind: DUMPED.indexOf(command.split(' ')[1] ?? ''), name, key };
  });
  placed.sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name) || compare(a.key, b.key));
  return placed.map(({ command }) => command);
}

/** `nft list` text with the blocks of a table by kind and name: sets, maps, chains. Elements keep their order. */
export function inListOrder(text: string): string {
  return text.replace(/^(table .* \{\n(?:\tcomment .*\n)?)([\s\S]*?)^\}\n/gm, (_, head: string, body: string) => {
    const blocks = body.split(/(?<=^\t\}\n)\n?/m).map((block) => {
      const [kind = '', name = ''] = block.trimStart().split(' ');
      return { block, rank: ['set', 'map', 'chain'].indexOf(kind), name };
    });
    blocks.sort((a, b) => compare(a.rank, b.rank) || compare(a.name, b.name));
    return `${head}${blocks.map(({ block }) => block).join('\n')}}\n`;
  });
}
