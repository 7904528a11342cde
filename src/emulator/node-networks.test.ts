import { describe, expect, test } from 'vitest';
import { aCluster, aPod, aService } from '../../test/support/cluster.ts';
import type { KubeProxyProfile } from '../model/index.ts';
import { Emulator } from './emulator.ts';

const ON = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
const UDP_PORT = { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 5514, protocol: 'UDP' }] }] };

function booted(kubeProxyConfig?: KubeProxyProfile): Emulator {
  const settings = aCluster();
  const networkProfile = { ...settings.networkProfile, ...(kubeProxyConfig === undefined ? {} : { kubeProxyConfig }) };
  const emulator = new Emulator({ ...settings, networkProfile }, { seed: 1 });
  emulator.boot();
  return emulator;
}

/** `udp` at 10.96.0.60 and `tcp` at 10.96.0.61, both before `old` on node2, and a client on node1. */
function withServices(kubeProxyConfig?: KubeProxyProfile): Emulator {
  const emulator = booted(kubeProxyConfig);
  emulator.apply([
    aService('udp', { clusterIP: '10.96.0.60', ports: [{ port: 514, targetPort: 5514, protocol: 'UDP' }] }),
    aService('tcp', { clusterIP: '10.96.0.61', selector: { app: 'web' } }),
    aPod('old', { ...ON('node2'), ...UDP_PORT }, { labels: { app: 'udp' } }),
    aPod('web', ON('node2')),
    aPod('client', ON('node1')),
  ]);
  emulator.settle();
  return emulator;
}

/** The pod that answers a client that always sends from one port; `timed-out` where none does. */
function answererOf(emulator: Emulator): string {
  const { outcome, deliveredTo } = emulator.send({ from: 'pod/client', to: 'udp://10.96.0.60:514', sourcePort: 5000 });
  return outcome === 'connected' ? deliveredTo! : outcome;
}

function replaceEndpoint(emulator: Emulator): void {
  emulator.apply([aPod('new', { ...ON('node3'), ...UDP_PORT }, { labels: { app: 'udp' } })]);
  emulator.remove('Pod', 'default/old', { gracePeriodSeconds: 0 });
  emulator.advance(5000);
}

function entriesOf(emulator: Emulator, node: string): readonly string[] {
  return emulator
    .dump('conntrack', node)
    .split('\n')
    .filter((line) => line.includes('10.96.0.6'));
}

describe.each(['iptables', 'nftables', 'ipvs'] as const)(
  'the endpoint of a UDP Service is replaced, in %s mode',
  (mode) => {
    test('a client that keeps its port reaches the new one', () => {
      const emulator = withServices({ enabled: true, mode });
      expect(answererOf(emulator)).toBe('pod/default/old');
      replaceEndpoint(emulator);
      expect(answererOf(emulator)).toBe('pod/default/new');
    });
  },
);

describe('kube-proxy cleans up conntrack', () => {
  test('of UDP only: a TCP connection stays where it is', () => {
    const emulator = withServices();
    emulator.send({ from: 'pod/client', to: 'tcp://10.96.0.61:80', sourcePort: 5000 });
    answererOf(emulator);
    expect(entriesOf(emulator, 'node1').map((line) => line.slice(0, 3))).toEqual(['tcp', 'udp']);
    replaceEndpoint(emulator);
    emulator.remove('Pod', 'default/web', { gracePeriodSeconds: 0 });
    emulator.apply([aPod('web-2', ON('node3'), { labels: { app: 'web' } })]);
    emulator.advance(5000);
    expect(entriesOf(emulator, 'node1').map((line) => line.slice(0, 3))).toEqual(['tcp']);
  });

  test('when endpoints change, not when the Service does', () => {
    const emulator = withServices();
    // Nobody claims the address yet: the entry leads to the address itself.
    emulator.send({ from: 'node/node1', to: 'udp://203.0.113.90:514', sourcePort: 5000 });
    const entries = () =>
      emulator
        .dump('conntrack', 'node1')
        .split('\n')
        .filter((line) => line.includes('203.0.113.90'));
    emulator.patch('Service', 'default/udp', { spec: { externalIPs: ['203.0.113.90'] } });
    emulator.advance(5000);
    expect(emulator.dump('iptables', 'node1')).toContain('203.0.113.90');
    expect(entries()).toHaveLength(1);
    replaceEndpoint(emulator);
    expect(entries()).toEqual([]);
  });

  test('node by node, when each has heard of the change', () => {
    const emulator = withServices();
    answererOf(emulator);
    emulator.inject({ fault: 'lag', program: 'kube-proxy', node: 'node1', lagMs: 20_000 });
    replaceEndpoint(emulator);
    expect(answererOf(emulator)).toBe('timed-out');
    emulator.advance(20_000);
    expect(answererOf(emulator)).toBe('pod/default/new');
  });
});

