/** Compiled code is an accelerator, never a meaning: running it is walking every rule in its order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import type { Chain, ChainIndex, Rule, Ruleset } from '../../dataplane/index.ts';
import { addressOf, contains } from '../../model/index.ts';
import { send, type Walked } from '../send.ts';
import { soloWorld } from '../solo-world.ts';
import { rulesetFrom, ScriptedDice, segment } from '../testing.ts';
import { linearRules } from './linear-rules.ts';
import { walkBy } from './ruleset-program.ts';

const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.1.0.1', '192.168.0.2');
const port = fc.integer({ min: 80, max: 86 });
const match = fc.oneof(
  address.map((text) => `-d ${text}`),
  address.map((text) => `! -d ${text}`),
  address.map((text) => `-s ${text}`),
  fc.constantFrom('-s 10.0.0.0/24', '! -s 10.0.0.0/16', '-d 10.0.0.0/8', '-p tcp', '-p udp', '-m tcp -p tcp'),
  port.map((number) => `-p tcp -m tcp --dport ${number}`),
  port.map((number) => `-p tcp -m tcp ! --dport ${number}`),
  port.map((number) => `-p tcp -m tcp --dport ${number}:${number + 2}`),
  fc.constantFrom('-m addrtype --dst-type LOCAL', '-m mark --mark 0x1/0x1', '-m comment --comment "said"'),
);
const chance = fc.constantFrom('', '', '', '-m statistic --mode random --probability 0.5');
const target = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('-j RETURN', '-j ACCEPT', '', '-j MARK --set-xmark 0x1/0x1') },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map((n) => `-j SEP${n}`) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map((n) => `-j SVC${n}`) },
  { weight: 1, arbitrary: fc.constant('-j DNAT --to-destination 10.0.1.1:8080') },
);
const rule = fc
  .tuple(fc.array(match, { maxLength: 2 }), chance, target)
  .map(([matches, random, jump]) => `-A LONG ${[...matches, random, jump].join(' ')}`);
/** As kube-proxy chooses endpoints. */
const choice = fc
  .integer({ min: 2, max: 4 })
  .map((n) =>
    Array.from(
      { length: n },
      (_, i) => `-A LONG ${i + 1 < n ? `-m statistic --mode random --probability ${1 / (n - i)} ` : ''}-j SEP${i}`,
    ).join('\n'),
  );
const byAddress = fc
  .tuple(address, port, target)
  .map(([to, at, jump]) => `-A LONG -d ${to} -p tcp --dport ${at} ${jump}`);
const byPort = fc
  .tuple(fc.constantFrom('', '', '! '), port, target)
  .map(([not, at, jump]) => `-A LONG -p tcp -m tcp ${not}--dport ${at} ${jump}`);

function rulesFrom(lines: readonly string[]): Ruleset {
  const ends = [0, 1, 2, 3].flatMap((n) => [
    `-A SEP${n} -s 10.0.0.${n} -j MARKED`,
    `-A SEP${n} -p tcp -m tcp -j DNAT --to-destination 10.0.0.${n}:${8080 + n}`,
  ]);
  // In the shape of kube-proxy's, but for the last.
  const services = [
    '-A SVC0 ! -s 10.0.0.0/24 -p tcp -m tcp --dport 80:83 -j MARKED',
    '-A SVC0 -m statistic --mode random --probability 0.5 -j SEP1',
    '-A SVC0 -j SEP2',
    '-A SVC1 -s 10.0.0.0/24 -j MARKED',
    '-A SVC1 -s 10.0.0.1 -j MARKED',
    '-A SVC1 -m statistic --mode random --probability 0.25 -j SEP1',
    '-A SVC1 -m statistic --mode random --probability 0.25 -j SEP3',
    '-A SVC2 -m statistic --mode random --probability 0.5 -j SEP0',
    '-A SVC2 -m statistic --mode random --probability 0.5 -j SVC1',
    '-A SVC2 -j SEP1',
    '-A SVC3 -m addrtype --src-type LOCAL -j MARKED',
    '-A SVC3 -m statistic --mode random --probability 0.5 -j SEP1',
    '-A SVC3 -j SEP2',
  ];
  const chains = ['SVC0', 'SVC1', 'SVC2', 'SVC3', 'LONG', 'MARKED', 'SEP0', 'SEP1', 'SEP2', 'SEP3'].map(
    (name) => `:${name} -`,
  );
  const text = [
    '*nat',
    ':PREROUTING ACCEPT',
    ':POSTROUTING ACCEPT',
    ...chains,
    '-A PREROUTING -j LONG',
    '-A POSTROUTING -m mark --mark 0x1/0x1 -j MASQUERADE',
    '-A MARKED -j MARK --set-xmark 0x1/0x1',
    ...lines,
    ...services,
    ...ends,
    'COMMIT',
  ];
  return rulesetFrom(text.join('\n'));
}

