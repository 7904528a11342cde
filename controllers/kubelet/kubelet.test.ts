import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CnsAddress, type Program, program } from '../../src/dataplane/index.ts';
import { addressOf, formatAddress } from '../../src/model/index.ts';
import { aNode, aPod, FakeCluster } from '../../test/support/fake-cluster.ts';
import { holds } from '../../test/support/seed.ts';
import { kubeletNode, kubeletPods, START_AFTER_MS } from './index.ts';

const CIDR = { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] };

function clusterOf(...objects: object[]): FakeCluster {
  const cluster = new FakeCluster([kubeletNode, kubeletPods]);
  for (const object of objects) cluster.create(object);
  cluster.run(cluster.now);
  return cluster;
}

const bound = (name: string, annotations: object = {}, spec: object = {}) =>
  aPod(name, { nodeName: 'node1', ...spec }, { annotations });
const podOf = (cluster: FakeCluster, name: string) => cluster.get('Pod', `default/${name}`);
const networkOf = (cluster: FakeCluster, name: string) => cluster.dataplane.pod.get(`default/${name}`);
const readyOf = (cluster: FakeCluster, name: string) =>
  podOf(cluster, name)!.status.conditions?.find(({ type }) => type === 'Ready')?.status;

describe('the kubelet, of its node', () => {
  it('is not ready before the node has a pod CIDR, and then is, in one write each', () => {
    const cluster = clusterOf(aNode('node1', {}, { labels: { 'topology.kubernetes.io/zone': 'z1' } }));
    const ready = () => cluster.get('Node', 'node1')!.status.conditions?.find(({ type }) => type === 'Ready');
    expect(ready()).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
    expect(ready()?.message).toContain('cni plugin not initialized');
    expect(cluster.dataplane.node.get('node1')).toBeUndefined();
    cluster.patch('Node', 'node1', { spec: CIDR });
    cluster.run(cluster.now);
    expect(ready()).toMatchObject({
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    });
    expect(cluster.dataplane.node.get('node1')).toMatchObject({
      name: 'node1',
      addresses: [addressOf('10.10.12.4')],
      zone: 'z1',
    });
    expect(cluster.writes.filter((write) => write.do === 'patch')).toHaveLength(2);
    expect(cluster.look(kubeletNode, 'node1')).toEqual([]);
  });

  it('takes the node and its sandboxes out of the network when it is deleted', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a'));
    expect(networkOf(cluster, 'a')).toBeDefined();
    cluster.delete('Node', 'node1');
    cluster.run(cluster.now);
    expect(cluster.dataplane.node.get('node1')).toBeUndefined();
    expect(cluster.dataplane.pod.size).toBe(0);
  });

  describe('sweeps the addresses that it left assigned when it died, together with sandboxes that are nobody’s', () => {
    // The sandbox of `a` is gone, its address is not: the kubelet died between the two. `b` waits to be torn down.
    function interrupted(): FakeCluster {
      const cluster = new FakeCluster([kubeletNode, kubeletPods]);
      const addresses = [4, 5, 6].map((host) => [
        addressOf(`10.10.12.${host}`),
        { container: 'node1', state: 'Available' },
      ]);
      const value = {
        containers: [{ id: 'node1', status: '' }],
        addresses: new Map(addresses as [number, CnsAddress][]),
      };
      cluster.dataplane = program(cluster.dataplane, { piece: 'cnsPool', key: 'node1', value });
      for (const object of [aNode('node1', CIDR), bound('a'), bound('b')]) cluster.create(object);
      cluster.run(cluster.now);
      cluster.dataplane = program(cluster.dataplane, { piece: 'pod', key: 'default/a', value: undefined });
      cluster.cache.apply('Pod', 'default/a', undefined);
      cluster.cache.apply('Pod', 'default/b', undefined);
      expect(assigned(cluster)).toHaveLength(2);
      return cluster;
    }
    const assigned = (cluster: FakeCluster) =>
      [...cluster.dataplane.cnsPool.get('node1')!.addresses.values()].filter(({ state }) => state === 'Assigned');

    it.each(['there', 'gone'] as const)('of a node that is %s', (node) => {
      const cluster = interrupted();
      if (node === 'gone') cluster.cache.apply('Node', 'node1', undefined);
      for (const intent of cluster.look(kubeletNode, 'node1'))
        if (intent.do === 'program') cluster.dataplane = program(cluster.dataplane, intent as Program);
      expect(assigned(cluster)).toEqual([]);
      expect(cluster.dataplane.pod.size).toBe(0);
    });
  });
});

