import { expect, test } from 'vitest';
import { type Advice, advise } from './advise.ts';
import { readPlan } from './read-plan.ts';

function adviceOn(podsReachedByAddress: boolean, network: string, nodes: number, pods: number): Advice {
  const cluster = {
    networkProfile: { podCidr: '100.64.0.0/10', serviceCidr: '172.20.0.0/16', dnsServiceIP: '172.20.0.10' },
    virtualNetwork: {
      addressPrefixes: [network],
      subnets: [
        { name: 'vms', addressPrefix: network.replace(/\/\d+$/, '/24') },
        { name: 'aks', addressPrefix: network.replace(/\.0\.0\/\d+$/, '.1.0/24') },
      ],
    },
    agentPoolProfiles: [{ name: 'a', count: 3, maxPods: 110, vnetSubnet: 'aks' }],
  };
  const growth = [{ nodes: { a: nodes } }, { pods: { a: pods } }, { upgrade: 'a' }];
  const spec = { cluster, requirements: { podsReachedByAddress }, growth };
  const document = { apiVersion: 'orrery/v1', kind: 'Plan', metadata: { name: 'p' }, spec };
  const read = readPlan({ file: 'plan.yaml', text: JSON.stringify(document) });
  if (!read.ok) throw new Error(read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
  return advise(read.plan);
}

const sizeFor = ({ sizes }: Advice, wanted: string) => sizes.find(({ setting }) => setting === wanted)?.value;

test('whose pods nobody outside asks for by address gets an overlay, and little of the virtual network', () => {
  const advice = adviceOn(false, '10.10.0.0/20', 12, 900);
  expect(advice.model).toBe('overlay');
  // 12 nodes, a surge of 2, and Azure's 5 addresses; 14 blocks of 256.
  expect(sizeFor(advice, 'subnet nodes')).toBe('10.10.1.0/27');
  expect(sizeFor(advice, 'podCidr')).toBe('10.244.0.0/20');
});

test('whose pods are reached by address gets a flat network where there is room for it', () => {
  const advice = adviceOn(true, '10.10.0.0/20', 12, 900);
  expect(advice.model).toBe('pod-subnet-dynamic');
  expect(sizeFor(advice, 'subnet nodes')).toBe('10.10.1.0/27');
  // 75 pods a node: 96 addresses in stock, and one of the node's own.
  expect(sizeFor(advice, 'subnet pods')).toBe('10.10.8.0/21');
});

test('where there is no room, the advice is to reconsider, with the sizes of an overlay', () => {
  const advice = adviceOn(true, '10.10.0.0/22', 12, 900);
  expect(advice.model).toBeUndefined();
  expect(advice.questions.at(-1)?.answer).toMatch(/^no/);
  expect(sizeFor(advice, 'podCidr')).toBe('10.244.0.0/20');
});

test('beyond 64,000 addresses only static blocks are left', () => {
  expect(adviceOn(true, '10.0.0.0/8', 800, 80_000).model).toBe('pod-subnet-static-block');
});
