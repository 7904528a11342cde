import { describe, expect, it } from 'vitest';
import { aNode, aPod, FakeCluster } from '../../test/support/fake-cluster.ts';
import { NODE_QUARANTINE_MS, podGarbageCollector } from './pod-garbage-collector.ts';

const PERIOD_MS = 20_000;
const pods = (cluster: FakeCluster) => cluster.list('Pod').map(({ metadata }) => metadata.name);
const statusWrites = (cluster: FakeCluster) => cluster.writes.filter((write) => write.do === 'patch');

function clusterOf(objects: readonly object[], terminatedPodsMax?: number): FakeCluster {
  const options = terminatedPodsMax === undefined ? {} : { terminatedPodsMax };
  const cluster = new FakeCluster([podGarbageCollector(options)]);
  for (const object of objects) cluster.create(object);
  cluster.run(0);
  return cluster;
}

const finished = (name: string, phase: 'Failed' | 'Succeeded', reason?: string) => ({
  ...aPod(name, { nodeName: 'n1' }),
  status: { phase, ...(reason === undefined ? {} : { reason }) },
});

describe('the pod garbage collector', () => {
  it('fails and deletes the pods of a node that stays away: noticed at the next check, orphans 40 seconds after', () => {
    const cluster = clusterOf([aNode('n1'), aNode('n2'), aPod('a', { nodeName: 'n1' }), aPod('b', { nodeName: 'n2' })]);
    expect(cluster.writes).toEqual([]);
    cluster.run(5000);
    cluster.delete('Node', 'n1');
    const orphanedAt = PERIOD_MS + NODE_QUARANTINE_MS;
    cluster.run(orphanedAt - 1);
    expect(pods(cluster)).toEqual(['a', 'b']);
    cluster.run(orphanedAt);
    expect(pods(cluster)).toEqual(['b']);
    expect(statusWrites(cluster)).toMatchObject([
      {
        key: 'default/a',
        status: true,
        patch: {
          status: {
            phase: 'Failed',
            conditions: [
              {
                type: 'DisruptionTarget',
                status: 'True',
                reason: 'DeletionByPodGC',
                message: 'PodGC: node no longer exists',
                lastTransitionTime: '2026-01-01T00:01:00Z',
              },
            ],
          },
        },
      },
    ]);
    expect(cluster.dataplane.nodeQuarantine.size).toBe(0);
  });

  it('lets the pods of a node that comes back in time live, and begins anew when it goes again', () => {
    const cluster = clusterOf([aNode('n1'), aPod('a', { nodeName: 'n1' })]);
    cluster.delete('Node', 'n1');
    cluster.run(30_000);
    cluster.create(aNode('n1'));
    cluster.run(50_000);
    expect(cluster.dataplane.nodeQuarantine.size).toBe(0);
    cluster.delete('Node', 'n1');
    cluster.run(60_000 + NODE_QUARANTINE_MS - 1);
    expect(pods(cluster)).toEqual(['a']);
    cluster.run(60_000 + NODE_QUARANTINE_MS);
    expect(pods(cluster)).toEqual([]);
  });

  it('lets go of a quarantine whose pods went by themselves', () => {
    const cluster = clusterOf([aNode('n1'), aPod('a', { nodeName: 'n1' })]);
    cluster.delete('Node', 'n1');
    cluster.run(PERIOD_MS);
    cluster.remove('Pod', 'default/a');
    cluster.run(PERIOD_MS);
    expect(cluster.dataplane.nodeQuarantine.size).toBe(0);
    expect(statusWrites(cluster)).toEqual([]);
  });

  it('sees off a pod that is being deleted and never had a node, at the next check', () => {
    const cluster = clusterOf([]);
    cluster.run(1000);
    cluster.create(aPod('p', {}, { deletionTimestamp: '2026-01-01T00:00:01Z' }));
    cluster.create(aPod('waiting'));
    cluster.run(PERIOD_MS - 1);
    expect(pods(cluster)).toEqual(['p', 'waiting']);
    cluster.run(PERIOD_MS);
    expect(statusWrites(cluster)).toMatchObject([{ key: 'default/p', patch: { status: { phase: 'Failed' } } }]);
    expect(cluster.writes.at(-1)).toMatchObject({ do: 'delete', key: 'default/p', gracePeriodSeconds: 0 });
  });

  it('sees off pods that are being deleted from a node that is out of service, once it is not ready', () => {
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    const ready = (status: string) => ({ status: { conditions: [{ type: 'Ready', status }] } });
    const cluster = clusterOf([{ ...aNode('n1', { taints }), ...ready('True') }]);
    cluster.create(aPod('going', { nodeName: 'n1' }, { deletionTimestamp: '2026-01-01T00:00:30Z' }));
    cluster.create(aPod('staying', { nodeName: 'n1' }));
    cluster.run(PERIOD_MS);
    expect(cluster.writes).toEqual([]);
    cluster.patch('Node', 'n1', ready('Unknown'));
    cluster.run(2 * PERIOD_MS);
    expect(cluster.writes.map((write) => ('key' in write ? `${write.do} ${write.key}` : write.do))).toEqual([
      'patch default/going',
      'delete default/going',
    ]);
  });

  it('keeps so many finished pods and no more: evicted ones go first, then the oldest', () => {
    const cluster = clusterOf([aNode('n1'), finished('b', 'Failed'), finished('a', 'Succeeded')], 3);
    cluster.create(finished('evicted', 'Failed', 'Evicted'));
    cluster.run(PERIOD_MS);
    expect(cluster.writes).toEqual([]);
    cluster.create(finished('c', 'Failed'));
    cluster.run(2 * PERIOD_MS);
    expect(pods(cluster)).toEqual(['a', 'b', 'c']);
    cluster.create(finished('d', 'Failed'));
    cluster.run(3 * PERIOD_MS);
    expect(pods(cluster)).toEqual(['b', 'c', 'd']);
    expect(statusWrites(cluster)).toEqual([]);
  });
});
