import { describe, expect, test } from 'vitest';
import { aCluster, aDeployment, aPod, aService } from '../../test/support/cluster.ts';
import { Emulator } from './emulator.ts';

function booted(): Emulator {
  const emulator = new Emulator(aCluster(), { seed: 1 });
  emulator.boot();
  return emulator;
}

describe('a cluster', () => {
  test('comes up by itself: nodes ready, CoreDNS behind dnsServiceIP, the apiserver behind the first address', () => {
    const emulator = booted();
    emulator.settle();
    const ready = emulator
      .list('Node')
      .map(({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status);
    expect(ready).toEqual(['True', 'True', 'True']);
    expect(emulator.get('Service', 'default/kubernetes')?.spec.clusterIP).toBe('10.96.0.1');
    expect(emulator.get('Service', 'kube-system/kube-dns')?.spec.clusterIP).toBe('10.96.0.10');
    expect(emulator.dataplane.service.get('kube-system/kube-dns')?.ports[0]?.endpoints.length).toBe(2);
  });

  test('a deleted namespace goes, with all that is in it', () => {
    const emulator = booted();
    const inTeam = (manifest: object) => ({
      ...manifest,
      metadata: { ...(manifest as { metadata: object }).metadata, namespace: 'team' },
    });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } };
    emulator.apply([namespace, inTeam(aDeployment('api', 3)), inTeam(aService('api'))]);
    emulator.settle();
    expect(emulator.list('Pod', 'team').length).toBe(3);
    emulator.remove('Namespace', 'team');
    emulator.settle();
    expect(emulator.get('Namespace', 'team')).toBeUndefined();
    expect(emulator.list('Pod', 'team')).toEqual([]);
    expect(emulator.list('EndpointSlice', 'team')).toEqual([]);
    expect(emulator.dataplane.service.get('team/api')).toBeUndefined();
  });

  test('a node whose kube-proxy lags keeps the rules it had, and catches up when its time has come', () => {
    const emulator = booted();
    emulator.apply([aDeployment('api', 1), aService('api', { clusterIP: '10.96.0.50' })]);
    emulator.settle();
    const before = emulator.dump('iptables', 'node2');
    emulator.inject({ fault: 'lag', program: 'kube-proxy', node: 'node2', lagMs: 30_000 });
    emulator.scale('Deployment', 'default/api', 2);
    emulator.settle();
    expect(emulator.dump('iptables', 'node2')).toBe(before);
    expect(emulator.dump('iptables', 'node1')).not.toBe(before);
    emulator.advance(30_000);
    expect(emulator.dump('iptables', 'node2')).toBe(emulator.dump('iptables', 'node1'));
  });

  test('CoreDNS watches pods from when its Corefile verifies them, and not before', () => {
    const emulator = booted();
    emulator.apply([aPod('client')]);
    emulator.settle();
    const address = emulator.get('Pod', 'default/client')!.status.podIP!;
    expect(emulator.dataplane.dnsPod.at(address)).toEqual([]);
    const corefile = emulator.get('ConfigMap', 'kube-system/coredns')!.data!['Corefile']!;
    emulator.patch('ConfigMap', 'kube-system/coredns', {
      data: { Corefile: corefile.replace('pods insecure', 'pods verified') },
    });
    emulator.settle();
    expect(emulator.dataplane.dnsPod.at(address)).toHaveLength(1);
  });

  test('a packet to an address that no pod has any more is lost in the VNet: the sender hears nothing', () => {
    const emulator = booted();
    emulator.apply([aPod('client', { nodeSelector: { 'kubernetes.io/hostname': 'node1' } })]);
    emulator.settle();
    const { outcome, traces } = emulator.send({ from: 'pod/client', to: 'tcp://10.244.1.200:80' });
    expect(outcome).toBe('timed-out');
    expect(traces[0]?.verdict).toMatchObject({ verdict: 'unroutable', reason: 'no route: no pod has that address' });
  });
});

describe('what leaves the cluster', () => {
  const client = { from: 'pod/client', to: 'https://kubernetes' };

  test.each(['iptables', 'nftables', 'ipvs'] as const)(
    'takes the node’s address, so that it can be answered (%s)',
    (mode) => {
      const settings = aCluster();
      const emulator = new Emulator(
        { ...settings, networkProfile: { ...settings.networkProfile, kubeProxyConfig: { enabled: true, mode } } },
        { seed: 1 },
      );
      emulator.boot();
      emulator.apply([aPod('client', { nodeSelector: { 'kubernetes.io/hostname': 'node1' } })]);
      emulator.settle();
      const { outcome, deliveredTo, sourceSeen, answeredFrom } = emulator.send(client);
      expect({ outcome, deliveredTo, answeredFrom }).toEqual({
        outcome: 'connected',
        deliveredTo: 'external/10.10.12.250',
        answeredFrom: '10.96.0.1:443',
      });
      expect(sourceSeen).toMatch(/^10\.10\.12\.4:/);
    },
  );

  test('keeps its address within: another node’s pod sees the pod', () => {
    const emulator = booted();
    const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
    emulator.apply([aPod('client', on('node1')), aPod('server', on('node2'))]);
    emulator.settle();
    const server = emulator.get('Pod', 'default/server')?.status.podIP;
    const { sourceSeen } = emulator.send({ from: 'pod/client', to: `tcp://${server}:8080` });
    expect(sourceSeen?.split(':')[0]).toBe(emulator.get('Pod', 'default/client')?.status.podIP);
  });
});
