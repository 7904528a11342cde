import { expect, test } from 'vitest';
import { type Dataplane, EMPTY_DATAPLANE, program } from '../../src/dataplane/index.ts';
import {
  azure,
  type EndpointSlice,
  type Key,
  type Kind,
  type Labels,
  type ObjectOf,
  type Service,
} from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import { kubeProxyController } from './controller.ts';

const meta = (name: string, labels: Labels = {}) => ({
  name,
  namespace: 'ns',
  labels,
  uid: '',
  resourceVersion: '1',
  creationTimestamp: '',
});

function service(labels: Labels = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('web', labels),
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      sessionAffinity: 'None',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
}

function slice(labels: Labels = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta('web-abcde', { 'kubernetes.io/service-name': 'web', ...labels }),
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true } }],
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  };
}

/** What the controller sees; its own index decides which slices it finds. */
function view(dataplane: Dataplane, services: readonly Service[], slices: readonly EndpointSlice[]): View {
  const file = kubeProxyController.indexes?.EndpointSlice?.['kube-proxy/service'];
  return {
    dataplane,
    cloud: azure.NO_CLOUD,
    get: <K extends Kind>(_kind: K, _key: Key) => services[0] as ObjectOf<K> | undefined,
    list: () => [],
    byIndex: <K extends Kind>(_kind: K, _index: string, value: string) =>
      slices.filter((each) => file?.(each).includes(value)) as unknown as ObjectOf<K>[],
    hasIndexed: () => false,
    projection: () => {
      throw new Error('no projections');
    },
  };
}

function reconciled(dataplane: Dataplane, services: readonly Service[], slices: readonly EndpointSlice[]): Dataplane {
  let after = dataplane;
  for (const intent of kubeProxyController.reconcile(view(dataplane, services, slices), 'ns/web', 0)) {
    if (intent.do !== 'program') throw new Error(`unexpected intent ${intent.do}`);
    after = program(after, intent);
  }
  return after;
}

test('programs a Service with its endpoints, once; forgets it when it is gone', () => {
  const programmed = reconciled(EMPTY_DATAPLANE, [service()], [slice()]);
  expect(programmed.service.get('ns/web')?.ports[0]?.endpoints[0]?.text).toBe('10.244.0.5:8080');
  expect(reconciled(programmed, [service()], [slice()])).toBe(programmed);
  expect(reconciled(programmed, [], [slice()]).service.size).toBe(0);
});

test('leaves Services to another proxy, and headless slices alone', () => {
  const others = { 'service.kubernetes.io/service-proxy-name': 'other' };
  expect(reconciled(EMPTY_DATAPLANE, [service(others)], [slice()]).service.size).toBe(0);
  const headless = slice({ 'service.kubernetes.io/headless': '' });
  expect(reconciled(EMPTY_DATAPLANE, [service()], [headless]).service.get('ns/web')?.ports[0]?.endpoints).toEqual([]);
});

test('a slice wakes the Service that its label names', () => {
  const wakes = kubeProxyController.watches.EndpointSlice;
  const seen = view(EMPTY_DATAPLANE, [], []);
  expect(wakes?.(slice(), seen, 'ns/web-1')).toEqual(['ns/web']);
  expect(wakes?.({ ...slice(), metadata: meta('stray') }, seen, 'ns/stray')).toEqual([]);
});
