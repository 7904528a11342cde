import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { EMPTY_DATAPLANE } from '../src/dataplane/index.ts';
import type { KubernetesObject } from '../src/model/index.ts';
import { Cache } from '../src/reconcile/cache.ts';
import type { Controller } from '../src/reconcile/index.ts';

const reader: Controller = {
  name: 'reader',
  program: 'kubelet',
  watches: { Namespace: () => [] },
  reconcile: () => [],
};
const COMINGS = 50_000;
/** Less than a record takes. */
const BYTES_EACH = 40;

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

test('an informer cache forgets what is gone, however many come and go after one that stays', () => {
  const cache = new Cache([reader], () => EMPTY_DATAPLANE);
  const object = { kind: 'Namespace', metadata: {} } as KubernetesObject;
  cache.apply('Namespace', 'stays', object);
  const before = heapUsed();
  for (let i = 0; i < COMINGS; i++) {
    cache.apply('Namespace', `goes-${i}`, object);
    if (i % 2 === 1) for (const key of [`goes-${i - 1}`, `goes-${i}`]) cache.apply('Namespace', key, undefined);
  }
  expect((heapUsed() - before) / COMINGS).toBeLessThan(BYTES_EACH);
  expect([...cache.keys('Namespace')]).toEqual(['stays']);
});
