import { describe, expect, it } from 'vitest';
import { aCluster, aPod } from '../../test/support/cluster.ts';
import { type ClusterSettings, findCondition, type Pod } from '../model/index.ts';
import type { Happening } from './contract.ts';
import { Emulator } from './emulator.ts';

function cluster(settings: Partial<ClusterSettings> = {}): { readonly emulator: Emulator; readonly logs: string[] } {
  const emulator = new Emulator(aCluster(settings), { seed: 1 });
  const logs: string[] = [];
  emulator.happenings.subscribe((happening: Happening) => {
    if (happening.what === 'log') logs.push(happening.line);
  });
  emulator.boot();
  emulator.settle();
  return { emulator, logs };
}

const nameServers = (emulator: Emulator): readonly Pod[] =>
  emulator.list('Pod', 'kube-system').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const isReady = (pod: Pod) => findCondition(pod.status.conditions, 'Ready')?.status === 'True';
const readyEndpoints = (emulator: Emulator) =>
  emulator
    .list('EndpointSlice', 'kube-system')
    .flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions?.ready === true));

function replaceOne(emulator: Emulator): Pod {
  const [first, ...others] = nameServers(emulator);
  emulator.remove('Pod', `kube-system/${first!.metadata.name}`, { gracePeriodSeconds: 0 });
  emulator.advance(3000);
  const known = new Set([first, ...others].map((pod) => pod!.metadata.uid));
  return nameServers(emulator).find(({ metadata }) => !known.has(metadata.uid))!;
}

function configure(emulator: Emulator, corefile: string): void {
  emulator.patch('ConfigMap', 'kube-system/coredns', { data: { Corefile: corefile } });
}

/** What kubeadm writes. Source: kubernetes v1.30 cmd/kubeadm/app/phases/addons/dns/manifests.go. */
const KUBEADM_COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;

describe('a CoreDNS pod that is told to stop', () => {
  it('goes on for as long as lameduck says, and is gone then', () => {
    const { emulator, logs } = cluster();
    const [pod] = nameServers(emulator);
    const key = `kube-system/${pod!.metadata.name}`;
    emulator.remove('Pod', key);
    emulator.advance(4990);
    expect(emulator.get('Pod', key)?.metadata.deletionTimestamp).toBeDefined();
    const { outcome } = emulator.send({ from: 'node/node1', to: `udp://${pod!.status.podIP}:53` });
    expect(outcome).toBe('connected');
    emulator.advance(20);
    expect(emulator.get('Pod', key)).toBeUndefined();
    expect(logs).toEqual([
      '[INFO] SIGTERM: Shutting down servers then terminating',
      '[INFO] plugin/health: Going into lameduck mode for 5s',
    ]);
  });

  it('is gone at once without lameduck', () => {
    const { emulator } = cluster();
    configure(emulator, '.:53 {\n    ready\n    health\n    reload 2s 0\n    kubernetes cluster.local\n}\n');
    emulator.advance(60_000);
    const key = `kube-system/${nameServers(emulator)[0]!.metadata.name}`;
    emulator.remove('Pod', key);
    emulator.advance(5);
    expect(emulator.get('Pod', key)).toBeUndefined();
  });

  it('is killed at the end of its grace period, however long its lameduck is', () => {
    const { emulator } = cluster();
    configure(
      emulator,
      '.:53 {\n    ready\n    health {\n        lameduck 5m\n    }\n    kubernetes cluster.local\n}\n',
    );
    emulator.advance(60_000);
    const key = `kube-system/${nameServers(emulator)[0]!.metadata.name}`;
    emulator.remove('Pod', key);
    emulator.advance(29_900);
    expect(emulator.get('Pod', key)).toBeDefined();
    emulator.advance(200);
    expect(emulator.get('Pod', key)).toBeUndefined();
  });
});

describe('a CoreDNS pod that starts', () => {
  it('is not ready before its informers have synced, and Service kube-dns leaves it out until then', () => {
    const { emulator, logs } = cluster();
    emulator.inject({ fault: 'crash', program: 'coredns', downMs: 4500 });
    const pod = replaceOne(emulator);
    expect(pod.status.phase).toBe('Running');
    expect(isReady(pod)).toBe(false);
    expect(readyEndpoints(emulator)).toHaveLength(1);
    expect(logs.at(-1)).toBe('[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server');
    // It has synced by now, and its kubelet has not asked again yet: that comes ten seconds after the first time.
    emulator.advance(2000);
    expect(readyEndpoints(emulator)).toHaveLength(1);
    emulator.advance(8000);
    expect(readyEndpoints(emulator)).toHaveLength(2);
  });

  it('listens after five seconds all the same, and is not ready', () => {
    const { emulator, logs } = cluster();
    emulator.inject({ fault: 'crash', program: 'coredns', downMs: 100_000 });
    for (const pod of nameServers(emulator)) {
      emulator.remove('Pod', `kube-system/${pod.metadata.name}`, { gracePeriodSeconds: 0 });
    }
    emulator.advance(10_000);
    expect(logs.filter((line) => line.startsWith('[WARNING]'))).toEqual([
      '[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API',
      '[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API',
    ]);
    expect(nameServers(emulator).filter(isReady)).toEqual([]);
  });
});

