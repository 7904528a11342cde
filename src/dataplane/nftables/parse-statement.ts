/**
 * Rules from words, in either spelling: kube-proxy's commands or `nft list`. What is not known is refused by name.
 * Grammar: nft(8).
 */
import {
  type Address,
  type Cidr,
  type Family,
  familyOf,
  type ProtocolNumber,
  parseAddress,
  parseCidr,
} from '../../model/index.ts';
import { protocolNumber, typeOf } from './datum-text.ts';
import { cidrsOfRange } from './intervals.ts';
import type {
  NftChain,
  NftDatum,
  NftDestination,
  NftMember,
  NftOperand,
  NftRule,
  NftSelector,
  NftSet,
  NftStatement,
  NftType,
  NftVerdict,
} from './ruleset.ts';
import { ctBit } from './statement-text.ts';
import { Cursor, listItems, type Token } from './tokens.ts';

/** What names in rules stand for. */
export interface Names {
  readonly family: Family;
  chain(name: string): NftChain | undefined;
  set(name: string): NftSet | undefined;
}

const VERDICTS = ['accept', 'drop', 'return', 'continue'] as const;
const OPERATIONS: Readonly<Record<string, 'or' | 'xor' | 'and'>> = {
  or: 'or',
  '|': 'or',
  xor: 'xor',
  '^': 'xor',
  and: 'and',
  '&': 'and',
};

export function parseRule(tokens: readonly Token[], names: Names): NftRule {
  const cursor = new Cursor(tokens);
  const statements: NftStatement[] = [];
  let comment: string | undefined;
  while (!cursor.isDone) {
    if (cursor.accept('comment')) comment = cursor.word();
    else statements.push(parseStatement(cursor, names));
  }
  return comment === undefined ? { statements } : { statements, comment };
}

function parseStatement(cursor: Cursor, names: Names): NftStatement {
  switch (cursor.peek) {
    case 'ct':
      return parseCt(cursor);
    case 'fib':
      return parseFib(cursor);
    case 'numgen':
      return { statement: 'numgen', verdicts: parseChoices(cursor, 'vmap', (item) => parseVerdict(item, names)) };
    case 'update':
      return parseUpdate(cursor, names);
    case 'dnat':
      return parseDnat(cursor, names.family);
    case 'masquerade':
      cursor.expect('masquerade');
      return { statement: 'masquerade', fullyRandom: cursor.accept('fully-random') };
    case 'reject':
      cursor.expect('reject');
      return { statement: 'reject' };
    case 'counter':
      return parseCounter(cursor);
    case 'tcp':
    case 'udp':
    case 'sctp':
      return parsePort(cursor);
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
    case 'jump':
    case 'goto':
      return { statement: 'verdict', verdict: parseVerdict(cursor, names) };
    default:
      return parseMatch(cursor, names);
  }
}

function parseCt(cursor: Cursor): NftStatement {
  cursor.expect('ct');
  const field = cursor.word();
  if (field !== 'state' && field !== 'status') throw cursor.refuse(`unknown match: ct ${field}`);
  const inverted = parseInversion(cursor);
  let bits = 0;
  do {
    const name = cursor.word();
    const bit = ctBit(name);
    if (bit === undefined) throw cursor.refuse(`unknown ct ${field}: ${name}`);
    bits |= bit;
  } while (cursor.accept(','));
  return { statement: 'ct', field, bits, inverted };
}

function parseInversion(cursor: Cursor): boolean {
  if (cursor.accept('!=')) return true;
  cursor.accept('==');
  return false;
}

function parseFib(cursor: Cursor): NftStatement {
  cursor.expect('fib');
  const side = cursor.word();
  if (side !== 'saddr' && side !== 'daddr') throw cursor.refuse(`unknown match: fib ${side}`);
  cursor.expect('type', 'local');
  return { statement: 'fib', side, type: 'local' };
}

function parseUpdate(cursor: Cursor, names: Names): NftStatement {
  cursor.expect('update');
  const set = parseSetName(cursor, names);
  const inner = new Cursor(cursor.braced());
  const selector = parseSelector(inner);
  if (!inner.isDone) throw inner.refuse(`unknown in update: ${inner.word()}`);
  return { statement: 'update', set, selector };
}

