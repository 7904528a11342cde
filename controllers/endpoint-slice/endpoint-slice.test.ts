import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_DATAPLANE } from '../../src/dataplane/index.ts';
import {
  deepFreeze,
  type EndpointSlice,
  type Key,
  type Kind,
  keyOf,
  type ObjectOf,
  type Pod,
  type Service,
} from '../../src/model/index.ts';
import { Cache, type Intent } from '../../src/reconcile/index.ts';
import { holds } from '../../test/support/seed.ts';
import { ENDPOINTS_PER_SLICE_MAX, endpointSliceController } from './index.ts';

const SERVICE: Key = 'default/web';
const CREATED = '2026-01-01T00:00:00Z';

interface PodShape {
  readonly name: string;
  readonly address?: string | undefined;
  readonly ready?: boolean;
  readonly readySince?: string;
  readonly terminating?: boolean;
  readonly phase?: Pod['status']['phase'];
  readonly labels?: Readonly<Record<string, string>>;
  readonly containerPorts?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly node?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
}

function aPod(shape: PodShape): Pod {
  const { name, address, ready = true, readySince = null, terminating = false, phase = 'Running' } = shape;
  const { labels = { app: 'web' }, containerPorts = [], node = 'node1', hostname, subdomain } = shape;
  const ports = containerPorts.map((port) => ({ ...port, protocol: 'TCP' }));
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: CREATED,
      labels,
      ...(terminating ? { deletionTimestamp: CREATED } : {}),
    },
    spec: {
      nodeName: node,
      containers: [{ name: 'c', image: 'c', ports }],
      ...(hostname === undefined ? {} : { hostname, subdomain }),
    },
    status: {
      phase,
      ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: readySince }],
    },
  } as unknown as Pod);
}

function aService(spec: Partial<Service['spec']> = {}, labels: Readonly<Record<string, string>> = {}): Service {
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-web',
      resourceVersion: '1',
      creationTimestamp: CREATED,
      labels,
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.50',
      ipFamilies: ['IPv4'],
      sessionAffinity: 'None',
      selector: { app: 'web' },
      ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
    status: { loadBalancer: {} },
  } as Service);
}

function aNode(name: string, zone?: string) {
  const labels = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone };
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: CREATED, labels };
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: {} } as const;
}

/** A cache whose contents are what the controller wrote: the apiserver's part is a name and a uid for each new slice. */
class World {
  readonly cache = new Cache([endpointSliceController], () => EMPTY_DATAPLANE);
  #names = 0;

  constructor() {
    this.put(aNode('node1', 'z1'));
  }

  put(object: ObjectOf<Kind>): this {
    this.cache.apply(object.kind, keyOf(object), object);
    return this;
  }

  remove(kind: Kind, key: Key): this {
    this.cache.apply(kind, key, undefined);
    return this;
  }

  reconcile(key = SERVICE): readonly Intent[] {
    const intents = endpointSliceController.reconcile(this.cache, key, 5000);
    for (const intent of intents) this.#carryOut(intent);
    return intents;
  }

  slices(): readonly EndpointSlice[] {
    return [...this.cache.list('EndpointSlice')].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  #carryOut(intent: Intent): void {
    if (intent.do === 'update') this.put(deepFreeze(intent.object));
    if (intent.do === 'delete') this.remove(intent.kind, intent.key);
    if (intent.do !== 'create') return;
    const number = String(this.#names++).padStart(5, '0');
    const metadata = {
      ...intent.object.metadata,
      name: `${intent.object.metadata.generateName}${number}`,
      uid: number,
    };
    this.put(deepFreeze({ ...intent.object, metadata } as unknown as EndpointSlice));
  }
}

const writes = (intents: readonly Intent[]) => intents.filter(({ do: what }) => what !== 'event' && what !== 'again');

const addressOf = (index: number) => `10.244.${index >> 8}.${index & 255}`;
const manyPods = (count: number) =>
  Array.from({ length: count }, (_, i) => aPod({ name: `p${i}`, address: addressOf(i) }));

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
    const container = (name: string, containerPort: number, restartPolicy?: string) => ({
      name,
      ports: [{ name: 'http', containerPort, protocol: 'TCP' }],
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    });
    const pod = aPod({ name: 'a', address: '10.244.0.1' });
    const initContainers = [container('setup', 1), container('proxy', 2, 'Always')] as never;
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
  const services = (world: World, pod: Pod) => endpointSliceController.watches.Pod?.(pod, world.cache);

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
    expect(endpointSliceController.watches.EndpointSlice?.(slice, world.cache)).toEqual([SERVICE]);
    expect(endpointSliceController.watches.EndpointSlice?.(foreign, world.cache)).toEqual([]);
  });
});