describe('the probes of a CoreDNS pod', () => {
  it('find it unready after three failures once its Corefile has no ready, and ready again with the next success', () => {
    const { emulator } = cluster();
    configure(emulator, '.:53 {\n    health\n    reload 2s 0\n    kubernetes cluster.local\n}\n');
    emulator.advance(45_000);
    emulator.advance(30_000);
    expect(nameServers(emulator).filter(isReady)).toEqual([]);
    configure(emulator, '.:53 {\n    health\n    ready\n    reload 2s 0\n    kubernetes cluster.local\n}\n');
    emulator.advance(12_100);
    expect(nameServers(emulator).filter(isReady)).toHaveLength(2);
  });

  it('have it started again after five failures where its Corefile has no health', () => {
    const { emulator, logs } = cluster();
    configure(emulator, '.:53 {\n    ready\n    reload 2s 0\n    kubernetes cluster.local\n}\n');
    emulator.advance(90_000);
    expect(logs).not.toContain('[INFO] SIGTERM: Shutting down servers then terminating');
    emulator.advance(30_000);
    expect(logs.filter((line) => line.startsWith('[INFO] SIGTERM'))).toHaveLength(2);
    expect(nameServers(emulator).filter(isReady)).toHaveLength(2);
  });
});

describe('the metrics of a CoreDNS pod', () => {
  const requests = (text: string) => /coredns_dns_requests_total\{[^}]*type="A"[^}]*\} (\d+)/.exec(text)?.[1];

  it('go on counting when plugin reload replaces the server', () => {
    const { emulator } = cluster();
    emulator.scale('Deployment', 'kube-system/coredns', 1);
    emulator.settle();
    const pod = `pod/kube-system/${nameServers(emulator)[0]!.metadata.name}`;
    emulator.apply([aPod('client')]);
    emulator.settle();
    const ask = () =>
      emulator.resolve({ from: 'pod/client', name: 'kubernetes.default.svc.cluster.local.', type: 'A' });
    ask();
    configure(emulator, '.:53 {\n    ready\n    health\n    prometheus :9153\n    kubernetes cluster.local\n}\n');
    emulator.advance(60_000);
    ask();
    expect(requests(emulator.dump('metrics', pod))).toBe('2');
  });

  it('tell of reloads: how many failed, and the hash of the last Corefile that was tried', () => {
    const { emulator } = cluster();
    const pod = `pod/kube-system/${nameServers(emulator)[0]!.metadata.name}`;
    const shown = () =>
      emulator
        .dump('metrics', pod)
        .split('\n')
        .filter((line) => line.startsWith('coredns_reload_'));
    expect(shown()).toEqual(['coredns_reload_failed_total 0']);
    configure(emulator, KUBEADM_COREFILE);
    emulator.advance(60_000);
    // As real clusters log it at their start.
    const hash =
      '591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5' +
      'f046dd37f1cf888b953814040d180f52594972691cd6ff41be96639138a43908';
    expect(shown()).toEqual([
      'coredns_reload_failed_total 0',
      `coredns_reload_version_info{hash="sha512",value="${hash}"} 1`,
    ]);
    configure(emulator, KUBEADM_COREFILE.replace('ttl 30', 'ttl many'));
    emulator.advance(60_000);
    const [failed, version] = shown();
    expect(failed).toBe('coredns_reload_failed_total 1');
    expect(version).not.toContain(hash);
  });

  it('are not there without prometheus', () => {
    const { emulator } = cluster();
    configure(emulator, '.:53 {\n    ready\n    health\n    kubernetes cluster.local\n}\n');
    emulator.advance(60_000);
    const pod = `pod/kube-system/${nameServers(emulator)[0]!.metadata.name}`;
    expect(() => emulator.dump('metrics', pod)).toThrow(
      `${pod} shows no metrics: its process has ended, or its Corefile has no prometheus`,
    );
  });
});

describe('a Corefile that is written anew', () => {
  it('is loaded where its lines have moved, not where it is only indented otherwise', () => {
    const { emulator, logs } = cluster();
    const reloads = () => logs.filter((line) => line === '[INFO] Reloading complete').length;
    configure(emulator, KUBEADM_COREFILE);
    emulator.advance(60_000);
    const before = reloads();
    configure(emulator, KUBEADM_COREFILE.replaceAll('    ', '  '));
    emulator.advance(60_000);
    expect(reloads()).toBe(before);
    configure(emulator, `# a comment\n${KUBEADM_COREFILE}`);
    emulator.advance(60_000);
    expect(reloads()).toBe(before + 2);
  });
});

