import { describe, expect, it } from 'vitest';
import { aNode, aPod, aService, CREATED, World, writes } from '../../test/support/service-world.ts';

describe('what a slice says', () => {
  it('is what the real controller writes for a ready pod', () => {
    const world = new World().put(aService({}, { team: 'a' })).put(aPod({ name: 'a', address: '10.244.0.20' }));
    expect(world.reconcile()).toEqual([
      {
        do: 'create',
        object: {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            generateName: 'web-',
            namespace: 'default',
            labels: {
              team: 'a',
              'kubernetes.io/service-name': 'web',
              'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
            },
            annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': CREATED },
            ownerReferences: [
              {
                apiVersion: 'v1',
                kind: 'Service',
                name: 'web',
                uid: 'uid-web',
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          },
          addressType: 'IPv4',
          endpoints: [
            {
              addresses: ['10.244.0.20'],
              conditions: { ready: true, serving: true, terminating: false },
              targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
              nodeName: 'node1',
              zone: 'z1',
            },
          ],
          ports: [{ name: '', protocol: 'TCP', port: 8080 }],
        },
      },
    ]);
  });

  it.each([
    { pod: {}, ready: true, serving: true, terminating: false },
    { pod: { ready: false }, ready: false, serving: false, terminating: false },
    { pod: { terminating: true }, ready: false, serving: true, terminating: true },
    { pod: { terminating: true, ready: false }, ready: false, serving: false, terminating: true },
    { pod: { terminating: true, ready: false }, publish: true, ready: true, serving: false, terminating: true },
  ])('$pod: ready $ready, serving $serving, terminating $terminating', ({ pod, publish = false, ...conditions }) => {
    const world = new World().put(aService({ publishNotReadyAddresses: publish }));
    world.put(aPod({ name: 'a', address: '10.244.0.20', ...pod })).reconcile();
    expect(world.slices()[0]?.endpoints?.[0]?.conditions).toEqual(conditions);
  });

  it('leaves out pods that have finished, have no address or are not selected', () => {
    const world = new World().put(aService());
    world.put(aPod({ name: 'done', address: '10.244.0.1', phase: 'Succeeded' }));
    world.put(aPod({ name: 'failed', address: '10.244.0.2', phase: 'Failed' }));
    world.put(aPod({ name: 'new', phase: 'Pending' }));
    world.put(aPod({ name: 'other', address: '10.244.0.3', labels: { app: 'other' } }));
    world.reconcile();
    expect(world.slices().map(({ endpoints, ports }) => ({ endpoints, ports }))).toEqual([
      { endpoints: null, ports: null },
    ]);
  });

  it.each([
    { selector: { 'topology.kubernetes.io/zone': 'z1' }, selected: ['a', 'c'] },
    { selector: { app: 'web', 'topology.kubernetes.io/zone': 'z1' }, selected: ['a'] },
  ])('selects pods by their zone: $selector', ({ selector, selected }) => {
    const world = new World().put(aService({ selector }));
    const zoned = (app: string, zone: string) => ({ app, 'topology.kubernetes.io/zone': zone });
    world.put(aPod({ name: 'a', address: '10.244.0.1', labels: zoned('web', 'z1') }));
    world.put(aPod({ name: 'b', address: '10.244.0.2', labels: zoned('web', 'z2') }));
    world.put(aPod({ name: 'c', address: '10.244.0.3', labels: zoned('other', 'z1') }));
    world.reconcile();
    const names = world.slices().flatMap(({ endpoints }) => endpoints?.map(({ targetRef }) => targetRef?.name) ?? []);
    expect(names.sort()).toEqual(selected);
  });

  it('names an endpoint whose subdomain is the Service', () => {
    const world = new World().put(aService({ clusterIP: 'None' }));
    world.put(aPod({ name: 'a', address: '10.244.0.1', hostname: 'h', subdomain: 'web' }));
    world.put(aPod({ name: 'b', address: '10.244.0.2', hostname: 'h', subdomain: 'other' }));
    world.reconcile();
    expect(world.slices()[0]?.endpoints?.map(({ hostname }) => hostname)).toEqual(['h', undefined]);
    expect(world.slices()[0]?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  it('orders ports by their hash, as recorded from v1.36.2', () => {
    const port = (name: string, protocol: 'TCP' | 'UDP' | 'SCTP') => ({ name, protocol, port: 1, targetPort: 5000 });
    const world = new World().put(aService({ ports: [port('t', 'TCP'), port('u', 'UDP'), port('s', 'SCTP')] }));
    world.put(aPod({ name: 'a', address: '10.244.0.1' })).reconcile();
    expect(world.slices()[0]?.ports?.map(({ name }) => name)).toEqual(['s', 'u', 't']);
  });

  it('gives pods whose named port differs a slice of their own', () => {
    const world = new World().put(aService({ ports: [{ protocol: 'TCP', port: 80, targetPort: 'http' }] }));
    world.put(aPod({ name: 'a', address: '10.244.0.1', containerPorts: [{ name: 'http', containerPort: 8080 }] }));
    world.put(aPod({ name: 'b', address: '10.244.0.2', containerPorts: [{ name: 'http', containerPort: 9090 }] }));
    world.put(aPod({ name: 'c', address: '10.244.0.3' })).reconcile();
    const seen = world.slices().map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints?.[0]?.targetRef?.name]);
    expect(new Set(seen)).toEqual(
      new Set([
        [8080, 'a'],
        [9090, 'b'],
        [undefined, 'c'],
      ]),
    );
    expect(seen).toHaveLength(3);
  });

  it('finds a named port in a sidecar, not in an init container that ends', () => {
    const container = (name: string, containerPort: number, restartPolicy: string) => ({
      name,
      ports: [{ name: 'http', containerPort, protocol: 'TCP' }],
      restartPolicy,
    });
    const pod = aPod({ name: 'a', address: '10.244.0.1' });
    const initContainers = [container('setup', 1, 'Never'), container('proxy', 2, 'Always')] as never;
    const world = new World().put(aService({ ports: [{ protocol: 'TCP', port: 80, targetPort: 'http' }] }));
    world.put({ ...pod, spec: { ...pod.spec, initContainers } }).reconcile();
    expect(world.slices()[0]?.ports).toEqual([{ name: '', protocol: 'TCP', port: 2 }]);
  });

  it.each([
    ['PreferClose', { forZones: [{ name: 'z1' }] }, undefined],
    ['PreferSameZone', { forZones: [{ name: 'z1' }] }, undefined],
    [
      'PreferSameNode',
      { forZones: [{ name: 'z1' }], forNodes: [{ name: 'node1' }] },
      { forNodes: [{ name: 'node2' }] },
    ],
  ])('hints at the zone and the node of ready endpoints: %s', (trafficDistribution, inZone, outside) => {
    const world = new World().put(aNode('node2')).put(aService({ trafficDistribution }));
    world.put(aPod({ name: 'a', address: '10.244.0.1' }));
    world.put(aPod({ name: 'b', address: '10.244.0.2', ready: false }));
    world.put(aPod({ name: 'c', address: '10.244.0.3', node: 'node2' })).reconcile();
    const hints = () => world.slices()[0]?.endpoints?.map((endpoint) => endpoint.hints);
    expect(hints()).toEqual([inZone, undefined, outside]);
    expect(world.reconcile()).toEqual([]);
    world.put(aService());
    expect(writes(world.reconcile())).toHaveLength(1);
    expect(hints()).toEqual([undefined, undefined, undefined]);
  });

  it('has a slice for each family', () => {
    const world = new World().put(aService({ ipFamilies: ['IPv4', 'IPv6'] }));
    world.put(aPod({ name: 'a', address: 'fd00:0::1' })).reconcile();
    const seen = world.slices().map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses]);
    expect(seen).toEqual([
      ['IPv4', undefined],
      ['IPv6', ['fd00::1']],
    ]);
  });

  it('leaves Services without selector and ExternalName alone', () => {
    const { selector: _, ...withoutSelector } = aService().spec;
    const service = aService();
    for (const spec of [withoutSelector, { ...service.spec, type: 'ExternalName' as const }]) {
      expect(new World().put({ ...service, spec }).reconcile()).toEqual([]);
    }
  });
});
