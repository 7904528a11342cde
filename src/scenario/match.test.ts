import { expect, test } from 'vitest';
import { difference } from './match.ts';

const OBJECT = { spec: { clusterIP: '10.96.0.50', ports: [{ port: 80, protocol: 'TCP' }] } };

test.each([
  [{ spec: { clusterIP: '10.96.0.50' } }, undefined],
  [{ spec: { ports: [{ port: 80 }] } }, undefined],
  [{ spec: { ports: [{ port: 81 }] } }, 'spec.ports[0].port is 80, not 81'],
  [{ spec: { ports: [] } }, 'spec.ports has 1 items, not 0'],
  [{ spec: { type: 'ClusterIP' } }, 'spec.type is absent, not "ClusterIP"'],
  [{ status: {} }, 'status is absent, not {}'],
])('%j', (expected, found) => {
  expect(difference(expected, OBJECT)).toBe(found);
});
