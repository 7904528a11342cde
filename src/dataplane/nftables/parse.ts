/**
 * nft's text as tables: commands that add (the form in which knftables dumps a table) and what `nft list ruleset` prints.
 * What is not known is refused with its line: a rule left out would change what the others mean.
 */
import type { Family } from '../../model/index.ts';
import type { ParseFailure } from '../iptables/index.ts';
import { parseDatum, parseRule, parseVerdict } from './parse-statement.ts';
import type { RawSet, RawTable } from './raw-table.ts';
import { readCommands } from './read-commands.ts';
import { readList } from './read-list.ts';
import type { NftChain, NftDatum, NftElement, NftRule, NftSet, NftTable, NftType } from './ruleset.ts';
import { Cursor, Refusal, type Token } from './tokens.ts';

/** IPv4 and IPv6 tables in the order of the text, or the first thing that is not understood. */
export function parseNft(text: string): readonly NftTable[] | ParseFailure {
  try {
    const isList = /^\s*table\s/.test(text);
    return [...(isList ? readList(text) : readCommands(text))].map(tableOf);
  } catch (error) {
    if (error instanceof Refusal) return error.failure;
    throw error;
  }
}

class ParsedSet implements NftSet {
  readonly name: string;
  readonly kind: NftSet['kind'];
  readonly type: readonly NftType[];
  readonly comment?: string;
  readonly flags?: NonNullable<NftSet['flags']>;
  readonly timeoutSeconds?: number;
  readonly #elements = new Map<string, NftElement>();

  constructor(definition: RawSet['definition']) {
    const { name, kind, type, comment, flags, timeoutSeconds } = definition;
    this.name = name;
    this.kind = kind;
    this.type = type;
    if (comment !== undefined) this.comment = comment;
    if (flags !== undefined) this.flags = flags;
    if (timeoutSeconds !== undefined) this.timeoutSeconds = timeoutSeconds;
  }

  get elements(): readonly NftElement[] {
    return [...this.#elements.values()];
  }

  find(key: readonly NftDatum[]): NftElement | undefined {
    return this.#elements.get(key.join(' '));
  }

  /** while the table is being read only */
  add(element: NftElement): void {
    this.#elements.set(element.key.join(' '), element);
  }
}

class ParsedTable implements NftTable {
  readonly family: Family;
  readonly name: string;
  readonly comment?: string;
  readonly #chains: ReadonlyMap<string, NftChain & { readonly rules: NftRule[] }>;
  readonly #sets: ReadonlyMap<string, ParsedSet>;

  constructor(raw: RawTable) {
    this.family = raw.family;
    this.name = raw.name;
    if (raw.comment !== undefined) this.comment = raw.comment;
    this.#chains = new Map([...raw.chains].map(([name, chain]) => [name, { ...chain.definition, rules: [] }]));
    this.#sets = new Map([...raw.sets].map(([name, set]) => [name, new ParsedSet(set.definition)]));
    for (const [name, { elements }] of raw.sets) for (const tokens of elements) this.#addElement(name, tokens);
    for (const [name, { rules }] of raw.chains)
      for (const tokens of rules) this.#chains.get(name)!.rules.push(parseRule(tokens, this));
  }

  baseChains(): readonly NftChain[] {
    return this.chains().filter(({ hook }) => hook !== undefined);
  }

  chains(): readonly NftChain[] {
    return [...this.#chains.values()];
  }

  sets(): readonly NftSet[] {
    return [...this.#sets.values()];
  }

  chain(name: string): NftChain | undefined {
    return this.#chains.get(name);
  }

  set(name: string): NftSet | undefined {
    return this.#sets.get(name);
  }

  #addElement(name: string, tokens: readonly Token[]): void {
    const set = this.#sets.get(name)!;
    const cursor = new Cursor(tokens);
    const key = set.type.map((type, i) => {
      if (i > 0) cursor.expect('.');
      return parseDatum(cursor, type);
    });
    const comment = cursor.accept('comment') ? { comment: cursor.word() } : {};
    const verdict = cursor.accept(':') ? { verdict: parseVerdict(cursor, this) } : {};
    if (!cursor.isDone) throw cursor.refuse(`unknown in an element: ${cursor.word()}`);
    if ((set.kind === 'map') !== 'verdict' in verdict) throw cursor.refuse(`an element that is none of a ${set.kind}`);
    set.add({ key, ...comment, ...verdict });
  }
}

function tableOf(raw: RawTable): NftTable {
  return new ParsedTable(raw);
}
