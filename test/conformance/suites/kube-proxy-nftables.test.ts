/** A recording of kube-proxy's nftables mode that says something else fails, and the difference names it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CaseResult } from '../suite.ts';
import { kubeProxyNftablesSuite } from './kube-proxy-nftables.ts';

interface Step {
  ruleset: string;
  nftList: string;
  transactions: { operations: number; commands: string[] }[];
  staleChainsAfter: string[];
  updatedServices: string[];
  servicePorts: { serviceChain: string; categorized: { local: string[] } }[];
  healthCheck: { localReadyEndpoints: Record<string, number> };
  flows: { outcomes: { output: string; masquerade: boolean }[] }[];
}

interface Recorded {
  config: Record<string, unknown>;
  steps: Step[];
  facts: { serviceChain: string }[];
}

function replay(file: string, change: (recorded: Recorded) => void): CaseResult {
  const json = JSON.parse(readFileSync(join(import.meta.dirname, '../data/kube-proxy-nftables', file), 'utf8'));
  change(json);
  return [...kubeProxyNftablesSuite.run({ name: file, json })][0]!;
}

const LIFE = 'extra__service-lifecycle.json';
const AFFINITY = 'extra__affinity-clusterip-three-endpoints.json';
const NAMES = 'facts__names.json';

const last = <T>(list: readonly T[]): T => list.at(-1)!;

it.each<readonly [string, string, string, (recorded: Recorded) => void]>([
  ['a rule', AFFINITY, 'steps[0].ruleset', ({ steps: [s] }) => (s!.ruleset = s!.ruleset.replace('mod 3', 'mod 4'))],
  ['a mark', AFFINITY, 'steps[0]', ({ config }) => (config['masqueradeMark'] = '0x00008000')],
  ['a time in a list', AFFINITY, 'steps[0].nftList', ({ steps: [s] }) => (s!.nftList = s!.nftList.replace('3h', '4h'))],
  [
    'the order of elements in a list',
    'extra__random-01.json',
    'steps[0].nftList',
    ({ steps: [s] }) => {
      const swapped = s!.nftList.replace(/(?<=elements = \{ )(.*)(,\n\t+ +)(.*)(?=,)/, '$3$2$1');
      expect(swapped).not.toBe(s!.nftList);
      s!.nftList = swapped;
    },
  ],
  [
    'a command less',
    AFFINITY,
    'steps[1].transactions',
    ({ steps: [, s] }) => {
      last(s!.transactions).commands.pop();
    },
  ],
  [
    'a count of operations',
    AFFINITY,
    'steps[1].transactions',
    ({ steps: [, s] }) => {
      last(s!.transactions).operations++;
    },
  ],
  [
    'a chain that waits to be deleted',
    AFFINITY,
    'steps[1].staleChainsAfter',
    ({ steps: [, s] }) => {
      s!.staleChainsAfter.pop();
    },
  ],
  [
    'a deletion in the same transaction',
    AFFINITY,
    'steps[2].transactions',
    ({ steps: [, , s] }) => {
      const [deletion, sync] = s!.transactions;
      s!.transactions = [{ operations: sync!.operations + 1, commands: [...deletion!.commands, ...sync!.commands] }];
    },
  ],
  ['what changed', LIFE, 'steps[0].updatedServices', ({ steps: [s] }) => s!.updatedServices.push('shop/none')],
  ['a count of endpoints', LIFE, 'healthCheck', ({ steps: [s] }) => (s!.healthCheck.localReadyEndpoints['a/b'] = 1)],
  ['a name', LIFE, 'servicePorts', ({ steps: [s] }) => (s!.servicePorts[0]!.serviceChain += 'x')],
  ['a choice', LIFE, 'categorized', ({ steps: [s] }) => (s!.servicePorts[0]!.categorized.local = ['10.0.0.1:1'])],
  [
    'where a packet goes',
    AFFINITY,
    'steps[0].flows[0]',
    ({ steps: [s] }) => (s!.flows[0]!.outcomes[0]!.output = 'DROP'),
  ],
  [
    'whether it is masqueraded',
    AFFINITY,
    'steps[0].flows[1]',
    ({ steps: [s] }) => {
      const [outcome] = s!.flows[1]!.outcomes;
      outcome!.masquerade = !outcome!.masquerade;
    },
  ],
  ['an outcome less', AFFINITY, 'steps[0].flows[0]', ({ steps: [s] }) => s!.flows[0]!.outcomes.pop()],
  ['a hash', NAMES, 'facts[0].serviceChain', ({ facts }) => (facts[0]!.serviceChain = 'service-AAAAAAAA-x')],
])('%s', (_, file, path, change) => {
  expect(replay(file, () => undefined)).toMatchObject({ outcome: 'passed' });
  const result = replay(file, change);
  expect(result.outcome === 'failed' && result.difference.path).toContain(path);
});

it('refuses what is not in the format', () => {
  expect(() => replay(LIFE, (recorded) => (recorded.config['moons'] = 2))).toThrow('moons');
  expect(() => replay(LIFE, (recorded) => (recorded.steps = []))).toThrow('nothing');
});
