/** nft's text, both ways. What nft itself prints comes from recordings: nft 1.0.6 listing kube-proxy's tables. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import { addressOf, contains, formatAddress } from '../../model/index.ts';
import { nftList } from './list.ts';
import { parseNft } from './parse.ts';
import type { NftRule, NftTable } from './ruleset.ts';

const DATA = new URL('../../../test/conformance/data/kube-proxy-nftables', import.meta.url).pathname;

interface Step {
  readonly ruleset: string;
  readonly nftList?: string;
}

function parsed(text: string): readonly NftTable[] {
  const tables = parseNft(text);
  if ('line' in tables) throw new Error(`line ${tables.line}: ${tables.message}`);
  return tables;
}

function refusal(text: string): string {
  const result = parseNft(text);
  if (!('line' in result)) throw new Error('nothing was refused');
  return `${result.line}: ${result.message}`;
}

const steps = readdirSync(DATA)
  .sort()
  .flatMap((file) => (JSON.parse(readFileSync(`${DATA}/${file}`, 'utf8')) as { steps: Step[] }).steps);

/** nft merges networks into one set member, and on reading that back takes the braces off: so does every copy of its list. */
const rereadByNft = (text: string) => text.replaceAll(/ \{ ([\d./]+) \} drop/g, ' $1 drop');

describe('recorded tables', () => {
  test('what nft lists is read, and listed again as nft would', () => {
    const lists = steps.flatMap((step) => (step.nftList === undefined ? [] : [step.nftList]));
    expect(lists.length).toBeGreaterThan(100);
    for (const text of lists) expect(nftList(parsed(text))).toBe(rereadByNft(text));
  });

  test('what commands make is listed as nft lists it', () => {
    for (const { ruleset, nftList: text } of steps) if (text !== undefined) expect(nftList(parsed(ruleset))).toBe(text);
  });
});

function onlyRule(text: string): NftRule {
  return parsed(`add table ip t\nadd chain ip t c\nadd rule ip t c ${text}`)[0]!.chain('c')!.rules[0]!;
}

function listed(rule: string): string {
  const lines = nftList(parsed(`add table ip t\nadd chain ip t c\nadd rule ip t c ${rule}`)).split('\n');
  return lines[2]!.trim();
}

// Each pair was taken from nft 1.0.6 itself.
describe('how nft prints what it is given', () => {
  it.each([
    [
      'ip saddr != { 10.0.0.0/8 , 10.1.0.0/16 , 1.2.3.4 , 1.2.3.5 } drop',
      'ip saddr != { 1.2.3.4/31, 10.0.0.0/8 } drop',
    ],
    ['ip saddr { 10.0.0.0/25 , 10.0.0.128/25 } drop', 'ip saddr { 10.0.0.0/24 } drop'],
    ['ip saddr { 10.0.0.0/25 , 10.0.0.128/25 , 10.0.1.0 } drop', 'ip saddr { 10.0.0.0-10.0.1.0 } drop'],
    ['ip saddr != { 203.0.113.5/32 } drop', 'ip saddr != 203.0.113.5 drop'],
    ['ip saddr != { 203.0.113.5/32 , 203.0.113.6 } drop', 'ip saddr != { 203.0.113.5-203.0.113.6 } drop'],
    ['ip saddr != { 0.0.0.0/1 , 128.0.0.0/1 } drop', 'ip saddr != { 0.0.0.0/0 } drop'],
    ['ip saddr { 9.9.9.9 , 1.1.1.1 , 8.8.8.8 } accept', 'ip saddr { 1.1.1.1, 8.8.8.8, 9.9.9.9 } accept'],
    ['iifname veth* accept', 'iifname "veth*" accept'],
    ['mark and 0x4000 == 0 return', 'meta mark & 0x00004000 == 0x00000000 return'],
    ['mark 0x4000 accept', 'meta mark 0x00004000 accept'],
    ['mark set 0x1', 'meta mark set 0x00000001'],
    ['ct state new,established accept', 'ct state established,new accept'],
    ['counter', 'counter packets 0 bytes 0'],
  ])('%s', (given, printed) => {
    expect(listed(given)).toBe(printed);
  });

  it('sets, a few elements a line, and times', () => {
    const text = [
      'add table ip t',
      'add set ip t s { type inet_service ; }',
      'add element ip t s { 1, 2, 3, 4, 5, 6 }',
      'add map ip t m { type ipv4_addr : verdict ; }',
      'add element ip t m { 1.2.3.6 : drop, 1.2.3.4 : drop, 1.2.3.5 : accept }',
      'add set ip t a { type ipv4_addr ; flags dynamic,timeout ; timeout 100000s ; }',
    ].join('\n');
    const list = nftList(parsed(text));
    expect(list).toContain('elements = { 1, 2, 3, 4, 5,\n\t\t\t     6 }');
    expect(list).toContain('elements = { 1.2.3.4 : drop, 1.2.3.5 : accept,\n\t\t\t     1.2.3.6 : drop }');
    expect(list).toContain('timeout 1d3h46m40s');
  });
});