describe('packing', () => {
  /** Pods come and go in rounds, each reconciled; what is in the slices then is whatever packing made of that history. */
  const history = fc.array(
    fc.record({
      add: fc.integer({ min: 0, max: 150 }),
      remove: fc.integer({ min: 0, max: 100 }),
      flip: fc.integer({ min: 0, max: 3 }),
      from: fc.nat(1000),
    }),
    { minLength: 1, maxLength: 6 },
  );
  type History = readonly { add: number; remove: number; flip: number; from: number }[];

  function play(rounds: History) {
    const world = new World().put(aService());
    const pods = new Map<string, PodShape>();
    let made = 0;
    for (const { add, remove, flip, from } of rounds) {
      for (let i = 0; i < add; i++, made++) pods.set(`p${made}`, { name: `p${made}`, address: addressOf(made) });
      const names = [...pods.keys()];
      for (let i = 0; i < Math.min(remove, names.length); i++) {
        const name = names[(from + i * 7) % names.length]!;
        pods.delete(name);
        world.remove('Pod', `default/${name}`);
      }
      for (const name of [...pods.keys()].slice(0, flip)) pods.set(name, { ...pods.get(name)!, ready: from % 2 === 0 });
      for (const shape of pods.values()) world.put(aPod(shape));
      world.reconcile();
    }
    return { world, pods, made };
  }

  const endpointsIn = (world: World) =>
    world
      .slices()
      .flatMap(({ endpoints }) =>
        (endpoints ?? []).map((e) => `${e.targetRef?.name} ${e.addresses} ${e.conditions.ready}`),
      );

  it('holds each selected pod once, 100 to a slice at most, and is settled after one reconcile', () => {
    holds(
      fc.property(history, (rounds) => {
        const { world, pods } = play(rounds);
        expect(endpointsIn(world).sort()).toEqual(
          [...pods.values()].map(({ name, address, ready = true }) => `${name} ${address} ${ready}`).sort(),
        );
        for (const { endpoints } of world.slices())
          expect(endpoints?.length ?? 0).toBeLessThanOrEqual(ENDPOINTS_PER_SLICE_MAX);
        expect(world.reconcile()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('writes one slice for one pod that came, changed or went', () => {
    holds(
      fc.property(history, fc.nat(1000), (rounds, pick) => {
        const { world, pods, made } = play(rounds);
        const name = [...pods.keys()][pick % Math.max(1, pods.size)];
        world.put(aPod({ name: 'late', address: addressOf(made) }));
        expect(writes(world.reconcile())).toHaveLength(1);
        if (name === undefined) return;
        world.put(aPod({ ...pods.get(name)!, terminating: true }));
        expect(writes(world.reconcile())).toHaveLength(1);
        world.remove('Pod', `default/${name}`);
        expect(writes(world.reconcile())).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('does not move endpoints that stay', () => {
    holds(
      fc.property(history, fc.nat(100), (rounds, add) => {
        const { world, made } = play(rounds);
        const whereIs = () =>
          new Map(world.slices().flatMap((s) => (s.endpoints ?? []).map((e) => [e.targetRef?.name, s.metadata.name])));
        const before = whereIs();
        for (let i = 0; i < add; i++) world.put(aPod({ name: `late${i}`, address: addressOf(made + i) }));
        world.reconcile();
        const after = whereIs();
        for (const [name, slice] of before) expect(after.get(name)).toBe(slice);
      }),
      { numRuns: 40 },
    );
  });

  it('fills 150 pods into slices of 100 and 50', () => {
    const world = new World().put(aService());
    for (const pod of manyPods(150)) world.put(pod);
    expect(world.reconcile()).toHaveLength(2);
    expect(world.slices().map(({ endpoints }) => endpoints?.length)).toEqual([100, 50]);
  });

  it('repairs slices that someone else has spoilt', () => {
    const world = new World().put(aService());
    for (const pod of manyPods(3)) world.put(pod);
    world.reconcile();
    const slice = world.slices()[0]!;
    const [first] = slice.endpoints ?? [];
    const stranger = { ...first!, targetRef: { kind: 'Pod', namespace: 'default', name: 'stranger' } };
    world.put({ ...slice, endpoints: [first!, first!, stranger] });
    expect(writes(world.reconcile())).toHaveLength(1);
    expect(
      endpointsIn(world)
        .map((text) => text.split(' ')[0])
        .sort(),
    ).toEqual(['p0', 'p1', 'p2']);
    expect(world.reconcile()).toEqual([]);
  });
});
