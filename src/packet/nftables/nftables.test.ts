/** Packets over nft's tables: the flows of kube-proxy's own tests over the tables it wrote, read from their text. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { type NftTable, nftRuleset, parseNft } from '../../dataplane/index.ts';
import {
  addressOf,
  type Dice,
  formatEndpoint,
  type Packet,
  PROTOCOL_NUMBERS,
  type Protocol,
  SYN,
  TCP,
} from '../../model/index.ts';
import { type Outcome, outcomes } from '../outcomes.ts';
import { commit, send } from '../send.ts';
import { type SoloWorld, soloWorld } from '../solo-world.ts';

interface Flow {
  readonly name: string;
  readonly sourceIP: string;
  readonly protocol: string;
  readonly destIP: string;
  readonly destPort: number;
  readonly outcomes: readonly { readonly output: string; readonly masquerade: boolean }[];
}

interface Recording {
  readonly config: { readonly localAddresses?: readonly string[] };
  readonly steps: readonly { readonly ruleset: string; readonly flows: readonly Flow[] }[];
}

const DATA = new URL('../../../test/conformance/data/kube-proxy-nftables', import.meta.url).pathname;
const NEVER: Dice = { below: () => 0, fraction: () => 0, split: () => NEVER };

function parsed(text: string): readonly NftTable[] {
  const tables = parseNft(text);
  if ('line' in tables) throw new Error(`line ${tables.line}: ${tables.message}`);
  return tables;
}

function worldOf(text: string, addresses: readonly string[]): SoloWorld {
  const tables = parsed(text);
  const rules = [nftRuleset(tables, tables[0]!.family)];
  return soloWorld({ name: 'node', rules, addresses: addresses.map(addressOf), routeLocalnet: false });
}

function packetOf({ sourceIP, protocol, destIP, destPort }: Omit<Flow, 'name' | 'outcomes'>): Packet {
  const number = PROTOCOL_NUMBERS[protocol.toUpperCase() as Protocol];
  return {
    protocol: number,
    source: addressOf(sourceIP),
    sourcePort: 40_000,
    destination: addressOf(destIP),
    destinationPort: destPort,
    flags: number === TCP ? SYN : 0,
    ttl: 64,
  };
}

function outcomesOf(world: SoloWorld, packet: Packet): readonly Outcome[] {
  return outcomes(world.node.isLocal(packet.source) ? world.node : world.client, packet, 0);
}

function textOf(packet: Packet, { verdict, seen, masqueraded }: Outcome): string {
  const end = formatEndpoint(seen.destination, seen.destinationPort);
  const same = end === formatEndpoint(packet.destination, packet.destinationPort);
  const output = { dropped: 'DROP', rejected: 'REJECT', delivered: same ? '' : end, unroutable: 'UNROUTABLE' };
  return `${output[verdict.verdict]}${masqueraded ? ' masqueraded' : ''}`;
}

describe.each(readdirSync(DATA).sort())('%s', (file) => {
  const { config, steps } = JSON.parse(readFileSync(`${DATA}/${file}`, 'utf8')) as Recording;
  const cases = steps.map((step, i) => ({ ...step, i })).filter(({ flows }) => flows.length > 0);

  test.each(cases)('step $i: every flow ends as recorded', ({ ruleset, flows }) => {
    const world = worldOf(ruleset, config.localAddresses ?? []);
    for (const flow of flows) {
      const packet = packetOf(flow);
      const found = outcomesOf(world, packet);
      const recorded = flow.outcomes.map(({ output, masquerade }) => `${output}${masquerade ? ' masqueraded' : ''}`);
      expect([flow.name, ...found.map((each) => textOf(packet, each)).sort()]).toEqual([flow.name, ...recorded.sort()]);
      expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    }
  });
  if (cases.length === 0) it('has no flows', () => expect(steps.flatMap(({ flows }) => flows)).toEqual([]));
});

const TO_SERVICE = { sourceIP: '203.0.113.9', protocol: 'tcp', destIP: '10.96.0.9', destPort: 80 };

/** A table with one base chain before routing, and what else is given. */
function tableWith(...commands: readonly string[]): string {
  return [
    'add table ip t',
    'add chain ip t base { type nat hook prerouting priority -100 ; }',
    'add chain ip t first',
    'add chain ip t second',
    ...commands,
  ].join('\n');
}