function parseSetName(cursor: Cursor, names: Names): NftSet {
  const name = cursor.word();
  const set = name.startsWith('@') ? names.set(name.slice(1)) : undefined;
  if (set === undefined) throw cursor.refuse(`no such set or map: ${name}`);
  return set;
}

/** `random mod N vmap { 0 : …, 1 : … }`: all of N, in order. */
function parseChoices<T>(cursor: Cursor, kind: 'map' | 'vmap', parse: (item: Cursor) => T): readonly T[] {
  cursor.expect('numgen', 'random', 'mod');
  const count = Number(cursor.word());
  cursor.expect(kind);
  const choices = listItems(cursor.braced()).map((tokens, i) => {
    const item = new Cursor(tokens);
    item.expect(String(i), ':');
    const choice = parse(item);
    if (!item.isDone) throw item.refuse(`unknown choice: ${item.word()}`);
    return choice;
  });
  if (choices.length !== count) throw cursor.refuse(`numgen mod ${count} with ${choices.length} choices`);
  return choices;
}

export function parseVerdict(cursor: Cursor, names: Names): NftVerdict {
  const word = cursor.word();
  const simple = VERDICTS.find((verdict) => verdict === word);
  if (simple !== undefined) return { verdict: simple };
  if (word !== 'jump' && word !== 'goto') throw cursor.refuse(`unknown verdict: ${word}`);
  const name = cursor.word();
  const chain = names.chain(name);
  if (chain === undefined) throw cursor.refuse(`no such chain: ${name}`);
  return { verdict: word, chain };
}

function parseDnat(cursor: Cursor, family: Family): NftStatement {
  cursor.expect('dnat');
  if (cursor.accept(family === 4 ? 'ip' : 'ip6') && cursor.accept('addr')) cursor.expect('.', 'port');
  cursor.expect('to');
  if (cursor.peek === 'numgen') {
    const to = parseChoices(cursor, 'map', (item) => {
      const address = parseAddressWord(item.word(), family, item);
      item.expect('.');
      return { address, port: parsePortNumber(item) };
    });
    return { statement: 'dnat by numgen', to };
  }
  return { statement: 'dnat', to: parseDestination(cursor, family) };
}

/** `10.0.0.1:80`, `[fd00::1]:80` */
function parseDestination(cursor: Cursor, family: Family): NftDestination {
  const text = cursor.word();
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined) throw cursor.refuse(`not an address and port: ${text}`);
  return { address: parseAddressWord(address, family, cursor), port: Number(port) };
}

function parseAddressWord(text: string, family: Family, cursor: Cursor): Address {
  const address = parseAddress(text);
  if (address === undefined || familyOf(address) !== family)
    throw cursor.refuse(`not an IPv${family} address: ${text}`);
  return address;
}

function parsePortNumber(cursor: Cursor): number {
  const text = cursor.word();
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw cursor.refuse(`not a port: ${text}`);
  return Number(text);
}

function parseCounter(cursor: Cursor): NftStatement {
  cursor.expect('counter');
  if (cursor.accept('packets')) {
    cursor.word();
    cursor.expect('bytes');
    cursor.word();
  }
  return { statement: 'counter' };
}

function parsePort(cursor: Cursor): NftStatement {
  const protocol = protocolNumber(cursor.word()) as ProtocolNumber;
  const side = cursor.word();
  if (side !== 'sport' && side !== 'dport') throw cursor.refuse(`unknown match: ${side} of a transport`);
  const inverted = parseInversion(cursor);
  return { statement: 'port', protocol, side, inverted, port: parsePortNumber(cursor) };
}

function parseSelector(cursor: Cursor): NftSelector {
  const word = cursor.word();
  if (word === 'mark' || word === 'iifname' || word === 'oifname') return word;
  const field = cursor.word();
  if ((word === 'ip' || word === 'ip6') && (field === 'saddr' || field === 'daddr')) return field;
  if (word === 'th' && (field === 'sport' || field === 'dport')) return field;
  if (word === 'meta' && (field === 'l4proto' || field === 'mark' || field === 'iifname' || field === 'oifname'))
    return field;
  throw cursor.refuse(`unknown match: ${word} ${field}`);
}

