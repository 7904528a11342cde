/** Compiled code is an accelerator, never a meaning: over the tables that kube-proxy wrote, running it is walking every rule. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import { type NftSet, type NftTable, nftRuleset, parseNft, type Ruleset } from '../../dataplane/index.ts';
import { addressOf, type Packet, PROTOCOL_NUMBERS, type Protocol, SYN, TCP } from '../../model/index.ts';
import { send } from '../send.ts';
import { soloWorld } from '../solo-world.ts';
import { ScriptedDice } from '../testing.ts';
import { linearNft } from './linear-nft.ts';
import { walkBy } from './ruleset-program.ts';

interface Flow {
  readonly sourceIP: string;
  readonly protocol: string;
  readonly destIP: string;
  readonly destPort: number;
}

interface Step {
  readonly ruleset: string;
  readonly flows: readonly Flow[];
}

const DATA = new URL('../../../test/conformance/data/kube-proxy-nftables', import.meta.url).pathname;
const STEPS = readdirSync(DATA).flatMap((file) => {
  const { config, steps } = JSON.parse(readFileSync(`${DATA}/${file}`, 'utf8')) as {
    readonly config: { readonly localAddresses?: readonly string[] };
    readonly steps: readonly Step[];
  };
  return steps.filter(({ flows }) => flows.length > 0).map((step) => ({ ...step, own: config.localAddresses ?? [] }));
});

function tablesOf(text: string): readonly NftTable[] {
  const tables = parseNft(text);
  if ('line' in tables) throw new Error(`line ${tables.line}: ${tables.message}`);
  return tables;
}

function rulesOf(text: string): Ruleset {
  const tables = tablesOf(text);
  return nftRuleset(tables, tables[0]!.family);
}

/** The same, its sets with what kube-proxy's own tables say of theirs: at which addresses they have nothing. */
function withIdleAddresses(ruleset: Ruleset): Ruleset {
  for (const table of ruleset.nftables ?? [])
    for (const set of table.sets().filter(({ type }) => type[0] === 'ipv4_addr' || type[0] === 'ipv6_addr')) {
      const claimed = new Set(set.elements.map(({ key }) => key[0]));
      const idle = { isAt: (address: string | number) => !claimed.has(address), sameIn: set };
      Object.assign(set, { idle } satisfies Partial<NftSet>);
    }
  return ruleset;
}

const sent = fc.constantFrom(...STEPS).chain(({ ruleset, flows, own }) => {
  const one = <T>(pick: (flow: Flow) => T) => fc.constantFrom(...flows.map(pick));
  // Of one family: a ruleset is.
  const family = (text: string) => text.includes(':') === flows[0]!.sourceIP.includes(':');
  const address = fc.constantFrom(
    ...[...flows.flatMap(({ sourceIP, destIP }) => [sourceIP, destIP]), ...own].filter(family),
  );
  const packet = fc.tuple(
    address,
    address,
    one(({ destPort }) => destPort),
    one(({ protocol }) => protocol),
  );
  return fc.record({
    ruleset: fc.constant(ruleset),
    own: fc.constant(own),
    packets: fc.array(packet, { minLength: 1, maxLength: 12 }),
  });
});

function packetOf([from, to, port, name]: readonly [string, string, number, string]): Packet {
  const protocol = PROTOCOL_NUMBERS[name.toUpperCase() as Protocol];
  return {
    protocol,
    source: addressOf(from),
    sourcePort: 40_000,
    destination: addressOf(to),
    destinationPort: port,
    flags: protocol === TCP ? SYN : 0,
    ttl: 64,
  };
}

function walkWith(ruleset: Ruleset, own: readonly string[], packet: Packet, rolls: readonly number[], record: boolean) {
  const dice = new ScriptedDice(rolls);
  const world = soloWorld({ name: 'node', rules: [ruleset], addresses: own.map(addressOf), routeLocalnet: false });
  const from = world.node.isLocal(packet.source) ? world.node : world.client;
  const { verdict, seen, trace, flight } = send(from, packet, { at: 0, dice, record });
  const remembered = flight.remembered?.map(({ name, address }) => `${name} ${address}`);
  return { verdict, seen, remembered, mark: flight.mark, asked: dice.asked, steps: trace?.steps };
}

const rolls = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 8 });

