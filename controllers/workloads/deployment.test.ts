import { describe, expect, it } from 'vitest';
import { isPodActive, type Pod, type ReplicaSet } from '../../src/model/index.ts';
import { aDeployment, aPod, aTemplate, FakeCluster } from '../../test/support/fake-cluster.ts';
import { deployment } from './deployment.ts';
import { garbageCollector } from './garbage-collector.ts';
import { replicaSet } from './replica-set.ts';

function clusterWith(...objects: object[]): FakeCluster {
  const cluster = new FakeCluster([deployment, replicaSet, garbageCollector]);
  for (const object of objects) cluster.create(object);
  cluster.run(cluster.now);
  return cluster;
}

function makeReady(cluster: FakeCluster, pods: readonly Pod[] = cluster.list('Pod')): void {
  for (const { metadata } of pods) {
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: null }] };
    cluster.patch('Pod', `default/${metadata.name}`, { status });
  }
  cluster.run(cluster.now);
}

function setImage(cluster: FakeCluster, image: string): void {
  cluster.patch('Deployment', 'default/w', { spec: { template: aTemplate('w', image) } });
  cluster.run(cluster.now);
}

const sizes = (cluster: FakeCluster) =>
  Object.fromEntries(
    cluster.list('ReplicaSet').map(({ spec }: ReplicaSet) => [spec.template.spec.containers[0]!.image, spec.replicas]),
  );
const status = (cluster: FakeCluster) => cluster.get('Deployment', 'default/w')!.status;
const condition = (cluster: FakeCluster, type: string) => status(cluster).conditions?.find((one) => one.type === type);

