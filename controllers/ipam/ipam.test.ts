import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrOf, type Node, nodeOrderKey, overlaps } from '../../src/model/index.ts';
import { aNode, FakeCluster } from '../../test/support/fake-cluster.ts';
import { holds } from '../../test/support/seed.ts';
import { blockAt, blocksOf, cidrSet } from './cidr-set.ts';
import { ipam } from './ipam.ts';

const blockOf = (cluster: FakeCluster, name: string) => cluster.get('Node', name)?.spec.podCIDR;

function clusterOf(clusterCidr: string, mask: number, ...nodes: object[]): FakeCluster {
  const cluster = new FakeCluster([ipam({ clusterCidrs: [clusterCidr], nodeMaskSizes: [mask] })]);
  for (const node of nodes) cluster.create(node);
  cluster.run(cluster.now);
  return cluster;
}

// From kubernetes pkg/controller/nodeipam/ipam/cidrset/cidr_set_test.go (TestIndexToCIDRBlock, TestGetBitforCIDR).
describe('a block of a cluster CIDR', () => {
  it.each([
    ['127.123.0.0/16', 24, 15, '127.123.15.0/24'],
    ['192.168.5.219/28', 32, 5, '192.168.5.213/32'],
    ['2001:0db8:1234:3::/48', 64, 0, '2001:db8:1234::/64'],
    ['2001:0db8:1234::/48', 64, 15, '2001:db8:1234:f::/64'],
    ['2001:0db8:85a3::8a2e:0370:7334/50', 63, 6425, '2001:db8:85a3:3232::/63'],
    ['2001:0db8:85a3::8a2e:0370:7334/32', 48, 6425, '2001:db8:1919::/48'],
    ['2001:0db8:1234:ff00::/56', 72, 0, '2001:db8:1234:ff00::/72'],
    ['2001:0db8:1234:0:1234::/80', 96, 15, '2001:db8:1234:0:1234:f::/96'],
  ])('%s cut into /%i: number %i is %s', (clusterCidr, mask, index, block) => {
    const set = cidrSet(clusterCidr, mask);
    expect(blockAt(set, index)).toBe(block);
    expect(blocksOf(set, cidrOf(block))).toEqual([index, index]);
  });

  it.each([
    ['127.0.0.0/8', 16, '127.168.0.0/16', 168],
    ['be00::/8', 16, 'beef::/16', 239],
    ['beef::/16', 24, 'beef:1200::/24', 18],
    ['192.168.0.0/16', 24, '127.168.224.0/24', undefined],
    ['beef::/16', 24, '2001:db00::/24', undefined],
  ])('%s cut into /%i holds %s as number %s', (clusterCidr, mask, block, index) => {
    expect(blocksOf(cidrSet(clusterCidr, mask), cidrOf(block))?.[0]).toBe(index);
  });
});

describe('ipam', () => {
  it('gives blocks to nodes in the order that people count', () => {
    const cluster = clusterOf('10.244.0.0/16', 24, aNode('node10'), aNode('node2'), aNode('node1'));
    expect(['node1', 'node2', 'node10'].map((name) => blockOf(cluster, name))).toEqual([
      '10.244.0.0/24',
      '10.244.1.0/24',
      '10.244.2.0/24',
    ]);
    expect(cluster.get('Node', 'node1')!.spec.podCIDRs).toEqual(['10.244.0.0/24']);
  });

  it('leaves a block that came free until it has gone round', () => {
    const cluster = clusterOf('10.244.0.0/22', 24, aNode('a'), aNode('b'));
    cluster.delete('Node', 'a');
    for (const name of ['c', 'd', 'e']) cluster.create(aNode(name));
    cluster.run(cluster.now);
    expect(['b', 'c', 'd', 'e'].map((name) => blockOf(cluster, name))).toEqual([
      '10.244.1.0/24',
      '10.244.2.0/24',
      '10.244.3.0/24',
      '10.244.0.0/24',
    ]);
  });

  it('passes over blocks of nodes that came with theirs, and of the Service CIDR', () => {
    const controller = ipam({
      clusterCidrs: ['127.123.234.0/24'],
      nodeMaskSizes: [30],
      serviceCidrs: ['127.123.234.0/26'],
    });
    const cluster = new FakeCluster([controller]);
    for (const [i, block] of [64, 68, 72, 80].entries()) {
      cluster.create(aNode(`used${i}`, { podCIDR: `127.123.234.${block}/30`, podCIDRs: [`127.123.234.${block}/30`] }));
    }
    cluster.create(aNode('new'));
    cluster.run(cluster.now);
    expect(blockOf(cluster, 'new')).toBe('127.123.234.76/30');
  });

  it('tells of a node that there is no block for, and serves it when one comes free', () => {
    const cluster = clusterOf('10.244.0.0/23', 24, aNode('a'), aNode('b'), aNode('c'));
    cluster.run(5000);
    expect(cluster.events.map(({ reason, message }) => [reason, message])).toEqual([
      ['CIDRNotAvailable', 'Node c status is now: CIDRNotAvailable'],
    ]);
    cluster.delete('Node', 'a');
    cluster.run(cluster.now);
    expect(blockOf(cluster, 'c')).toBe('10.244.0.0/24');
  });

  it('gives a block of each family', () => {
    const controller = ipam({ clusterCidrs: ['10.244.0.0/16', 'fd12:3456:789a::/64'], nodeMaskSizes: [24, 80] });
    const cluster = new FakeCluster([controller]);
    for (const name of ['a', 'b']) cluster.create(aNode(name));
    cluster.run(cluster.now);
    expect(cluster.get('Node', 'b')!.spec.podCIDRs).toEqual(['10.244.1.0/24', 'fd12:3456:789a:0:1::/80']);
  });

  it('never gives two nodes the same block, whatever comes and goes', () => {
    const step = fc.record({ add: fc.boolean(), node: fc.integer({ min: 0, max: 11 }), settle: fc.boolean() });
    holds(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cluster = clusterOf('10.244.0.0/21', 24);
        for (const { add, node, settle } of steps) {
          const name = `node${node}`;
          if (!add) cluster.delete('Node', name);
          else if (cluster.get('Node', name) === undefined) cluster.create(aNode(name));
          if (settle) cluster.run(cluster.now);
        }
        cluster.run(cluster.now);
        const blocks = cluster.list('Node').flatMap(({ spec }: Node) => spec.podCIDR ?? []);
        expect(blocks).toHaveLength(Math.min(8, cluster.list('Node').length));
        for (const [i, a] of blocks.entries()) {
          for (const b of blocks.slice(i + 1)) expect(overlaps(cidrOf(a), cidrOf(b))).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the order of node names', () => {
  it('puts node2 before node10', () => {
    const sorted = ['node10', 'node2', 'aks-b-1', 'node1'].sort((a, b) => (nodeOrderKey(a) < nodeOrderKey(b) ? -1 : 1));
    expect(sorted).toEqual(['aks-b-1', 'node1', 'node2', 'node10']);
  });
});