interface Sent {
  readonly ruleset: string;
  readonly own: readonly string[];
  readonly packets: readonly Parameters<typeof packetOf>[0][];
}

function expectSameWalks({ ruleset, own, packets }: Sent, rolled: readonly number[]): void {
  const linear = rulesOf(ruleset);
  walkBy(linear, linearNft(linear));
  const compiled = [rulesOf(ruleset), withIdleAddresses(rulesOf(ruleset))];
  for (const packet of packets.map(packetOf)) {
    const expected = walkWith(linear, own, packet, rolled, true);
    for (const rules of compiled) {
      expect(walkWith(rules, own, packet, rolled, true)).toEqual(expected);
      expect({ ...walkWith(rules, own, packet, rolled, false), steps: expected.steps }).toEqual(expected);
    }
  }
}

/** Chains that lead to those after them, in every way that nft knows. */
const VERDICTS = ['jump', 'goto'].flatMap((how) => ['b', 'c', 'd'].map((chain) => `${how} ${chain}`));
const statement = fc.constantFrom(
  ...VERDICTS,
  'return',
  'accept',
  'dnat to 10.0.0.9:8080',
  'meta mark set mark or 0x4000',
  'meta mark set mark xor 0x4000',
  'numgen random mod 2 vmap { 0 : goto d, 1 : jump d }',
  'ip daddr . meta l4proto . th dport vmap @m',
  'meta l4proto . th dport vmap @p',
);
const condition = fc.constantFrom(
  '',
  '',
  'ip daddr 10.0.0.1',
  'ip daddr != 10.0.0.0/24',
  'ip daddr @s',
  'ip daddr != @s',
  'ip saddr 10.0.0.2',
  'meta l4proto tcp',
  'tcp dport 80',
  'tcp dport != 80',
  'meta mark & 0x4000 == 0x4000',
  'fib daddr type local',
);
const lines = fc.array(
  fc.tuple(condition, condition, statement).map((parts) => parts.filter(Boolean).join(' ')),
  {
    maxLength: 5,
  },
);
const NAMES = ['a', 'b', 'c', 'd'] as const;
const SETS = `
\tset s {
\t\ttype ipv4_addr
\t\telements = { 10.0.0.1, 10.0.0.3 }
\t}
\tmap m {
\t\ttype ipv4_addr . inet_proto . inet_service : verdict
\t\telements = { 10.0.0.1 . tcp . 80 : goto b, 10.0.0.1 . tcp . 81 : jump c, 10.0.0.2 . tcp . 80 : drop }
\t}
\tmap p {
\t\ttype inet_proto . inet_service : verdict
\t\telements = { tcp . 80 : jump b, tcp . 81 : return }
\t}
`;

/** The kernel refuses circles: a chain leads only to later ones, and only the first asks maps. */
function leadsOn(line: string, at: number): boolean {
  const leadsBack = NAMES.slice(0, at + 1).some(
    (name) => line.endsWith(`jump ${name}`) || line.endsWith(`goto ${name}`),
  );
  return !leadsBack && (at === 0 || !line.includes('vmap'));
}

const composed = fc.tuple(lines, lines, lines, lines).map((chains) => {
  const texts = chains.map((chain, at) => {
    const hook = at === 0 ? ['type nat hook prerouting priority -100; policy accept;'] : [];
    const rules = [...hook, ...chain.filter((line) => leadsOn(line, at))];
    return `\tchain ${NAMES[at]} {\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`;
  });
  return `table ip t {${SETS}${texts.join('')}}\n`;
});

describe('compiled code takes the steps, ends and rolls of the walk rule by rule', () => {
  test('over what kube-proxy wrote', () => {
    holds(fc.property(sent, rolls, expectSameWalks), { numRuns: 60 });
  });

  test('over chains of any shape', () => {
    const host = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '192.168.0.2');
    const packet = fc.tuple(host, host, fc.constantFrom(80, 81, 82), fc.constantFrom('tcp', 'udp'));
    const packets = fc.array(packet, { minLength: 1, maxLength: 8 });
    holds(
      fc.property(composed, packets, rolls, (ruleset, all, rolled) =>
        expectSameWalks({ ruleset, own: ['192.168.0.2'], packets: all }, rolled),
      ),
      { numRuns: 200 },
    );
  });
});