function ends(text: string): readonly string[] {
  const packet = packetOf(TO_SERVICE);
  return outcomesOf(worldOf(text, ['192.168.0.2']), packet).map((outcome) => textOf(packet, outcome));
}

describe('verdicts', () => {
  it('goto does not come back to the chain it left, but to the one that jumped there', () => {
    const rules = [
      'add rule ip t base jump first',
      'add rule ip t base meta l4proto tcp dnat to 10.0.0.1:1',
      'add rule ip t first goto second',
      'add rule ip t first meta l4proto tcp dnat to 10.0.0.2:2',
    ];
    expect(ends(tableWith(...rules))).toEqual(['10.0.0.1:1']);
  });

  it('jump comes back', () => {
    const rules = ['add rule ip t base jump first', 'add rule ip t base meta l4proto tcp dnat to 10.0.0.1:1'];
    expect(ends(tableWith(...rules))).toEqual(['10.0.0.1:1']);
    expect(ends(tableWith(...rules, 'add rule ip t first meta l4proto tcp dnat to 10.0.0.2:2'))).toEqual([
      '10.0.0.2:2',
    ]);
  });

  it('accept ends one base chain, drop the way', () => {
    const late = 'add chain ip t late { type filter hook prerouting priority -120 ; policy drop ; }';
    const early = 'add chain ip t early { type filter hook prerouting priority -130 ; }';
    expect(ends(tableWith(early, late, 'add rule ip t early accept'))).toEqual(['DROP']);
    expect(ends(tableWith(early, late, 'add rule ip t late accept'))).toEqual(['']);
  });

  it('a map without an element for the packet leaves it to the next rule', () => {
    const rules = [
      'add map ip t m { type inet_proto . inet_service : verdict ; }',
      'add element ip t m { tcp . 81 : drop }',
      'add rule ip t base meta l4proto . th dport vmap @m',
      'add rule ip t base meta l4proto tcp dnat to 10.0.0.1:1',
    ];
    expect(ends(tableWith(...rules))).toEqual(['10.0.0.1:1']);
    expect(ends(tableWith(...rules, 'add element ip t m { tcp . 80 : drop }'))).toEqual(['DROP']);
  });

  it('one of N destinations, each with the same chance', () => {
    const choices = [1, 2, 3, 4, 5].map((n, i) => `${i} : 10.0.0.${n} . 80`).join(' , ');
    const rule = `add rule ip t base meta l4proto tcp dnat ip addr . port to numgen random mod 5 map { ${choices} }`;
    const packet = packetOf(TO_SERVICE);
    const found = outcomesOf(worldOf(tableWith(rule), ['192.168.0.2']), packet);
    expect(found).toHaveLength(5);
    for (const { probability } of found) expect(probability).toBeCloseTo(0.2, 8);
  });

  it('a chain at a place that is not walked is refused, not left out', () => {
    const text = tableWith('add chain ip t x { type filter hook prerouting priority 0 ; }');
    expect(() => ends(text)).toThrow('chain x');
  });
});

describe('a dynamic set', () => {
  const rules = [
    'add set ip t seen { type ipv4_addr ; flags dynamic,timeout ; timeout 60s ; }',
    'add rule ip t base ip saddr @seen drop',
    'add rule ip t base update @seen { ip saddr }',
  ];

  function isDropped(world: SoloWorld, at: number, sourcePort: number): boolean {
    const walked = send(world.client, { ...packetOf(TO_SERVICE), sourcePort }, { at, dice: NEVER });
    commit(walked);
    return walked.verdict.verdict === 'dropped';
  }

  it('remembers an address until its timeout, which every update begins anew', () => {
    const world = worldOf(tableWith(...rules), ['192.168.0.2']);
    expect(isDropped(world, 0, 1)).toBe(false);
    expect(isDropped(world, 59_999, 2)).toBe(true);
    expect(isDropped(world, 60_000, 3)).toBe(false);
    expect(isDropped(world, 119_999, 4)).toBe(true);
  });
});
