/**
 * Rules as text, in two spellings: as kube-proxy writes them into commands (knftables), and as `nft list` of version 1.0.6
 * prints them back.
 */
import { type Address, type Cidr, type Family, formatAddress, formatCidr, formatEndpoint } from '../../model/index.ts';
import {
  STATE_DNAT,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  STATE_SNAT,
  STATE_UNTRACKED,
} from '../netfilter.ts';
import {
  datumText,
  destinationText,
  familyText,
  isCidr,
  markText,
  protocolText,
  selectorsText,
  selectorText,
  typeOf,
} from './datum-text.ts';
import { intervalTexts } from './intervals.ts';
import type { NftMember, NftOperand, NftRule, NftSelector, NftStatement, NftVerdict } from './ruleset.ts';

export interface Spelling {
  readonly family: Family;
  readonly form: 'command' | 'list';
  /** how many digits a mark has in commands: kube-proxy's have 8 */
  readonly markDigits: number;
}

/** In the order of the kernel's bits, as nft lists them. */
const CT_NAMES: readonly (readonly [number, string])[] = [
  [STATE_INVALID, 'invalid'],
  [STATE_ESTABLISHED, 'established'],
  [STATE_RELATED, 'related'],
  [STATE_NEW, 'new'],
  [STATE_UNTRACKED, 'untracked'],
  [STATE_SNAT, 'snat'],
  [STATE_DNAT, 'dnat'],
];

const OPERATORS = { or: '|', xor: '^', and: '&' } as const;

export function ctBit(name: string): number | undefined {
  return CT_NAMES.find(([, known]) => known === name)?.[0];
}

export function verdictText(verdict: NftVerdict): string {
  return 'chain' in verdict ? `${verdict.verdict} ${verdict.chain.name}` : verdict.verdict;
}

export function ruleText(rule: NftRule, spelling: Spelling): string {
  const texts = rule.statements.map((statement) => statementText(statement, spelling));
  if (rule.comment !== undefined) texts.push(`comment "${rule.comment}"`);
  return texts.join(' ');
}

function statementText(statement: NftStatement, spelling: Spelling): string {
  const { family, form } = spelling;
  const not = 'inverted' in statement && statement.inverted ? '!= ' : '';
  switch (statement.statement) {
    case 'match':
      return `${leftText(statement.selectors, spelling)} ${not}${operandText(statement.selectors, statement.against, spelling)}`;
    case 'port':
      return `${protocolText(statement.protocol)} ${statement.side} ${not}${statement.port}`;
    case 'ct':
      return `ct ${statement.field} ${not}${ctText(statement.bits)}`;
    case 'mark':
      return markTestText(statement, spelling);
    case 'fib':
      return `fib ${statement.side} type ${statement.type}`;
    case 'set mark':
      return setMarkText(statement, spelling);
    case 'vmap':
      return `${leftText(statement.selectors, spelling)} vmap @${statement.map.name}`;
    case 'numgen':
      return `numgen random mod ${statement.verdicts.length} vmap ${choices(statement.verdicts.map(verdictText), form)}`;
    case 'update':
      return `update @${statement.set.name} { ${selectorText(statement.selector, family)} }`;
    case 'dnat':
      return `dnat to ${formatEndpoint(statement.to.address, statement.to.port)}`;
    case 'dnat by numgen':
      return (
        `dnat ${familyText(family)} ${form === 'command' ? 'addr . port ' : ''}to ` +
        `numgen random mod ${statement.to.length} map ${choices(statement.to.map(destinationText), form)}`
      );
    case 'masquerade':
      return statement.fullyRandom ? 'masquerade fully-random' : 'masquerade';
    case 'counter':
      return form === 'command' ? 'counter' : 'counter packets 0 bytes 0';
    case 'reject':
      return 'reject';
    case 'verdict':
      return verdictText(statement.verdict);
    default:
      return statement satisfies never;
  }
}

function leftText(selectors: readonly NftSelector[], { family, form }: Spelling): string {
  return selectors.length === 1 && selectors[0] === 'mark' && form === 'command'
    ? 'mark'
    : selectorsText(selectors, family);
}

function ctText(bits: number): string {
  return CT_NAMES.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(',');
}

/** `{ 0 : a , 1 : b }` */
function choices(texts: readonly string[], form: Spelling['form']): string {
  const numbered = texts.map((text, i) => `${i} : ${text}`);
  return `{ ${numbered.join(form === 'command' ? ' , ' : ', ')} }`;
}

function markTestText(
  { mask, value, inverted }: { readonly mask: number; readonly value: number; readonly inverted: boolean },
  { form, markDigits }: Spelling,
): string {
  const operator = inverted ? '!=' : '==';
  if (form === 'list') return `meta mark & ${markText(mask)} ${operator} ${markText(value)}`;
  return `mark and ${markText(mask, markDigits)} ${operator} ${value === 0 ? '0' : markText(value, markDigits)}`;
}

function setMarkText(
  { operation, value }: { readonly operation: 'or' | 'xor' | 'and' | 'set'; readonly value: number },
  { form, markDigits }: Spelling,
): string {
  if (form === 'command') {
    const text = markText(value, markDigits);
    return operation === 'set' ? `mark set ${text}` : `mark set mark ${operation} ${text}`;
  }
  const text = markText(value);
  return operation === 'set' ? `meta mark set ${text}` : `meta mark set meta mark ${OPERATORS[operation]} ${text}`;
}

function operandText(selectors: readonly NftSelector[], against: NftOperand, spelling: Spelling): string {
  const selector = selectors[0]!;
  switch (against.operand) {
    case 'set':
      return `@${against.set.name}`;
    case 'value':
      return memberText(against.value, selector, spelling);
    case 'members': {
      const { members, separator } = against;
      if (spelling.form === 'command')
        return `{ ${members.map((member) => memberText(member, selector, spelling)).join(separator)} }`;
      // nft takes the braces off a set of one before it looks for intervals: a set that became one by merging keeps them.
      const [only] = members;
      if (members.length === 1 && only !== undefined) return memberText(only, selector, spelling);
      return `{ ${listedMembers(members, selector, spelling).join(', ')} }`;
    }
    default:
      return against satisfies never;
  }
}

function listedMembers(members: readonly NftMember[], selector: NftSelector, spelling: Spelling): readonly string[] {
  if (selector === 'saddr' || selector === 'daddr') return intervalTexts(members, spelling.family);
  const inOrder = [...members].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return inOrder.map((member) => memberText(member, selector, spelling));
}

function memberText(member: NftMember, selector: NftSelector, { family, form, markDigits }: Spelling): string {
  if (isCidr(member)) return cidrText(member, form);
  if (selector === 'saddr' || selector === 'daddr') return formatAddress(member as Address);
  if (selector === 'iifname' || selector === 'oifname') return form === 'list' ? `"${member}"` : String(member);
  if (selector === 'mark') return markText(Number(member), form === 'list' ? 8 : markDigits);
  return datumText(member, typeOf(selector, family));
}

/** `nft list` leaves the length out where the network is one address. */
function cidrText(cidr: Cidr, form: Spelling['form']): string {
  const isHost = cidr.prefixLength === (cidr.family === 4 ? 32 : 128);
  return form === 'list' && isHost ? formatAddress(cidr.network) : formatCidr(cidr);
}
