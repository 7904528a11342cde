/** What `nft list ruleset` of version 1.0.6 prints, counters zeroed. */
import { datumText, familyText } from './datum-text.ts';
import { inListOrder } from './element-order.ts';
import type { NftChain, NftElement, NftHook, NftRule, NftSet, NftTable, NftType } from './ruleset.ts';
import { ruleText, type Spelling, verdictText } from './statement-text.ts';

/** Elements on one line, by the type of a set that is no concatenation; others have a line each (calculate_delim). */
const PER_LINE: { readonly [T in NftType]?: number } = { ipv4_addr: 2, inet_proto: 5, inet_service: 5, mark: 2 };
/** nft gives a set this size when a rule adds to it and nobody said one. */
const UPDATED_SET_SIZE = 65_535;

/** Priorities that have a name at every hook, and those that have one at theirs only (netfilter_ipv4.h). */
const PRIORITY_NAMES: ReadonlyMap<string, number> = new Map([
  ['raw', -300],
  ['mangle', -150],
  ['filter', 0],
  ['security', 50],
]);
const DSTNAT = -100;
const SRCNAT = 100;
/** nft names a priority by the nearest name no further away than this. */
const NAMED_WITHIN = 10;

/** The tables one after the other. Makes every rule: for people, never on the way of a packet. */
export function nftList(tables: readonly NftTable[]): string {
  return tables.map(tableText).join('');
}

function tableText(table: NftTable): string {
  const updated = updatedSets(table.chains());
  const blocks = [
    ...table.sets().map((set) => setText(set, updated.has(set.name))),
    ...table.chains().map((chain) => chainText(chain, { family: table.family, form: 'list', markDigits: 8 })),
  ];
  const head = table.comment === undefined ? '' : `\tcomment "${table.comment}"\n`;
  return `table ${familyText(table.family)} ${table.name} {\n${head}${blocks.join('\n')}}\n`;
}

function updatedSets(chains: readonly NftChain[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const chain of chains)
    for (const rule of chain.rules)
      for (const statement of rule.statements) if (statement.statement === 'update') names.add(statement.set.name);
  return names;
}

function setText(set: NftSet, isUpdated: boolean): string {
  const lines = [`\t${set.kind} ${set.name} {`, `\t\ttype ${setTypeText(set)}`];
  if (isUpdated) lines.push(`\t\tsize ${UPDATED_SET_SIZE}`);
  if (set.flags !== undefined) lines.push(`\t\tflags ${set.flags.join(',')}`);
  if (set.timeoutSeconds !== undefined) lines.push(`\t\ttimeout ${durationText(set.timeoutSeconds)}`);
  if (set.comment !== undefined) lines.push(`\t\tcomment "${set.comment}"`);
  const { elements } = set;
  if (elements.length > 0) lines.push(`\t\telements = { ${elementsText(set)} }`);
  return `${lines.join('\n')}\n\t}\n`;
}

export function setTypeText({ type, kind }: Pick<NftSet, 'type' | 'kind'>): string {
  return `${type.join(' . ')}${kind === 'map' ? ' : verdict' : ''}`;
}

function elementsText(set: NftSet): string {
  const [only, second] = set.type;
  const perLine = (second === undefined ? PER_LINE[only!] : undefined) ?? 1;
  let text = '';
  for (const [i, element] of inListOrder(set.elements, set.type).entries()) {
    if (i > 0) text += i % perLine === 0 ? ',\n\t\t\t     ' : ', ';
    text += elementText(element, set.type);
  }
  return text;
}

/** `10.96.0.1 . tcp . 443 comment "…" : goto …`; the same in commands. */
export function elementText({ key, comment, verdict }: NftElement, types: readonly NftType[]): string {
  return (
    elementKeyText(key, types) +
    (comment === undefined ? '' : ` comment "${comment}"`) +
    (verdict === undefined ? '' : ` : ${verdictText(verdict)}`)
  );
}

export function elementKeyText(key: NftElement['key'], types: readonly NftType[]): string {
  return key.map((datum, i) => datumText(datum, types[i]!)).join(' . ');
}

function chainText(chain: NftChain, spelling: Spelling): string {
  const lines = [`\tchain ${chain.name} {`];
  if (chain.comment !== undefined) lines.push(`\t\tcomment "${chain.comment}"`);
  if (chain.hook !== undefined) lines.push(`\t\t${hookText(chain.hook)}`);
  lines.push(...chain.rules.map((rule: NftRule) => `\t\t${ruleText(rule, spelling)}`));
  return `${lines.join('\n')}\n\t}\n`;
}

function hookText({ type, hook, priority, policy }: NftHook): string {
  return `type ${type} hook ${hook} priority ${priorityText(priority, hook)}; policy ${policy};`;
}

function priorityText(priority: number, hook: NftHook['hook']): string {
  const names = [...PRIORITY_NAMES];
  if (hook === 'prerouting') names.push(['dstnat', DSTNAT]);
  if (hook === 'postrouting') names.push(['srcnat', SRCNAT]);
  for (const [name, value] of names) {
    const offset = priority - value;
    if (offset === 0) return name;
    if (Math.abs(offset) <= NAMED_WITHIN) return `${name} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  }
  return String(priority);
}

/** `1d3h46m40s` */
function durationText(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join('');
}