describe('a Deployment', () => {
  it('makes a ReplicaSet that is named, labelled and annotated as its template says', () => {
    const cluster = clusterWith(aDeployment('w', 2));
    const [made] = cluster.list('ReplicaSet');
    const hash = made!.metadata.labels!['pod-template-hash']!;
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(made!.metadata.name).toBe(`w-${hash}`);
    expect(made!.spec.selector.matchLabels).toEqual({ app: 'w', 'pod-template-hash': hash });
    expect(made!.spec.template.metadata.labels).toEqual({ app: 'w', 'pod-template-hash': hash });
    expect(made!.metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    });
    expect(cluster.list('Pod').map(({ metadata }) => metadata.generateName)).toEqual([`w-${hash}-`, `w-${hash}-`]);
  });

  it('says that it is available and has progressed when all pods are ready', () => {
    const cluster = clusterWith(aDeployment('w', 2));
    expect(condition(cluster, 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' });
    makeReady(cluster);
    expect(status(cluster)).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      updatedReplicas: 2,
      availableReplicas: 2,
    });
    expect(status(cluster)).not.toHaveProperty('unavailableReplicas');
    expect(status(cluster).terminatingReplicas).toBe(0);
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(cluster.get('Deployment', 'default/w')!.metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '1',
    });
  });

  it('writes nothing when it is looked at again', () => {
    const cluster = clusterWith(aDeployment('w', 3));
    makeReady(cluster);
    expect(cluster.look(deployment, 'default/w')).toEqual([]);
    for (const { metadata } of cluster.list('ReplicaSet')) {
      expect(cluster.look(replicaSet, `default/${metadata.name}`)).toEqual([]);
    }
  });

  it('stops half way when new pods do not become ready: 25 % of 10 are 3 more and 2 fewer', () => {
    const cluster = clusterWith(aDeployment('w', 10));
    makeReady(cluster);
    setImage(cluster, 'x:2');
    expect(sizes(cluster)).toEqual({ 'x:1': 8, 'x:2': 5 });
  });

  it('takes one away first where there may be no surge', () => {
    const rollingUpdate = { maxSurge: 0, maxUnavailable: 1 };
    const cluster = clusterWith(aDeployment('w', 3, { strategy: { type: 'RollingUpdate', rollingUpdate } }));
    makeReady(cluster);
    setImage(cluster, 'x:2');
    expect(sizes(cluster)).toEqual({ 'x:1': 2, 'x:2': 1 });
  });

  it('reaches the new template as its pods become ready, and keeps the old ReplicaSet empty', () => {
    const cluster = clusterWith(aDeployment('w', 4));
    makeReady(cluster);
    setImage(cluster, 'x:2');
    for (let i = 0; i < 5; i++) makeReady(cluster);
    expect(sizes(cluster)).toEqual({ 'x:1': 0, 'x:2': 4 });
    expect(condition(cluster, 'Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
    expect(cluster.get('Deployment', 'default/w')!.metadata.annotations!['deployment.kubernetes.io/revision']).toBe(
      '2',
    );
  });

  it('goes back to an old ReplicaSet under a new revision, and remembers the old one', () => {
    const cluster = clusterWith(aDeployment('w', 1));
    makeReady(cluster);
    for (const image of ['x:2', 'x:1']) {
      setImage(cluster, image);
      for (let i = 0; i < 3; i++) makeReady(cluster);
    }
    expect(sizes(cluster)).toEqual({ 'x:1': 1, 'x:2': 0 });
    const first = cluster.list('ReplicaSet').find(({ spec }) => spec.replicas === 1)!;
    expect(first.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('of type Recreate waits until the old pods are gone, terminating ones too', () => {
    const cluster = clusterWith(aDeployment('w', 2, { strategy: { type: 'Recreate' } }));
    for (const { metadata } of cluster.list('Pod')) {
      cluster.patch('Pod', `default/${metadata.name}`, { spec: { nodeName: 'n1' } });
    }
    makeReady(cluster);
    setImage(cluster, 'x:2');
    expect(sizes(cluster)).toEqual({ 'x:1': 0 });
    for (const { metadata } of cluster.list('Pod')) cluster.delete('Pod', `default/${metadata.name}`, 0);
    cluster.run(cluster.now);
    expect(sizes(cluster)).toEqual({ 'x:1': 0, 'x:2': 2 });
  });

  it('starts no rollout while it is paused, but scales', () => {
    const cluster = clusterWith(aDeployment('w', 1));
    cluster.patch('Deployment', 'default/w', { spec: { paused: true, replicas: 3, template: aTemplate('w', 'x:2') } });
    cluster.run(cluster.now);
    expect(sizes(cluster)).toEqual({ 'x:1': 3 });
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  });

  it('shares a new size out among its ReplicaSets in the middle of a rollout', () => {
    const cluster = clusterWith(aDeployment('w', 10));
    makeReady(cluster);
    setImage(cluster, 'x:2');
    cluster.patch('Deployment', 'default/w', { spec: { replicas: 20 } });
    cluster.run(cluster.now);
    // 13 pods become 25: 8 grow by round(8 * 25 / 13) - 8 = 7, 5 by the 5 that are left.
    expect(sizes(cluster)).toEqual({ 'x:1': 15, 'x:2': 10 });
  });

  it('says so when it makes no progress for as long as its deadline', () => {
    const cluster = clusterWith(aDeployment('w', 1, { progressDeadlineSeconds: 5 }));
    cluster.run(4000);
    expect(condition(cluster, 'Progressing')).toMatchObject({ reason: 'ReplicaSetUpdated' });
    cluster.run(8000);
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
  });

  it('keeps no old revision with a revisionHistoryLimit of 0', () => {
    const cluster = clusterWith(aDeployment('w', 0, { revisionHistoryLimit: 0 }));
    setImage(cluster, 'x:2');
    expect(sizes(cluster)).toEqual({ 'x:2': 0 });
  });

  it('takes its ReplicaSets and pods with it', () => {
    const cluster = clusterWith(aDeployment('w', 3));
    cluster.delete('Deployment', 'default/w');
    cluster.run(cluster.now);
    expect(cluster.list('ReplicaSet')).toEqual([]);
    expect(cluster.list('Pod')).toEqual([]);
  });
});

describe('a ReplicaSet', () => {
  it('replaces a pod that is terminating, and one that failed', () => {
    const cluster = clusterWith(aDeployment('w', 2));
    const [first, second] = cluster.list('Pod');
    cluster.patch('Pod', `default/${first!.metadata.name}`, { status: { phase: 'Failed' } });
    cluster.patch('Pod', `default/${second!.metadata.name}`, { spec: { nodeName: 'n1' } });
    cluster.delete('Pod', `default/${second!.metadata.name}`);
    cluster.run(cluster.now);
    expect(cluster.list('Pod').filter(isPodActive)).toHaveLength(2);
    expect(cluster.list('ReplicaSet')[0]!.status).toMatchObject({ replicas: 2, terminatingReplicas: 1 });
  });

  it('lets go of a pod that is relabelled, and takes in one that fits', () => {
    const cluster = clusterWith(aDeployment('w', 1));
    const [pod] = cluster.list('Pod');
    const key = `default/${pod!.metadata.name}`;
    cluster.patch('Pod', key, { metadata: { labels: { app: 'free' } } });
    cluster.run(cluster.now);
    expect(cluster.get('Pod', key)!.metadata.ownerReferences).toBeUndefined();
    expect(cluster.list('Pod')).toHaveLength(2);
    cluster.patch('Pod', key, { metadata: { labels: { app: 'w' } } });
    cluster.run(cluster.now);
    // One too many now: the one adopted or the other goes, and what stays is owned.
    expect(cluster.list('Pod').map(({ metadata }) => metadata.ownerReferences?.length)).toEqual([1]);
  });

  it('adopts no pod that somebody else controls, nor one that matches by chance only', () => {
    const owner = { apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'o', controller: true };
    const cluster = clusterWith(
      aPod('theirs', {}, { labels: { app: 'w', 'pod-template-hash': 'x' }, ownerReferences: [owner] }),
      aPod('bare', {}, { labels: { app: 'w' } }),
      aDeployment('w', 1),
    );
    expect(cluster.get('Pod', 'default/theirs')!.metadata.ownerReferences).toEqual([owner]);
    expect(cluster.get('Pod', 'default/bare')!.metadata.ownerReferences).toBeUndefined();
    expect(cluster.list('Pod')).toHaveLength(3);
  });

  it('gives up unscheduled pods before pending ones, those before unready ones, and ready ones last', () => {
    const cluster = clusterWith(aDeployment('w', 4));
    const [ready, unready, pending, unscheduled] = cluster.list('Pod').map(({ metadata }) => metadata.name);
    for (const name of [ready, unready, pending]) cluster.patch('Pod', `default/${name}`, { spec: { nodeName: 'n1' } });
    cluster.patch('Pod', `default/${unready}`, { status: { phase: 'Running' } });
    makeReady(cluster, [cluster.get('Pod', `default/${ready}`)!]);
    for (const [replicas, given] of [
      [3, unscheduled],
      [2, pending],
      [1, unready],
    ] as const) {
      cluster.patch('Deployment', 'default/w', { spec: { replicas } });
      cluster.run(cluster.now);
      const active = cluster
        .list('Pod')
        .filter(isPodActive)
        .map(({ metadata }) => metadata.name);
      expect(active).not.toContain(given);
      expect(active).toHaveLength(replicas);
    }
  });

  it('counts a pod as available only after minReadySeconds', () => {
    const cluster = clusterWith(aDeployment('w', 1, { minReadySeconds: 10 }));
    const [pod] = cluster.list('Pod');
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    cluster.patch('Pod', `default/${pod!.metadata.name}`, { status: { phase: 'Running', conditions } });
    cluster.run(9999);
    expect(status(cluster)).toMatchObject({ readyReplicas: 1, unavailableReplicas: 1 });
    cluster.run(10_000);
    expect(status(cluster).availableReplicas).toBe(1);
  });
});