function parseMatch(cursor: Cursor, names: Names): NftStatement {
  const selectors = [parseSelector(cursor)];
  const [first] = selectors;
  if (first === 'mark') {
    if (cursor.accept('set')) return parseMarkChange(cursor);
    if (OPERATIONS[cursor.peek] === 'and') return parseMarkTest(cursor);
  }
  while (cursor.accept('.')) selectors.push(parseSelector(cursor));
  if (cursor.accept('vmap')) return { statement: 'vmap', selectors, map: parseSetName(cursor, names) };
  const inverted = parseInversion(cursor);
  return { statement: 'match', selectors, inverted, against: parseOperand(cursor, selectors, names) };
}

function parseMark(cursor: Cursor): number {
  const text = cursor.word();
  if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) throw cursor.refuse(`not a mark: ${text}`);
  return Number(text);
}

/** `mark or V`, `meta mark | V`, or the value itself */
function parseMarkChange(cursor: Cursor): NftStatement {
  cursor.accept('meta');
  if (!cursor.accept('mark')) return { statement: 'set mark', operation: 'set', value: parseMark(cursor) };
  const operation = OPERATIONS[cursor.word()];
  if (operation === undefined) throw cursor.refuse('unknown operation on the mark');
  return { statement: 'set mark', operation, value: parseMark(cursor) };
}

function parseMarkTest(cursor: Cursor): NftStatement {
  cursor.word();
  const mask = parseMark(cursor);
  const inverted = parseInversion(cursor);
  return { statement: 'mark', mask, value: parseMark(cursor), inverted };
}

function parseOperand(cursor: Cursor, selectors: readonly NftSelector[], names: Names): NftOperand {
  if (cursor.peek.startsWith('@')) return { operand: 'set', set: parseSetName(cursor, names) };
  const [selector] = selectors;
  if (selector === undefined || selectors.length > 1) throw cursor.refuse('a concatenation against no named set');
  const type = typeOf(selector, names.family);
  if (cursor.peek !== '{') return { operand: 'value', value: parseMember(cursor, type, names.family)[0]! };
  const members = listItems(cursor.braced()).flatMap((tokens) => parseMember(new Cursor(tokens), type, names.family));
  return { operand: 'members', members, separator: ' , ' };
}

function parseMember(cursor: Cursor, type: NftType, family: Family): readonly NftMember[] {
  if (type !== 'ipv4_addr' && type !== 'ipv6_addr') return [parseDatum(cursor, type)];
  const text = cursor.word();
  const range = /^([^-]+)-([^-]+)$/.exec(text);
  if (range !== null) {
    const [first, last] = [range[1]!, range[2]!].map((end) => parseAddressWord(end, family, cursor));
    return cidrsOfRange(first!, last!, family);
  }
  if (!text.includes('/')) return [parseAddressWord(text, family, cursor)];
  const cidr: Cidr | undefined = parseCidr(text);
  if (cidr === undefined || cidr.family !== family) throw cursor.refuse(`not an IPv${family} network: ${text}`);
  return [cidr];
}

/** One field of an element's key, or what a field is held against. */
export function parseDatum(cursor: Cursor, type: NftType): NftDatum {
  switch (type) {
    case 'ipv4_addr':
      return parseAddressWord(cursor.word(), 4, cursor);
    case 'ipv6_addr':
      return parseAddressWord(cursor.word(), 6, cursor);
    case 'inet_proto': {
      const text = cursor.word();
      const number = protocolNumber(text);
      if (number === undefined) throw cursor.refuse(`not a protocol: ${text}`);
      return number;
    }
    case 'inet_service':
      return parsePortNumber(cursor);
    case 'ifname':
      return cursor.word();
    case 'mark':
      return parseMark(cursor);
    default:
      return type satisfies never;
  }
}
