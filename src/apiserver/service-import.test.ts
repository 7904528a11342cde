import { expect, test } from 'vitest';
import type { ServiceImport } from '../model/index.ts';
import { stored, testServer } from './testing/server.ts';

const anImport = (spec?: object) => ({
  apiVersion: 'multicluster.x-k8s.io/v1alpha1',
  kind: 'ServiceImport',
  metadata: { name: 'db', namespace: 'default' },
  ...(spec === undefined ? {} : { spec }),
});
const HEADLESS = { type: 'Headless', ports: [{ port: 80 }] };

test.each([
  [{}, '[spec.ports: Required value, spec.type: Required value]'],
  [{ ports: [] }, 'spec.type: Required value'],
  [{ type: 'Headless' }, 'spec.ports: Required value'],
  [{ ...HEADLESS, type: 'VIP' }, 'spec.type: Unsupported value: "VIP": supported values: "ClusterSetIP", "Headless"'],
  [{ ...HEADLESS, ips: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] }, 'spec.ips: Too many: 3: must have at most 2 items'],
  [{ ...HEADLESS, ports: [{ name: 'pg' }] }, 'spec.ports[0].port: Required value'],
])('a ServiceImport is refused: %j', (spec, reason) => {
  const { apiserver, context } = testServer();
  const outcome = apiserver.create(anImport(spec), context());
  const status = outcome.ok ? undefined : outcome.status;
  expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
  expect(status?.message).toBe(`ServiceImport.multicluster.x-k8s.io "db" is invalid: ${reason}`);
});

test('its generation counts changes of the spec, and its status is written apart', () => {
  const { apiserver, context } = testServer();
  const created = stored(apiserver.create(anImport({ type: 'Headless', ports: [] }), context())) as ServiceImport;
  expect(created).toMatchObject({ metadata: { generation: 1 }, spec: { type: 'Headless', ports: [] } });
  const status = { clusters: [{ cluster: 'west' }] };
  const told = stored(apiserver.patch('ServiceImport', 'default/db', { status }, { status: true }, context()));
  expect(told).toMatchObject({ metadata: { generation: 1 }, status });
  const moved = stored(
    apiserver.patch('ServiceImport', 'default/db', { spec: { ports: [{ port: 80 }] } }, {}, context()),
  );
  expect(moved).toMatchObject({ metadata: { generation: 2 }, status });
});

test('it may lack its spec, and the spec may come later', () => {
  const { apiserver, context } = testServer();
  const created = stored(apiserver.create(anImport(), context())) as ServiceImport;
  expect('spec' in created).toBe(false);
  const status = { clusters: [{ cluster: 'west' }] };
  const told = stored(apiserver.patch('ServiceImport', 'default/db', { status }, { status: true }, context()));
  expect('spec' in told).toBe(false);
  const filled = stored(apiserver.patch('ServiceImport', 'default/db', { spec: HEADLESS }, {}, context()));
  expect(filled).toMatchObject({ metadata: { generation: 2 }, spec: HEADLESS, status });
});
