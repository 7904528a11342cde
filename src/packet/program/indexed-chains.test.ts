/** The rules of a chain with an index are as many as there are Services: a walk makes those that can match its packet, no others. */
import { expect, test } from 'vitest';
import type { Chain, Rule, Ruleset, Table } from '../../dataplane/index.ts';
import { addressOf, type Packet, SYN, TCP } from '../../model/index.ts';
import { send } from '../send.ts';
import { soloWorld } from '../solo-world.ts';

const dice = { below: () => 0, fraction: () => 0, split: () => dice };
const NODE = addressOf('10.10.12.4');

/** Asked for all its rules, it says so. */
const services: Chain = {
  name: 'KUBE-SERVICES',
  get rules(): readonly Rule[] {
    throw new Error('all rules of the chain were made');
  },
  index: { by: 'address and port', candidates: () => [], rest: [] },
};

function jumpTo(chain: Chain): Rule {
  return { matches: [], target: { target: 'jump', chain } };
}

const mark: Rule = { matches: [], target: { target: 'MARK', value: 1, mask: 1 } };
const toAll: Chain = { name: 'OTHERS', rules: [jumpTo(services), mark] };

function tableOf(name: 'nat' | 'filter', base: string): Table {
  const chain: Chain = { name: base, policy: 'ACCEPT', rules: [jumpTo(services), jumpTo(toAll), mark] };
  return { name, chains: () => [chain], chain: (wanted) => (wanted === base ? chain : undefined) };
}

test.each([true, false])('recorded: %s', (record) => {
  const tables = { nat: tableOf('nat', 'PREROUTING'), filter: tableOf('filter', 'INPUT') };
  const rules: Ruleset = { table: (name) => (name === 'nat' || name === 'filter' ? tables[name] : undefined) };
  const world = soloWorld({ name: 'node1', rules: [rules], addresses: [NODE], routeLocalnet: false });
  const source = addressOf('198.51.100.7');
  const packet: Packet = {
    protocol: TCP,
    source,
    sourcePort: 4000,
    destination: NODE,
    destinationPort: 80,
    flags: SYN,
    ttl: 64,
  };
  const { verdict } = send(world.client, packet, { at: 0, dice, record });
  expect(verdict.verdict).toBe('delivered');
});