const service = fc
  .tuple(address, port, fc.constantFrom('0', '1', '2', '3'))
  .map(([to, at, n]) => `-A LONG -d ${to} -p tcp -m tcp --dport ${at} -j SVC${n}`);

const rulesets = fc.oneof(
  // A Service's rule first, as in the candidates of KUBE-SERVICES.
  fc.tuple(service, fc.array(fc.oneof(service, rule), { maxLength: 4 })).map(([first, others]) => [first, ...others]),
  // Long enough for an index by address, or by port.
  fc
    .tuple(
      fc.array(byAddress, { minLength: 16, maxLength: 40 }),
      fc.array(fc.oneof(rule, choice), { maxLength: 5 }),
      fc.nat(),
    )
    .map(([keyed, others, seed]) => {
      const lines = [...keyed];
      others.forEach((line, i) => {
        lines.splice((seed + i * 7) % (lines.length + 1), 0, line);
      });
      return lines;
    }),
  fc
    .tuple(fc.array(byPort, { minLength: 16, maxLength: 30 }), fc.array(rule, { maxLength: 3 }))
    .map(([keyed, others]) => [...keyed.slice(0, 9), ...others, ...keyed.slice(9)]),
  fc.array(rule, { minLength: 16, maxLength: 30 }),
  fc.array(fc.oneof(rule, choice), { maxLength: 10 }),
);

function walkWith(ruleset: Ruleset, packet: ReturnType<typeof segment>, rolls: readonly number[], record: boolean) {
  const dice = new ScriptedDice(rolls);
  const world = soloWorld({
    name: 'node',
    rules: [ruleset],
    addresses: [addressOf('192.168.0.2')],
    routeLocalnet: true,
  });
  const walked: Walked = send(world.client, packet, { at: 0, dice, record });
  return { verdict: walked.verdict, seen: walked.seen, asked: dice.asked, steps: walked.trace?.steps };
}

const rolls = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 8 });

/** The rules with an index for the long chain, as kube-proxy's own have one: what has no destination follows for all. */
function withIndex(ruleset: Ruleset): Ruleset {
  const chain = ruleset.table('nat')!.chain('LONG')!;
  const split = chain.rules.findLastIndex(({ matches }) => matches.some(({ match }) => match === 'destination')) + 1;
  const keyed = chain.rules.slice(0, split);
  const candidates: ChainIndex['candidates'] = (destination) => keyed.filter((rule) => canBeFor(rule, destination));
  const index: ChainIndex = { by: 'address and port', rest: chain.rules.slice(split), candidates };
  Object.assign(chain, { index } satisfies Partial<Chain>);
  return ruleset;
}

function canBeFor({ matches }: Rule, destination: Parameters<ChainIndex['candidates']>[0]): boolean {
  return matches.every(
    (match) => match.match !== 'destination' || contains(match.cidr, destination) !== match.inverted,
  );
}

function expectSameWalks(
  lines: readonly string[],
  sent: readonly ReturnType<typeof segment>[],
  rolled: readonly number[],
): void {
  const linear = rulesFrom(lines);
  walkBy(linear, linearRules(linear));
  const compiled = [rulesFrom(lines), withIndex(rulesFrom(lines))];
  for (const packet of sent) {
    const expected = walkWith(linear, packet, rolled, true);
    for (const ruleset of compiled) {
      expect(walkWith(ruleset, packet, rolled, true)).toEqual(expected);
      const walked = walkWith(ruleset, packet, rolled, false);
      expect({ ...walked, steps: expected.steps }).toEqual(expected);
    }
  }
}

describe('compiled code takes the steps, ends and rolls of the walk rule by rule', () => {
  test('over rules of any shape', () => {
    const packets = fc.tuple(address, address, port).map(([from, to, at]) => segment(`${from}:40000`, `${to}:${at}`));
    holds(
      fc.property(rulesets, fc.array(packets, { minLength: 1, maxLength: 10 }), rolls, (lines, sent, rolled) => {
        expectSameWalks(lines, sent, rolled);
      }),
      { numRuns: 150 },
    );
  });

  test('over rules in the shape of Services', () => {
    const services = fc.array(fc.tuple(address, fc.constantFrom('80', '83', '84', '80:84'), fc.nat(3)), {
      minLength: 1,
      maxLength: 3,
    });
    const packets = fc.tuple(address, fc.nat(2), fc.constantFrom(80, 83, 84));
    holds(
      fc.property(services, fc.array(packets, { minLength: 1, maxLength: 12 }), rolls, (all, sent, rolled) => {
        const lines = all.map(([to, ports, n]) => `-A LONG -d ${to} -p tcp -m tcp --dport ${ports} -j SVC${n}`);
        const segments = sent.map(([from, n, at]) => segment(`${from}:40000`, `${all[n % all.length]![0]}:${at}`));
        expectSameWalks(lines, segments, rolled);
      }),
      { numRuns: 200 },
    );
  });
});