describe('the ports of a CoreDNS pod', () => {
  const COREFILE = `.:53 example.org:5353 {
    ready
    health
    template ANY A . {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
}
example.net:54 {
    bind lo
    template ANY A . {
        answer "{{ .Name }} 60 IN A 192.0.2.2"
    }
}
`;

  function withPorts(): Emulator {
    const { emulator } = cluster();
    configure(emulator, COREFILE);
    const port = (number: number) => ({ name: `dns-${number}`, port: number, protocol: 'UDP', targetPort: number });
    emulator.patch('Service', 'kube-system/kube-dns', { spec: { ports: [53, 5353, 54].map(port) } });
    emulator.apply([aPod('client')]);
    emulator.advance(60_000);
    return emulator;
  }

  it('are those of its server blocks, and a client reaches the one that it asks', () => {
    const emulator = withPorts();
    const resolve = (name: string, port: number) =>
      emulator.resolve({ from: 'pod/client', name, type: 'A', server: { address: '10.96.0.10', port } });
    expect(resolve('www.example.org', 5353)).toMatchObject({ rcode: 'NOERROR', addresses: ['192.0.2.1'] });
    expect(resolve('www.example.com', 5353)).toMatchObject({ rcode: 'REFUSED' });
    expect(resolve('www.example.com', 53)).toMatchObject({ rcode: 'NOERROR', addresses: ['192.0.2.1'] });
    // That one listens for its own pod alone: nobody from elsewhere finds it.
    expect(resolve('www.example.net', 54)).toMatchObject({ rcode: 'TIMEOUT', tookMs: 0 });
  });

  it('are those of its plugins too, whatever its containers declare', () => {
    const emulator = withPorts();
    const [pod] = nameServers(emulator);
    const status = (port: number, path: string) =>
      emulator.send({ from: 'pod/client', to: `http://${pod!.status.podIP}:${port}${path}` });
    expect(status(8080, '/health')).toMatchObject({ outcome: 'connected', httpStatus: 200 });
    expect(status(8181, '/ready')).toMatchObject({ outcome: 'connected', httpStatus: 200 });
    expect(status(8181, '/metrics')).toMatchObject({ outcome: 'connected', httpStatus: 404 });
    expect(status(9153, '/metrics')).toMatchObject({ outcome: 'refused' });
  });

  it('have it end where one of them is at an address that is not its own', () => {
    const { emulator, logs } = cluster();
    configure(emulator, '.:53 {\n    bind 192.0.2.9\n    errors\n}\n');
    emulator.remove('Pod', `kube-system/${nameServers(emulator)[0]!.metadata.name}`, { gracePeriodSeconds: 0 });
    emulator.advance(2000);
    expect(logs).toContain('listen tcp 192.0.2.9:53: bind: cannot assign requested address');
  });
});

describe('a Corefile that forwards to a name server by its host name', () => {
  const forwarding = (to: string, resolver = '') =>
    `.:53 {\n    ready\n    health\n    forward . ${to} {\n        ${resolver}\n    }\n    reload 2s 0\n}\n`;
  const NAMES = {
    publicZones: [{ name: 'example.net', records: [{ name: 'dns', type: 'A', ttl: 300, data: '203.0.113.53' }] }],
    privateDnsZones: [],
    nameServers: [
      {
        address: '203.0.113.53',
        zones: [{ name: 'corp.example', records: [{ name: 'db', type: 'A', ttl: 60, data: '10.9.0.4' }] }],
      },
    ],
  };

  function reconfigured(corefile: string): { readonly emulator: Emulator; readonly logs: string[] } {
    const started = cluster({ names: NAMES });
    started.emulator.apply([aPod('client')]);
    configure(started.emulator, corefile);
    started.emulator.advance(60_000);
    return started;
  }
  const resolve = (emulator: Emulator) =>
    emulator.resolve({ from: 'pod/client', name: 'db.corp.example.', type: 'A' }).addresses;

  it('has it looked up when it is loaded, by the resolver of the node', () => {
    expect(resolve(reconfigured(forwarding('dns.example.net')).emulator)).toEqual(['10.9.0.4']);
  });

  it('has it looked up by resolvers of its own', () => {
    const { emulator } = reconfigured(forwarding('dns.example.net', 'resolver 192.0.2.9 168.63.129.16:53'));
    expect(resolve(emulator)).toEqual(['10.9.0.4']);
  });

  it.each([
    ['nobody.example', '', 'lookup nobody.example on 168.63.129.16:53: no such host'],
    ['nobody.example', 'resolver 168.63.129.16', 'no addresses found for "nobody.example"'],
    ['dns.example.net', 'resolver 192.0.2.9', 'no addresses found for "dns.example.net": read udp 10.244.'],
  ])('is refused where nobody knows it: %s, %s', (to, resolver, reason) => {
    const { logs } = reconfigured(forwarding(to, resolver));
    const failed = logs.find((line) => line.startsWith('[ERROR] Restart failed'));
    expect(failed).toContain(`Error during parsing: plugin/forward: failed to resolve "${to}": ${reason}`);
  });
});
