/** Behind which load balancer a node comes, as cloud-provider-azure's TestReconcileMultipleStandardLoadBalancerNodes has it. */
import { expect, test } from 'vitest';
import type { Node } from '../../../src/model/index.ts';
import { aNode } from '../../../test/support/fake-cluster.ts';
import type { LoadBalancerConfiguration } from './configuration.ts';
import { arrangement, placedNode } from './node-placement.ts';

const KUBERNETES = { name: 'kubernetes', primaryVMSet: 'system' };
const GOLD = { name: 'gold', primaryVMSet: 'gold', nodeSelector: { matchLabels: { tier: 'gold' } } };
const OTHER = { name: 'other', primaryVMSet: 'other', nodeSelector: {} };
const ALL = [KUBERNETES, GOLD, OTHER];

interface Given {
  readonly pool: string;
  readonly tier?: string;
  readonly existing?: readonly LoadBalancerConfiguration[];
  readonly current?: LoadBalancerConfiguration;
  readonly counts?: Readonly<Record<string, number>>;
}

function placed({ pool, tier, existing = ALL, current, counts = {} }: Given): string | undefined {
  const labels = { 'kubernetes.azure.com/agentpool': pool, ...(tier === undefined ? {} : { tier }) };
  const node = aNode('node1') as Node;
  const labelled = { ...node, metadata: { ...node.metadata, labels } };
  return placedNode(labelled, { existing, current, nodesOn: ({ name }) => counts[name] ?? 0 })?.name;
}

test('the primary agent pool goes before every label', () =>
  expect(placed({ pool: 'system', tier: 'gold' })).toBe('kubernetes'));

test('a primary load balancer that is not there has nobody', () =>
  expect(placed({ pool: 'gold', existing: [KUBERNETES] })).toBe('kubernetes'));

test('a node selector that matches goes before those that are empty', () =>
  expect(placed({ pool: 'spare', tier: 'gold', counts: { gold: 9 } })).toBe('gold'));

test('where no selector matches, those without one share the nodes evenly', () => {
  expect(placed({ pool: 'spare', counts: { kubernetes: 2, other: 1 } })).toBe('other');
  expect(placed({ pool: 'spare', counts: { kubernetes: 1, other: 1 } })).toBe('kubernetes');
});

test('a node stays where it may be, however many others are there', () =>
  expect(placed({ pool: 'spare', current: KUBERNETES, counts: { kubernetes: 9 } })).toBe('kubernetes'));

test('a node leaves where it may no longer be', () =>
  expect(placed({ pool: 'spare', tier: 'gold', current: OTHER })).toBe('gold'));

test('there may be no load balancer for a node', () =>
  expect(placed({ pool: 'spare', existing: [GOLD] })).toBeUndefined());

test('all nodes: those of primary pools leave first, the others share what is left evenly, and those that are gone do not count', () => {
  const nodes = ['system', 'spare', 'spare', 'spare'].map((pool, i) => {
    const node = aNode(`node${i}`) as Node;
    const labels = { 'kubernetes.azure.com/agentpool': pool };
    const addresses = [{ type: 'InternalIP' as const, address: `10.0.0.${i}` }];
    return { ...node, metadata: { ...node.metadata, labels }, status: { ...node.status, addresses } };
  });
  const placedNow = arrangement(nodes, [
    { configuration: KUBERNETES, pools: [new Set(['10.0.0.8', '10.0.0.9'])] },
    { configuration: OTHER, pools: [new Set(['10.0.0.0', '10.0.0.1'])] },
  ]);
  expect(nodes.map((node) => placedNow.get(node)?.name)).toEqual(['kubernetes', 'other', 'kubernetes', 'other']);
});