describe('the kubelet, of its pods', () => {
  it('sets up the network at once, and says that the pod runs when it does, in one write', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a'));
    expect(networkOf(cluster, 'a')!.addresses.map(formatAddress)).toEqual(['10.244.1.0']);
    cluster.run(START_AFTER_MS - 1);
    expect(podOf(cluster, 'a')!.status).toEqual({ phase: 'Pending' });
    cluster.run(START_AFTER_MS);
    const { status } = podOf(cluster, 'a')!;
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.244.1.0',
      podIPs: [{ ip: '10.244.1.0' }],
      hostIP: '10.10.12.4',
      hostIPs: [{ ip: '10.10.12.4' }],
      startTime: '2026-01-01T00:00:00Z',
    });
    expect(status.conditions?.map((one) => `${one.type}=${one.status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(cluster.writes.filter((write) => write.do === 'patch' && write.kind === 'Pod')).toHaveLength(1);
    expect(cluster.look(kubeletPods, 'default/a')).toEqual([]);
  });

  it('waits with the pod until the node has a pod CIDR', () => {
    const cluster = clusterOf(aNode('node1'), bound('a'));
    cluster.run(5000);
    expect(networkOf(cluster, 'a')).toBeUndefined();
    cluster.patch('Node', 'node1', { spec: CIDR });
    cluster.run(6000);
    expect(podOf(cluster, 'a')!.status.phase).toBe('Running');
  });

  it('is told by annotations when a pod is ready', () => {
    const late = { 'orrery.dev/ready-after': '5s' };
    const never = { 'orrery.dev/ready': 'false' };
    const cluster = clusterOf(aNode('node1', CIDR), bound('late', late), bound('never', never));
    cluster.run(START_AFTER_MS + 4999);
    expect(podOf(cluster, 'late')!.status.conditions?.[2]).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [c]',
    });
    cluster.run(START_AFTER_MS + 5000);
    expect([readyOf(cluster, 'late'), readyOf(cluster, 'never')]).toEqual(['True', 'False']);
    cluster.patch('Pod', 'default/never', { metadata: { annotations: null } });
    cluster.run(cluster.now);
    expect(readyOf(cluster, 'never')).toBe('True');
  });

  it('gives a pod on the host network the address of the host', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a', {}, { hostNetwork: true }));
    cluster.run(START_AFTER_MS);
    expect(podOf(cluster, 'a')!.status).toMatchObject({ podIP: '10.10.12.4', hostIP: '10.10.12.4' });
    expect(cluster.dataplane.pod.size).toBe(0);
  });

  it('gives a pod the address it asks for, where that is free and in the block', () => {
    const asks = (ip: string) => ({ 'orrery.dev/pod-ip': ip });
    const cluster = clusterOf(
      aNode('node1', CIDR),
      bound('a', asks('10.244.1.10')),
      bound('b', asks('10.244.1.10')),
      bound('c', asks('10.244.2.10')),
    );
    const given = ['a', 'b', 'c'].map((name) => networkOf(cluster, name)!.addresses.map(formatAddress)[0]);
    expect(given).toEqual(['10.244.1.10', '10.244.1.11', '10.244.1.12']);
  });

  it('hands out all 256 addresses of a /24, tells of the 257th pod as CNS does, and tries again', () => {
    const cluster = clusterOf(aNode('node1', CIDR), ...Array.from({ length: 257 }, (_, i) => bound(`p${i}`)));
    expect(cluster.dataplane.pod.size).toBe(256);
    const [event] = cluster.events;
    expect(event).toMatchObject({ reason: 'FailedCreatePodSandBox', type: 'Warning', host: 'node1' });
    expect(event!.message).toContain('IPAM Invoker Add failed with error: Failed to get IP address from CNS');
    expect(event!.message).toContain('AllocateIPConfig failed: not enough IPs available of type IPv4 for');
    cluster.remove('Pod', 'default/p0');
    cluster.run(60_000);
    expect(podOf(cluster, 'p256')!.status).toMatchObject({ phase: 'Running', podIP: '10.244.1.0' });
  });

  it('stops a pod before it lets go of it: address first, then the object', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a', { 'orrery.dev/stop-after': '3s' }));
    cluster.run(10_000);
    cluster.delete('Pod', 'default/a');
    cluster.run(12_999);
    expect(podOf(cluster, 'a')!.metadata.deletionTimestamp).toBeDefined();
    expect(networkOf(cluster, 'a')).toBeDefined();
    cluster.run(13_000);
    expect(podOf(cluster, 'a')).toBeUndefined();
    expect(cluster.writes.slice(-2).map((write) => write.do)).toEqual(['program', 'delete']);
    expect(cluster.dataplane.pod.size).toBe(0);
  });

  it('never waits longer than the grace period', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a', { 'orrery.dev/stop-after': '1h' }));
    cluster.run(10_000);
    cluster.delete('Pod', 'default/a', 2);
    cluster.run(12_000);
    expect(podOf(cluster, 'a')).toBeUndefined();
  });

  it('gives a replaced pod of the same name a sandbox of its own', () => {
    const cluster = clusterOf(aNode('node1', CIDR), bound('a'));
    const before = networkOf(cluster, 'a')!;
    cluster.remove('Pod', 'default/a');
    cluster.create(bound('a'));
    cluster.run(START_AFTER_MS);
    const after = networkOf(cluster, 'a')!;
    expect(after.uid).toBe(podOf(cluster, 'a')!.metadata.uid);
    expect(after.addresses).not.toEqual(before.addresses);
    expect(cluster.dataplane.pod.size).toBe(1);
  });

  it('does nothing while it is down, and catches up', () => {
    const down = { annotations: { 'orrery.dev/kubelet-down-since': '2026-01-01T00:00:00Z' } };
    const cluster = clusterOf(aNode('node1', CIDR, down), bound('a'));
    cluster.run(5000);
    expect(cluster.dataplane.pod.size).toBe(0);
    expect(cluster.get('Node', 'node1')!.status.conditions).toBeUndefined();
    cluster.patch('Node', 'node1', { metadata: { annotations: null } });
    cluster.run(6000);
    expect(podOf(cluster, 'a')!.status.phase).toBe('Running');
  });

  it('writes nothing to a manual node and its pods, but puts them in the network', () => {
    const cluster = clusterOf(aNode('node1', CIDR, { labels: { 'orrery.dev/kubelet': 'manual' } }), {
      ...bound('a'),
      status: { phase: 'Running', podIP: '10.244.1.20', podIPs: [{ ip: '10.244.1.20' }] },
    });
    cluster.delete('Pod', 'default/a');
    cluster.run(60_000);
    expect(cluster.writes.every((write) => write.do === 'program')).toBe(true);
    expect(networkOf(cluster, 'a')!.addresses.map(formatAddress)).toEqual(['10.244.1.20']);
    cluster.remove('Pod', 'default/a');
    cluster.run(cluster.now);
    expect(cluster.dataplane.pod.size).toBe(0);
  });

  it('keeps one sandbox for each pod that is there, and none else, whatever comes and goes', () => {
    const step = fc.record({
      what: fc.constantFrom('create', 'delete', 'vanish', 'finish'),
      pod: fc.integer({ min: 0, max: 5 }),
      waitMs: fc.constantFrom(0, 500, 1000, 5000),
    });
    holds(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cluster = clusterOf(aNode('node1', { podCIDR: '10.244.1.0/30' }));
        for (const { what, pod, waitMs } of steps) {
          const key = `default/p${pod}`;
          if (what === 'create' && cluster.get('Pod', key) === undefined) cluster.create(bound(`p${pod}`));
          if (what === 'delete') cluster.delete('Pod', key);
          if (what === 'vanish') cluster.remove('Pod', key);
          if (what === 'finish' && cluster.get('Pod', key))
            cluster.patch('Pod', key, { status: { phase: 'Succeeded' } });
          cluster.run(cluster.now + waitMs);
        }
        cluster.run(cluster.now + 1_000_000);
        const running = cluster.list('Pod').filter(({ status }) => status.phase === 'Running');
        const waiting = cluster.list('Pod').filter(({ status }) => status.phase === 'Pending');
        expect(running.length === 4 || waiting.length === 0).toBe(true);
        expect(cluster.dataplane.pod.size).toBe(running.length);
        for (const { metadata, status } of running) {
          const network = cluster.dataplane.pod.get(`default/${metadata.name}`)!;
          expect(network.uid).toBe(metadata.uid);
          expect(formatAddress(network.addresses[0]!)).toBe(status.podIP);
        }
      }),
      { numRuns: 50 },
    );
  });
});
