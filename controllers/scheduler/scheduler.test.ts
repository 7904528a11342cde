import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aNode, aPod, FakeCluster } from '../../test/support/fake-cluster.ts';
import { holds } from '../../test/support/seed.ts';
import { scheduler } from './scheduler.ts';

const DEFAULT_TOLERATIONS = ['not-ready', 'unreachable'].map((name) => {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 };
});

function clusterOf(...objects: object[]): FakeCluster {
  const cluster = new FakeCluster([scheduler]);
  for (const object of objects) cluster.create(object);
  cluster.run(cluster.now);
  return cluster;
}

const podsOn = (cluster: FakeCluster) =>
  Object.fromEntries(cluster.list('Pod').map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
const messageOf = (cluster: FakeCluster, name: string) =>
  cluster.get('Pod', `default/${name}`)!.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;

describe('the scheduler', () => {
  it('spreads pods over nodes, in the order of their names', () => {
    const pods = ['a', 'b', 'c', 'd'].map((name) => aPod(name));
    const cluster = clusterOf(aNode('node10'), aNode('node2'), aNode('node1'), ...pods);
    expect(podsOn(cluster)).toEqual({ a: 'node1', b: 'node2', c: 'node10', d: 'node1' });
  });

  it('keeps away from nodes that are cordoned, tainted or not selected', () => {
    const cluster = clusterOf(
      aNode('cordoned', { unschedulable: true }),
      aNode('tainted', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] }),
      aNode('small', {}, { labels: { size: 's' } }),
      aNode('large', {}, { labels: { size: 'l' } }),
      aPod('plain', { tolerations: DEFAULT_TOLERATIONS, nodeSelector: { size: 'l' } }),
      aPod('gpu', { tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'gpu' }], nodeSelector: {} }),
      aPod('other', { schedulerName: 'mine' }),
    );
    expect(podsOn(cluster)).toEqual({ plain: 'large', gpu: 'small', other: undefined });
  });

  it('gives no port of a node away twice, and a port that came free to whoever waits for it', () => {
    const ports = [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }];
    const taking = (name: string, protocol = 'TCP') =>
      aPod(name, { containers: [{ name: 'c', image: 'x:1', ports: [{ ...ports[0], protocol }] }] });
    const cluster = clusterOf(
      aNode('n1'),
      aNode('n2'),
      ...['a', 'b', 'c'].map((name) => taking(name)),
      taking('u', 'UDP'),
    );
    expect(podsOn(cluster)).toEqual({ a: 'n1', b: 'n2', c: undefined, u: 'n1' });
    expect(messageOf(cluster, 'c')).toBe(
      "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports. " +
        'no new claims to deallocate, preemption: 0/2 nodes are available: ' +
        '2 No preemption victims found for incoming pod.',
    );
    cluster.remove('Pod', 'default/b');
    cluster.run(cluster.now);
    expect(podsOn(cluster)).toEqual({ a: 'n1', c: 'n2', u: 'n1' });
  });

  it('says in the words of the real one why a pod fits nowhere, and says it once', () => {
    const cluster = clusterOf(
      aNode('n1', {}, {}, 0),
      aNode('n2', { taints: [{ key: 'a', effect: 'NoExecute' }] }),
      aNode('n3', { unschedulable: true }),
      aPod('p'),
      aPod('q', { nodeSelector: { disk: 'ssd' } }),
    );
    const message =
      '0/3 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
      'no new claims to deallocate, preemption: 0/3 nodes are available: ' +
      '1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.';
    expect(messageOf(cluster, 'p')).toBe(message);
    expect(messageOf(cluster, 'q')).toContain("1 node(s) didn't match Pod's node affinity/selector");
    expect(cluster.events.map(({ reason }) => reason)).toEqual(['FailedScheduling', 'FailedScheduling']);
    expect(cluster.get('Pod', 'default/p')!.status.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
    ]);
    expect(cluster.look(scheduler, 'pending')).toEqual([]);
  });

  it('takes a pod up again when a pod goes, when a node comes, and when a taint goes', () => {
    const cluster = clusterOf(aNode('n1', {}, {}, 1), aPod('a'), aPod('b'), aPod('c'), aPod('d'));
    expect(podsOn(cluster)).toEqual({ a: 'n1', b: undefined, c: undefined, d: undefined });
    cluster.delete('Pod', 'default/a', 0);
    cluster.run(cluster.now);
    expect(podsOn(cluster)).toEqual({ b: 'n1', c: undefined, d: undefined });
    cluster.create(aNode('n2', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }, {}, 1));
    cluster.run(cluster.now);
    expect(podsOn(cluster)['c']).toBeUndefined();
    cluster.patch('Node', 'n2', { spec: { taints: null } });
    cluster.patch('Pod', 'default/b', { status: { phase: 'Succeeded' } });
    cluster.run(cluster.now);
    expect(podsOn(cluster)).toEqual({ b: 'n1', c: 'n1', d: 'n2' });
  });

  it('takes pods of a higher priority first', () => {
    const cluster = clusterOf(aPod('low'), aPod('high', { priority: 1000 }));
    for (const { metadata } of cluster.list('Pod'))
      cluster.patch('Pod', `default/${metadata.name}`, { status: { conditions: null } });
    cluster.create(aNode('n1', {}, {}, 1));
    cluster.run(cluster.now);
    expect(podsOn(cluster)).toEqual({ high: 'n1', low: undefined });
  });

  it('schedules more pods than one reconcile takes', () => {
    const pods = Array.from({ length: 2500 }, (_, i) => aPod(`p${i}`));
    const cluster = clusterOf(aNode('n1', {}, {}, 5000), aNode('n2', {}, {}, 1000), ...pods);
    const counts = new Map<unknown, number>();
    for (const { spec } of cluster.list('Pod')) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({ n1: 1500, n2: 1000 });
  });

  const taint = fc.constantFrom(undefined, 'red', 'blue');
  const node = fc.record({ taint, zone: fc.constantFrom('1', '2', '3'), pods: fc.integer({ min: 0, max: 3 }) });
  const pod = fc.record({ tolerates: taint, zone: fc.option(fc.constantFrom('1', '2', '3', '4'), { nil: undefined }) });

  it('chooses as one would who looks at every node for every pod', () => {
    holds(
      fc.property(fc.array(node, { maxLength: 24 }), fc.array(pod, { maxLength: 40 }), (nodes, pods) => {
        const cluster = clusterOf(
          ...nodes.map((one, i) => {
            const spec = one.taint === undefined ? {} : { taints: [{ key: one.taint, effect: 'NoSchedule' }] };
            return aNode(`n${i}`, spec, { labels: { zone: one.zone } }, one.pods);
          }),
          ...pods.map((one, i) =>
            aPod(`p${String(i).padStart(2, '0')}`, {
              ...(one.tolerates === undefined ? {} : { tolerations: [{ key: one.tolerates, operator: 'Exists' }] }),
              ...(one.zone === undefined ? {} : { nodeSelector: { zone: one.zone } }),
            }),
          ),
        );
        const counts = nodes.map(() => 0);
        const chosen = pods.map((one) => {
          let best: number | undefined;
          for (const [i, candidate] of nodes.entries()) {
            const fits =
              (candidate.taint === undefined || candidate.taint === one.tolerates) &&
              (one.zone === undefined || one.zone === candidate.zone) &&
              counts[i]! < candidate.pods;
            if (fits && (best === undefined || counts[i]! < counts[best]!)) best = i;
          }
          if (best !== undefined) counts[best]!++;
          return best === undefined ? undefined : `n${best}`;
        });
        expect(Object.values(podsOn(cluster))).toEqual(chosen);
        expect(cluster.look(scheduler, 'pending')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