describe('IPVS', () => {
  test('a real server with connections waits for them to end, and takes no new ones', () => {
    const emulator = withServices({ enabled: true, mode: 'ipvs', ipvsConfig: { scheduler: 'lc' } });
    const { podIP } = emulator.get('Pod', 'default/web')!.status;
    /** weight, active and inactive connections */
    const web = () => new RegExp(`-> ${podIP}:8080 +Masq +(\\d+) +(\\d+) +(\\d+)`).exec(emulator.dump('ipvs', 'node1'));
    emulator.send({ from: 'pod/client', to: 'http://10.96.0.61/' });
    expect(web()?.slice(1)).toEqual(['1', '1', '0']);
    emulator.apply([aPod('web-2', ON('node3'), { labels: { app: 'web' } })]);
    emulator.remove('Pod', 'default/web');
    emulator.advance(60_000);
    expect(web()?.slice(1)).toEqual(['0', '1', '0']);
    for (let i = 0; i < 5; i++)
      expect(emulator.send({ from: 'pod/client', to: 'http://10.96.0.61/' }).deliveredTo).toBe('pod/default/web-2');
    // The connection is forgotten after five days without a word; the next look after the real server is within a minute.
    emulator.advance(5 * 86_400_000 + 61_000);
    expect(web()).toBeNull();
  });

  test('a node takes the addresses of Services for its own, and gives them back', () => {
    const emulator = withServices({ enabled: true, mode: 'ipvs' });
    expect(emulator.world.host('node/node1')!.isLocal(0x0a60003d)).toBe(true);
    emulator.remove('Service', 'default/tcp');
    emulator.settle();
    expect(emulator.world.host('node/node1')!.isLocal(0x0a60003d)).toBe(false);
  });
});

test('each mode prints its own rules and none of the others', () => {
  const printed = (mode: KubeProxyProfile['mode']) => {
    const emulator = withServices({ enabled: true, mode });
    return (['iptables', 'nftables', 'ipvs'] as const).map((kind) =>
      emulator.dump(kind, 'node1').includes('10.96.0.61'),
    );
  };
  expect(printed('iptables')).toEqual([true, false, false]);
  expect(printed('nftables')).toEqual([false, true, false]);
  // Its rules ask sets, in which the addresses are.
  expect(printed('ipvs')).toEqual([false, false, true]);
});

test('without kube-proxy nodes have no rules, and Services do not answer', () => {
  const emulator = withServices({ enabled: false, mode: 'iptables' });
  expect(emulator.dump('iptables', 'node1')).toBe('');
  expect(emulator.send({ from: 'pod/client', to: 'tcp://10.96.0.61:80' }).outcome).toBe('timed-out');
});

describe.each(['iptables', 'nftables', 'ipvs'] as const)('an address that a load balancer has, in %s mode', (mode) => {
  const from = ['external/203.0.113.7', 'external/198.51.100.9'];
  const serving = (externalTrafficPolicy: 'Cluster' | 'Local') => {
    const emulator = booted({ enabled: true, mode });
    const ports = [{ port: 80, targetPort: 8080 }];
    emulator.apply([
      aService('web', { type: 'LoadBalancer', externalTrafficPolicy, externalIPs: ['198.51.100.200'], ports }),
      aPod('web', ON('node3')),
    ]);
    emulator.patch(
      'Service',
      'default/web',
      { status: { loadBalancer: { ingress: [{ ip: '20.1.2.3' }] } } },
      { status: true },
    );
    emulator.settle();
    return (to: string) => from.map((sender) => emulator.send({ from: sender, to: `http://${to}/` }));
  };

  test('is reached from outside by way of a node, which hides the client', () => {
    for (const { deliveredTo, sourceSeen } of ['20.1.2.3', '198.51.100.200'].flatMap(serving('Cluster'))) {
      expect(deliveredTo).toBe('pod/default/web');
      expect(sourceSeen).toMatch(/^10\.10\.12\./);
    }
  });

  test('leads to a node that serves, and shows the client, under externalTrafficPolicy Local', () => {
    for (const [i, { deliveredTo, sourceSeen }] of serving('Local')('20.1.2.3').entries()) {
      expect(deliveredTo).toBe('pod/default/web');
      expect(`external/${sourceSeen}`).toContain(`${from[i]}:`);
    }
  });
});
