/**
 * One Service and its pods, for tests of the endpoint slice controller: a cache whose contents are what the controller wrote.
 * Unlike the builders in cluster.ts these are objects as the apiserver returns them, defaults filled in.
 */
import { endpointSliceController } from '../../controllers/endpoint-slice/index.ts';
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

export const SERVICE: Key = 'default/web';
export const CREATED = '2026-01-01T00:00:00Z';

export interface PodShape {
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

export function aPod(shape: PodShape): Pod {
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

export function aService(spec: Partial<Service['spec']> = {}, labels: Readonly<Record<string, string>> = {}): Service {
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

export function aNode(name: string, zone?: string) {
  const labels = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone };
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: CREATED, labels };
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: {} } as const;
}

/** The apiserver's part is a name and a uid for each new slice. */
export class World {
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

export const writes = (intents: readonly Intent[]) =>
  intents.filter(({ do: what }) => what !== 'event' && what !== 'again');

export const addressOf = (index: number) => `10.244.${index >> 8}.${index & 255}`;
export const manyPods = (count: number) =>
  Array.from({ length: count }, (_, i) => aPod({ name: `p${i}`, address: addressOf(i) }));
