import { describe, expect, it } from 'vitest';
import { timestampOf } from '../../src/model/index.ts';
import { aCluster } from '../../test/support/cluster.ts';
import { aNode, aPod, FakeCluster } from '../../test/support/fake-cluster.ts';
import { controllersFor } from '../index.ts';
import { NODE_MONITOR_GRACE_PERIOD_MS, nodeLifecycle, taintEviction } from './index.ts';

const KUBELETS = controllersFor(aCluster()).filter(({ program }) => program === 'kubelet');
const CIDR = { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] };
const tolerate = (seconds?: number) => {
  const tolerationSeconds = seconds === undefined ? {} : { tolerationSeconds: seconds };
  return [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', ...tolerationSeconds }];
};

function clusterOf(...objects: object[]): FakeCluster {
  const cluster = new FakeCluster([...KUBELETS, nodeLifecycle, taintEviction]);
  for (const object of objects) cluster.create(object);
  cluster.run(10_000);
  return cluster;
}

const taintsOf = (cluster: FakeCluster) =>
  (cluster.get('Node', 'node1')!.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
const ready = (cluster: FakeCluster, kind: 'Node' | 'Pod', key: string) =>
  cluster.get(kind, key)!.status.conditions?.find(({ type }) => type === 'Ready');
const setDown = (cluster: FakeCluster, since: string | null) => {
  cluster.patch('Node', 'node1', { metadata: { annotations: { 'orrery.dev/kubelet-down-since': since } } });
};

describe('node lifecycle', () => {
  it('keeps pods off a node until it is ready', () => {
    const cluster = clusterOf(aNode('node1'));
    expect(taintsOf(cluster)).toEqual([
      'node.kubernetes.io/not-ready:NoExecute',
      'node.kubernetes.io/not-ready:NoSchedule',
    ]);
    cluster.patch('Node', 'node1', { spec: CIDR });
    cluster.run(cluster.now);
    expect(taintsOf(cluster)).toEqual([]);
    expect(cluster.look(nodeLifecycle, 'node1')).toEqual([]);
  });

  it('follows the unschedulable flag and the pressures, and leaves the taints of others alone', () => {
    const cluster = clusterOf(
      aNode('node1', { ...CIDR, taints: [{ key: 'mine', effect: 'NoSchedule' }], unschedulable: true }),
    );
    expect(taintsOf(cluster)).toEqual(['mine:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
    cluster.patch('Node', 'node1', { spec: { unschedulable: null } });
    cluster.run(cluster.now);
    expect(taintsOf(cluster)).toEqual(['mine:NoSchedule']);
  });

  it('takes a silent node for unreachable after the grace period, and its pods out of service', () => {
    const cluster = clusterOf(aNode('node1', CIDR), aPod('a', { nodeName: 'node1', tolerations: tolerate() }));
    setDown(cluster, timestampOf(cluster.now));
    const deadline = cluster.now + NODE_MONITOR_GRACE_PERIOD_MS;
    cluster.run(deadline - 1);
    expect(ready(cluster, 'Node', 'node1')!.status).toBe('True');
    cluster.run(deadline);
    expect(ready(cluster, 'Node', 'node1')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(taintsOf(cluster)).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    expect(ready(cluster, 'Pod', 'default/a')!.status).toBe('False');
    expect(cluster.look(nodeLifecycle, 'node1')).toEqual([]);
    setDown(cluster, null);
    cluster.run(cluster.now);
    expect(taintsOf(cluster)).toEqual([]);
    expect(ready(cluster, 'Node', 'node1')!.status).toBe('True');
    expect(ready(cluster, 'Pod', 'default/a')!.status).toBe('True');
  });

  it('evicts pods as their tolerations end: none at once, 300 s later, never', () => {
    const cluster = clusterOf(
      aNode('node1', CIDR),
      aPod('at-once', { nodeName: 'node1' }),
      aPod('later', { nodeName: 'node1', tolerations: tolerate(300) }),
      aPod('never', { nodeName: 'node1', tolerations: tolerate() }),
    );
    setDown(cluster, timestampOf(cluster.now));
    const isDeleted = (name: string) => cluster.get('Pod', `default/${name}`)?.metadata.deletionTimestamp !== undefined;
    const tainted = cluster.now + NODE_MONITOR_GRACE_PERIOD_MS;
    cluster.run(tainted);
    expect(['at-once', 'later', 'never'].map(isDeleted)).toEqual([true, false, false]);
    cluster.run(tainted + 299_999);
    expect(isDeleted('later')).toBe(false);
    cluster.run(tainted + 300_000);
    expect(['at-once', 'later', 'never'].map(isDeleted)).toEqual([true, true, false]);
    expect(cluster.get('Pod', 'default/later')!.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'DeletionByTaintManager' }),
    );
  });

  it('lets pods stay that were to be evicted when the node comes back in time', () => {
    const cluster = clusterOf(aNode('node1', CIDR), aPod('a', { nodeName: 'node1', tolerations: tolerate(300) }));
    setDown(cluster, timestampOf(cluster.now));
    cluster.run(200_000);
    setDown(cluster, null);
    cluster.run(1_000_000);
    expect(cluster.get('Pod', 'default/a')!.metadata.deletionTimestamp).toBeUndefined();
  });
});