describe('what is not known is refused, by name and line', () => {
  const chain = 'add table ip t\nadd chain ip t c\n';
  it.each([
    ['3: unknown match: ip dscp', `${chain}add rule ip t c ip dscp 4 accept`],
    ['4: unknown match: limit rate', `${chain}add rule ip t c accept\nadd rule ip t c limit rate 1/second accept`],
    ['3: no such chain: d', `${chain}add rule ip t c jump d`],
    ['3: no such set or map: @s', `${chain}add rule ip t c ip saddr @s accept`],
    ['3: not an IPv4 address: 10.0.0.256', `${chain}add rule ip t c ip saddr 10.0.0.256 accept`],
    ['3: numgen mod 2 with 1 choices', `${chain}add rule ip t c numgen random mod 2 vmap { 0 : accept }`],
    ['3: unknown match: ct helper', `${chain}add rule ip t c ct helper ftp`],
    ['3: unknown match: with tcp', `${chain}add rule ip t c reject with tcp reset`],
    ['1: unknown family of tables: inet', 'add table inet t'],
    ['2: unknown in a table: flowtable', 'table ip t {\n\tflowtable f {\n\t}\n}'],
    ['2: unknown flag: interval', 'add table ip t\nadd set ip t s { type ipv4_addr ; flags interval ; }'],
  ])('%s', (message, text) => {
    expect(refusal(text)).toBe(message);
  });
});

describe('sets of networks', () => {
  const network = fc.tuple(fc.nat(31), fc.integer({ min: 24, max: 32 })).map(([low, length]) => {
    const mask = 2 ** (32 - length);
    return `10.0.0.${Math.floor((low * 8) / mask) * mask}/${length}`;
  });

  it('hold the same addresses after they were merged, printed and read', () => {
    holds(
      fc.property(fc.array(network, { minLength: 2, maxLength: 6 }), (networks) => {
        const given = onlyRule(`ip saddr { ${networks.join(' , ')} } drop`);
        const printed = listed(`ip saddr { ${networks.join(' , ')} } drop`);
        for (let low = 0; low < 256; low++) {
          const address = addressOf(`10.0.0.${low}`);
          expect(matches(onlyRule(printed), address), formatAddress(address)).toBe(matches(given, address));
        }
      }),
      { numRuns: 40 },
    );
  });

  function matches({ statements: [statement] }: NftRule, address: ReturnType<typeof addressOf>): boolean {
    if (statement?.statement !== 'match' || statement.against.operand === 'set') throw new Error('not a set');
    const { against } = statement;
    const members = against.operand === 'members' ? against.members : [against.value];
    return members.some((member) => (typeof member === 'object' ? contains(member, address) : member === address));
  }
});
