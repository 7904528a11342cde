/** Compiled code is an accelerator, never a meaning: over the tables that kube-proxy wrote, running it is walking every rule. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
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

test('takes the steps, ends and rolls of the walk rule by rule', () => {
  const rolls = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sent, rolls, ({ ruleset, own, packets }, rolled) => {
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
    }),
    { numRuns: 60 },
  );
});
