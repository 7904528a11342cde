import { describe, expect, it } from 'vitest';
import { keyOf, type Pod } from '../../src/model/index.ts';
import { aNode, aPod, aService, CREATED, manyPods, SERVICE, World, writes } from '../../test/support/service-world.ts';
import { endpointSliceController } from './index.ts';

describe('what a change writes', () => {
  it('says when the oldest change began, and nothing where nothing with a time changed', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1' }));
    const annotations = () => world.slices()[0]?.metadata.annotations;
    world.reconcile();
    expect(annotations()).toEqual({ 'endpoints.kubernetes.io/last-change-trigger-time': CREATED });
    const since = '2026-01-01T00:00:07Z';
    world.put(aPod({ name: 'a', address: '10.244.0.1', ready: false, readySince: since })).reconcile();
    expect(annotations()).toEqual({ 'endpoints.kubernetes.io/last-change-trigger-time': since });
    world
      .put(aPod({ name: 'a', address: '10.244.0.1', ready: false, readySince: since, terminating: true }))
      .reconcile();
    expect(annotations()).toBeUndefined();
  });

  it('takes the oldest of several changes', () => {
    const world = new World().put(aService());
    world.reconcile();
    const since = (second: number) => `2026-01-01T00:00:0${second}Z`;
    world.put(aPod({ name: 'a', address: '10.244.0.1', readySince: since(5) }));
    world.put(aPod({ name: 'b', address: '10.244.0.2', readySince: since(3) }));
    world.put(aPod({ name: 'c', address: '10.244.0.3', readySince: since(4) })).reconcile();
    const annotations = world.slices()[0]?.metadata.annotations;
    expect(annotations).toEqual({ 'endpoints.kubernetes.io/last-change-trigger-time': since(3) });
  });

  it('says where a pod is now: another zone of its node, another pod of the same name and address', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.reconcile();
    world.put(aNode('node1', 'z2'));
    expect(writes(world.reconcile())).toHaveLength(1);
    expect(world.slices()[0]?.endpoints?.[0]?.zone).toBe('z2');
    const pod = aPod({ name: 'a', address: '10.244.0.1' });
    world.put({ ...pod, metadata: { ...pod.metadata, uid: 'uid-of-the-next' } });
    expect(writes(world.reconcile())).toHaveLength(1);
    expect(world.slices()[0]?.endpoints?.[0]?.targetRef?.uid).toBe('uid-of-the-next');
  });

  it('writes nothing for a reserved label alone', () => {
    const world = new World().put(aService({}, { 'service.kubernetes.io/headless': 'no' }));
    world.put(aPod({ name: 'a', address: '10.244.0.1' })).reconcile();
    const slice = world.slices()[0]!;
    expect(slice.metadata.labels).not.toHaveProperty(['service.kubernetes.io/headless']);
    const labels = { ...slice.metadata.labels, 'service.kubernetes.io/headless': '' };
    world.put({ ...slice, metadata: { ...slice.metadata, labels } });
    expect(world.reconcile()).toEqual([]);
  });

  it('follows the labels of the Service and drops those that are gone', () => {
    const world = new World().put(aService({}, { l: '1', old: 'x' })).put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.reconcile();
    world.put(aService({}, { l: '2' }));
    expect(world.reconcile().map(({ do: what }) => what)).toEqual(['update']);
    expect(world.slices()[0]?.metadata.labels).toMatchObject({ l: '2' });
    expect(world.slices()[0]?.metadata.labels).not.toHaveProperty('old');
  });

  it('turns a slice that would go into one that would come: one write, the name stays', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.reconcile();
    const [before] = world.slices();
    world.put(aService({ ports: [{ protocol: 'TCP', port: 80, targetPort: 9090 }] }));
    expect(world.reconcile().map(({ do: what }) => what)).toEqual(['update']);
    expect(world.slices()).toHaveLength(1);
    expect(world.slices()[0]).toMatchObject({ metadata: { name: before?.metadata.name }, ports: [{ port: 9090 }] });
  });

  it('replaces a slice that an earlier Service of the same name owns', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.reconcile();
    const next = aService();
    world.put({ ...next, metadata: { ...next.metadata, uid: 'uid-web-2' } });
    expect(world.reconcile().map(({ do: what }) => what)).toEqual(['create', 'delete']);
    expect(world.slices().map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual(['uid-web-2']);
  });

  it('makes nothing new for a Service that is being deleted', () => {
    const service = aService();
    const metadata = { ...service.metadata, deletionTimestamp: CREATED };
    const world = new World().put({ ...service, metadata }).put(aPod({ name: 'a', address: '10.244.0.1' }));
    expect(world.reconcile()).toEqual([]);
  });

  it('skips a pod whose node does not exist, says so and comes back; unless its address is to be published', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1', node: 'gone' }));
    const intents = world.reconcile();
    expect(intents.map(({ do: what }) => what)).toEqual(['create', 'event', 'again']);
    expect(intents[1]).toMatchObject({
      reason: 'FailedToUpdateEndpointSlices',
      message:
        'Error updating Endpoint Slices for Service default/web: skipping Pod a for Service default/web: Node gone Not Found',
    });
    expect(world.slices()[0]?.endpoints).toBeNull();
    world.put(aService({ publishNotReadyAddresses: true })).reconcile();
    expect(world.slices()[0]?.endpoints).toHaveLength(1);
  });
});

describe('whom a change concerns', () => {
  const services = (world: World, pod: Pod) => endpointSliceController.watches.Pod?.(pod, world.cache, keyOf(pod));

  it('is the Services whose whole selector the pod matches, once it has an address', () => {
    const named = (name: string, selector: Readonly<Record<string, string>>) => {
      const service = aService({ selector });
      return { ...service, metadata: { ...service.metadata, name } };
    };
    const world = new World();
    world.put(named('both', { app: 'web', tier: 'front' })).put(named('tier', { tier: 'front' }));
    world.put(named('other', { app: 'web', tier: 'back' })).put(named('app', { app: 'web' }));
    const labels = { app: 'web', tier: 'front', zone: '1' };
    expect(services(world, aPod({ name: 'a', address: '10.244.0.1', labels }))).toEqual([
      'default/app',
      'default/both',
      'default/tier',
    ]);
    expect(services(world, aPod({ name: 'a', labels, phase: 'Pending' }))).toEqual([]);
  });

  it('finds the pods of a selector with several pairs', () => {
    const world = new World().put(aService({ selector: { app: 'web', tier: 'front' } }));
    for (const [i, pod] of manyPods(50).entries()) {
      const labels = i % 5 === 0 ? { app: 'web', tier: 'front' } : i % 5 === 1 ? { tier: 'front' } : { app: 'web' };
      world.put({ ...pod, metadata: { ...pod.metadata, labels } });
    }
    world.reconcile();
    expect(world.slices()[0]?.endpoints).toHaveLength(10);
  });

  it('is the Service of a slice of ours, and nobody for the slices of others', () => {
    const world = new World().put(aService()).put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.reconcile();
    const slice = world.slices()[0]!;
    const foreign = { ...slice, metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'web' } } };
    expect(endpointSliceController.watches.EndpointSlice?.(slice, world.cache, keyOf(slice))).toEqual([SERVICE]);
    expect(endpointSliceController.watches.EndpointSlice?.(foreign, world.cache, keyOf(foreign))).toEqual([]);
  });
});
