import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import type { Service } from '../../model/index.ts';
import { Apiserver } from '../index.ts';
import { aService, stored, testServer } from '../testing/server.ts';

const offsetOf = (service: Service): number => {
  const [, , high, low] = service.spec.clusterIP!.split('.').map(Number);
  return high! * 256 + low!;
};

test('addresses come from the upper band until it is full, then from the lower, then there are none', () => {
  const { apiserver, context } = testServer({ serviceCidrs: ['10.96.0.0/26'] });
  const offsets: number[] = [];
  for (let i = 0; i < 62; i++)
    offsets.push(offsetOf(stored(apiserver.create(aService(`s${i}`), context())) as Service));
  // 64 addresses: a band of 16 after the network's own, then 46 up to the broadcast address.
  expect(offsets.slice(0, 46).every((offset) => offset > 16 && offset < 63)).toBe(true);
  expect(offsets.slice(46).every((offset) => offset >= 1 && offset <= 16)).toBe(true);
  expect(new Set(offsets).size).toBe(62);
  expect(apiserver.create(aService('late'), context())).toMatchObject({
    ok: false,
    status: { code: 500, message: 'Internal error occurred: failed to allocate a serviceIP: range is full' },
  });
});

test('node ports come from 30086 on until those are taken', () => {
  const { apiserver, context } = testServer();
  for (let i = 0; i < 200; i++) {
    const { spec } = stored(apiserver.create(aService(`s${i}`, { type: 'NodePort' }), context())) as Service;
    expect(spec.ports![0]!.nodePort).toBeGreaterThanOrEqual(30086);
  }
});

test('a node port range that is full refuses, and the address taken on the way is free again', () => {
  const { apiserver, context } = testServer({ nodePortRange: [30000, 30001], serviceCidrs: ['10.96.0.0/29'] });
  for (const name of ['a', 'b']) stored(apiserver.create(aService(name, { type: 'NodePort' }), context()));
  for (let i = 0; i < 10; i++) {
    expect(apiserver.create(aService('c', { type: 'NodePort' }), context())).toMatchObject({
      ok: false,
      status: { message: 'Internal error occurred: failed to allocate a nodePort: range is full' },
    });
  }
  for (let i = 0; i < 4; i++) stored(apiserver.create(aService(`d${i}`), context()));
});

test('a dual-stack Service has an address of each family, and gives the second back', () => {
  const { apiserver, context } = testServer({ serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] });
  const dual = stored(apiserver.create(aService('s', { ipFamilyPolicy: 'PreferDualStack' }), context())) as Service;
  expect(dual.spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
  const [ipv4, ipv6] = dual.spec.clusterIPs!;
  expect(ipv6).toMatch(/^fd00:10:96::[0-9a-f]+$/);
  const patch = { spec: { ipFamilyPolicy: 'SingleStack' } };
  const single = stored(apiserver.patch('Service', 'default/s', patch, {}, context())) as Service;
  expect(single.spec.clusterIPs).toEqual([ipv4]);
  const again = { clusterIP: ipv6, ipFamilies: ['IPv6'] };
  expect((stored(apiserver.create(aService('t', again), context())) as Service).spec.clusterIP).toBe(ipv6);
});

const CHANGES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName', 'Local', 'delete'] as const;

test('what Services hold is theirs alone, and the allocators know exactly that after any history', () => {
  const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), change: fc.constantFrom(...CHANGES) });
  holds(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const options = { serviceCidrs: ['10.96.0.0/28'], nodePortRange: [30000, 30009] as const };
      const { apiserver, context, store } = testServer(options);
      for (const { name, change } of steps) {
        const spec =
          change === 'Local'
            ? { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
            : { type: change, externalName: change === 'ExternalName' ? 'example.com' : null };
        if (change === 'delete') apiserver.delete('Service', `default/${name}`, {}, context());
        else if (apiserver.get('Service', `default/${name}`) === undefined)
          stored(apiserver.create(aService(name, JSON.parse(JSON.stringify(spec))), context()));
        else stored(apiserver.patch('Service', `default/${name}`, { spec }, {}, context()));
        const services = apiserver.list('Service');
        const ips = services.flatMap((service) => service.spec.clusterIPs ?? []);
        expect(new Set(ips).size).toBe(ips.length);
        const held = services.flatMap(({ spec: { ports = [], healthCheckNodePort } }) => [
          ...ports.flatMap(({ nodePort }) => nodePort ?? []),
          ...(healthCheckNodePort === undefined ? [] : [healthCheckNodePort]),
        ]);
        expect(new Set(held).size).toBe(held.length);
      }
      // As many more as are free can be had, from the one that lived through it and from one that reads the store.
      const free = 14 - apiserver.list('Service').filter(({ spec }) => spec.clusterIP !== undefined).length;
      const rebuilt = new Apiserver(store, options);
      for (let i = 0; i < free; i++) stored(apiserver.create(aService(`more${i}`), context()));
      expect(apiserver.create(aService('late'), context()).ok).toBe(false);
      for (let i = 0; i < free; i++) stored(rebuilt.create(aService(`again${i}`), { ...context(), dryRun: false }));
      expect(rebuilt.create(aService('too-late'), context()).ok).toBe(false);
    }),
    { numRuns: 60 },
  );
});
