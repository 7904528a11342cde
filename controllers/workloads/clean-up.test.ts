import { describe, expect, it } from 'vitest';
import { aPod, FakeCluster } from '../../test/support/fake-cluster.ts';
import { garbageCollector, UNSEEN_OWNER_AFTER_MS } from './garbage-collector.ts';
import { namespace } from './namespace.ts';

function aConfigMap(name: string, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...metadata } };
}

function ownedBy(...owners: { readonly metadata: { readonly name: string; readonly uid: string } }[]): object {
  const ownerReferences = owners.map(({ metadata: { name, uid } }) => {
    return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true };
  });
  return { ownerReferences };
}

describe('the garbage collector', () => {
  it('deletes what has lost its last owner, and only that', () => {
    const cluster = new FakeCluster([garbageCollector]);
    const [a, b] = [cluster.create(aConfigMap('a')), cluster.create(aConfigMap('b'))];
    cluster.create(aConfigMap('of-a', ownedBy(a)));
    cluster.create(aConfigMap('of-both', ownedBy(a, b)));
    cluster.create(aConfigMap('of-nobody'));
    cluster.run(0);
    expect(cluster.writes).toEqual([]);
    cluster.delete('ConfigMap', 'default/a');
    cluster.run(0);
    expect(cluster.list('ConfigMap').map(({ metadata }) => metadata.name)).toEqual(['b', 'of-both', 'of-nobody']);
    expect(cluster.get('ConfigMap', 'default/of-both')!.metadata).toMatchObject(ownedBy(b));
  });

  it('does not take a new owner of the same name for the old one', () => {
    const cluster = new FakeCluster([garbageCollector]);
    const old = cluster.create(aConfigMap('o'));
    cluster.create(aConfigMap('d', ownedBy(old)));
    cluster.delete('ConfigMap', 'default/o');
    cluster.create(aConfigMap('o'));
    cluster.run(0);
    expect(cluster.get('ConfigMap', 'default/d')).toBeUndefined();
    expect(cluster.get('ConfigMap', 'default/o')).toBeDefined();
  });

  it('gives an owner that it has never seen time to appear', () => {
    const cluster = new FakeCluster([garbageCollector]);
    const unseen = { metadata: { name: 'late', uid: 'never' } };
    cluster.create(aConfigMap('d', ownedBy(unseen)));
    cluster.run(UNSEEN_OWNER_AFTER_MS - 1);
    expect(cluster.get('ConfigMap', 'default/d')).toBeDefined();
    cluster.run(UNSEEN_OWNER_AFTER_MS);
    expect(cluster.get('ConfigMap', 'default/d')).toBeUndefined();
  });

  it('keeps an owner that is deleted in the foreground until its dependents are gone', () => {
    const cluster = new FakeCluster([garbageCollector]);
    const owner = cluster.create(aConfigMap('o', { finalizers: ['foregroundDeletion'] }));
    cluster.create(aConfigMap('d', { ...ownedBy(owner), finalizers: ['example.com/hold'] }));
    cluster.delete('ConfigMap', 'default/o');
    cluster.run(0);
    expect(cluster.get('ConfigMap', 'default/d')!.metadata.deletionTimestamp).toBeDefined();
    expect(cluster.get('ConfigMap', 'default/o')).toBeDefined();
    cluster.remove('ConfigMap', 'default/d');
    cluster.run(0);
    expect(cluster.list('ConfigMap')).toEqual([]);
  });

  it('strikes an owner that is to be orphaned from its dependents', () => {
    const cluster = new FakeCluster([garbageCollector]);
    const owner = cluster.create(aConfigMap('o', { finalizers: ['orphan'] }));
    cluster.create(aConfigMap('d', ownedBy(owner)));
    cluster.delete('ConfigMap', 'default/o');
    cluster.run(0);
    expect(cluster.list('ConfigMap').map(({ metadata }) => metadata)).toMatchObject([{ name: 'd' }]);
    expect(cluster.get('ConfigMap', 'default/d')!.metadata.ownerReferences).toBeUndefined();
  });
});

describe('the namespace controller', () => {
  const aNamespace = (name: string) => {
    return {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
      spec: { finalizers: ['kubernetes'] },
      status: {},
    };
  };
  const terminate = (cluster: FakeCluster, name: string) => {
    cluster.patch('Namespace', name, {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: { phase: 'Terminating' },
    });
    cluster.run(cluster.now);
  };

  it('empties a namespace that is being deleted, and no other, and lets go of it', () => {
    const cluster = new FakeCluster([namespace]);
    for (const name of ['a', 'default']) cluster.create(aNamespace(name));
    cluster.create(aConfigMap('mine', { namespace: 'a' }));
    cluster.create(aConfigMap('theirs'));
    cluster.run(0);
    expect(cluster.writes).toEqual([]);
    terminate(cluster, 'a');
    expect(cluster.list('Namespace').map(({ metadata }) => metadata.name)).toEqual(['default']);
    expect(cluster.list('ConfigMap').map(({ metadata }) => metadata.name)).toEqual(['theirs']);
  });

  it('says what it waits for, once, and goes on when that is gone', () => {
    const cluster = new FakeCluster([namespace]);
    cluster.create(aNamespace('a'));
    cluster.create(aConfigMap('held', { namespace: 'a', finalizers: ['example.com/x'] }));
    cluster.create(aPod('p', { nodeName: 'n1' }, { namespace: 'a' }));
    terminate(cluster, 'a');
    const conditions = cluster.get('Namespace', 'a')!.status.conditions!;
    expect(conditions.map(({ type, status, message }) => `${type} ${status} ${message}`)).toEqual([
      'NamespaceDeletionDiscoveryFailure False All resources successfully discovered',
      'NamespaceDeletionGroupVersionParsingFailure False All legacy kube types successfully parsed',
      'NamespaceDeletionContentFailure False All content successfully deleted, may be waiting on finalization',
      'NamespaceContentRemaining True Some resources are remaining: configmaps. has 1 resource instances, pods. has 1 resource instances',
      'NamespaceFinalizersRemaining True Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
    ]);
    expect(cluster.look(namespace, 'a')).toEqual([]);
    cluster.delete('Pod', 'a/p', 0);
    cluster.run(0);
    expect(cluster.get('Namespace', 'a')!.status.conditions![3]!.message).toBe(
      'Some resources are remaining: configmaps. has 1 resource instances',
    );
    cluster.remove('ConfigMap', 'a/held');
    cluster.run(0);
    expect(cluster.get('Namespace', 'a')).toBeUndefined();
  });
});
