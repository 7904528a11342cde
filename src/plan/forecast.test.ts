import { describe, expect, test } from 'vitest';
import { fixesOf } from './fix.ts';
import { forecast } from './forecast.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './read-plan.ts';

interface Size {
  readonly profile?: object;
  readonly pool?: object;
  readonly subnet?: string;
  readonly podSubnet?: string;
}

/** One pool, without CoreDNS: all room is the growth's. */
function aPlan(growth: readonly object[], { profile = {}, pool = {}, subnet, podSubnet }: Size): Plan {
  const pods = podSubnet === undefined ? [] : [{ name: 'pods', addressPrefix: podSubnet }];
  const subnets = [{ name: 'nodes', addressPrefix: subnet ?? '10.10.0.0/22' }, ...pods];
  const cluster = {
    networkProfile: { networkPlugin: 'azure', ...profile },
    virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets },
    agentPoolProfiles: [{ name: 'a', count: 1, ...(podSubnet === undefined ? {} : { podSubnet: 'pods' }), ...pool }],
    systemPods: false,
  };
  const document = { apiVersion: 'orrery/v1', kind: 'Plan', metadata: { name: 'p' }, spec: { cluster, growth } };
  const read = readPlan({ file: 'plan.yaml', text: JSON.stringify(document) });
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('; '));
  return read.plan;
}

const OVERLAY = { networkPluginMode: 'overlay' };
const KUBENET = { networkPlugin: 'kubenet', podCidr: '10.128.0.0/10' };
const STATIC = 'StaticBlock';

// Figures of azure-aks-docs concepts-network-ip-address-planning, configure-kubenet and concepts-network-azure-cni-pod-subnet.
describe('the first node that does not fit', () => {
  test.each<[string, Size, number, string]>([
    ['Node Subnet reserves maxPods and one: 8 in a /24', { subnet: '10.10.1.0/24', pool: { maxPods: 30 } }, 9, 'nodes'],
    ['a /16 of podCidr holds 256', { profile: OVERLAY, subnet: '10.10.0.0/20' }, 257, 'podCidr'],
    ['overlay takes one address of a subnet', { profile: OVERLAY, subnet: '10.10.1.0/26' }, 60, 'nodes'],
    ['kubenet ends with its route table', { profile: KUBENET, subnet: '10.10.0.0/20' }, 401, 'route table'],
    [
      'a pool ends at 1,000',
      { profile: { ...OVERLAY, podCidr: '10.128.0.0/10' }, subnet: '10.10.0.0/20' },
      1001,
      'nodes of a',
    ],
    [
      '31 pods take two blocks of 16',
      { podSubnet: '10.10.14.0/23', pool: { maxPods: 31, podIPAllocationMode: STATIC } },
      16,
      'pods',
    ],
    [
      '32 pods take three',
      { podSubnet: '10.10.14.0/23', pool: { maxPods: 32, podIPAllocationMode: STATIC } },
      11,
      'pods',
    ],
  ])('%s', (_, size, number, space) => {
    const { failure } = forecast(aPlan([{ nodes: { a: 1200 } }], size));
    expect(failure?.number).toBe(number);
    expect(failure?.space.name.replace('subnet ', '')).toBe(space);
  });

  test('50 nodes with a surge of one need 1,581 addresses: a /21', () => {
    const pool = { maxPods: 30, upgradeSettings: { maxSurge: 1 } };
    const plan = aPlan([{ nodes: { a: 50 } }, { upgrade: 'a' }], { subnet: '10.10.0.0/22', pool });
    const { failure } = forecast(plan);
    expect([failure?.number, failure?.step.at]).toEqual([33, 'growth[0].nodes.a']);
    const [larger] = fixesOf(plan, failure!);
    expect(larger?.changes.map(({ to }) => to)).toEqual(['10.10.0.0/21']);
  });

  test('the surge of an upgrade is gone when it is over', () => {
    const pool = { count: 8, maxPods: 30, upgradeSettings: { maxSurge: '25%' } };
    const fits = forecast(aPlan([{ upgrade: 'a' }, { nodes: { a: 10 } }], { subnet: '10.10.0.0/23', pool }));
    expect(fits.failure).toBeUndefined();
    const { failure } = forecast(aPlan([{ upgrade: 'a' }], { subnet: '10.10.0.0/24', pool }));
    expect([failure?.step.growth.of, failure?.number]).toEqual(['surge', 1]);
  });
});

test('what is reserved, used and wasted adds up', () => {
  const plan = aPlan([{ nodes: { a: 4 } }, { pods: { a: 50 } }], { profile: OVERLAY, pool: { maxPods: 30 } });
  const podCidr = forecast(plan).spaces.find(({ space }) => space.name === 'podCidr');
  expect(podCidr?.shares).toEqual([{ taker: 'pods of a', reserved: 1024, used: 50, wasted: 4 * 226 }]);
  expect(podCidr?.free).toBe(65_536 - 1024);
});

test('pods beyond maxPods are fixed by maxPods or by nodes', () => {
  const plan = aPlan([{ pods: { a: 45 } }], { profile: OVERLAY, pool: { maxPods: 30 } });
  const { failure } = forecast(plan);
  expect(failure?.number).toBe(31);
  expect(fixesOf(plan, failure!).map(({ changes }) => changes.map(({ setting, to }) => `${setting} ${to}`))).toEqual([
    ['cluster.agentPoolProfiles[0].maxPods 45'],
    ['cluster.agentPoolProfiles[0].count 2'],
  ]);
});

test('an upgrade after more nodes has the surge of all of them', () => {
  const pool = { count: 3, maxPods: 10, upgradeSettings: { maxSurge: '100%' } };
  const profile = { ...OVERLAY, podCidr: '10.244.0.0/20' };
  const plan = aPlan([{ pods: { a: 81 } }, { upgrade: 'a' }], { profile, pool });
  const fixes = fixesOf(plan, forecast(plan).failure!);
  expect(fixes.map(({ changes }) => changes.map(({ setting, to }) => `${setting} ${to}`))).toEqual([
    ['cluster.agentPoolProfiles[0].maxPods 27'],
    ['cluster.agentPoolProfiles[0].count 9', 'cluster.networkProfile.podCidr 10.244.0.0/19'],
  ]);
});
