import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import type { EndpointSlice, Service } from '../model/index.ts';
import { type DnsRecords, DnsZone } from './index.ts';

const META = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function recordsOf(
  key: string,
  clusterIP: string,
  endpoints: readonly string[],
  exists = true,
  externalIPs: readonly string[] = [],
): DnsRecords {
  const [namespace, name] = key.split('/') as [string, string];
  const spec = {
    type: 'ClusterIP',
    clusterIP,
    sessionAffinity: 'None',
    externalIPs,
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...META, name, namespace },
    spec,
    status: { loadBalancer: {} },
  } as unknown as Service;
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, name, namespace },
    addressType: 'IPv4',
    endpoints: endpoints.map((address) => ({ addresses: [address], conditions: {} })),
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  };
  return { service: exists ? service : undefined, slices: [slice] };
}

const key = fc.constantFrom('a/x', 'a/y', 'b/x');
const address = fc.integer({ min: 0, max: 3 }).map((last) => `10.0.0.${last}`);
const records = fc.record({
  clusterIP: fc.oneof(address, fc.constant('None')),
  endpoints: fc.array(address),
  exists: fc.boolean(),
  externalIPs: fc.uniqueArray(address),
});
const change = fc.record({ key, records: fc.option(records, { nil: undefined }) });

test('the indexes agree with a walk over all Services, after any changes', () => {
  holds(
    fc.property(fc.array(change), (changes) => {
      let zone = DnsZone.EMPTY;
      const naive = new Map<string, DnsRecords>();
      for (const { key: name, records: shape } of changes) {
        const value =
          shape === undefined
            ? undefined
            : recordsOf(name, shape.clusterIP, shape.endpoints, shape.exists, shape.externalIPs);
        zone = zone.set(name, value);
        if (value === undefined) naive.delete(name);
        else naive.set(name, value);
      }
      const keys = (matches: (records: DnsRecords) => boolean) =>
        [...naive]
          .filter(([, value]) => matches(value))
          .map(([name]) => name)
          .sort();
      for (const at of ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3']) {
        const holds = ({ endpoints }: EndpointSlice) => endpoints!.some(({ addresses }) => addresses.includes(at));
        expect(zone.withEndpoint(at).map((service) => service.key)).toEqual(keys(({ slices }) => slices.some(holds)));
        expect(zone.withClusterIP(at).map((service) => service.key)).toEqual(
          keys(({ service }) => service?.spec.clusterIP === at),
        );
        expect(zone.withExternalIP(at).map((service) => service.key)).toEqual(
          keys(({ service }) => service?.spec.externalIPs?.includes(at) === true),
        );
      }
      expect(zone.services().map((service) => service.key)).toEqual([...naive.keys()].sort());
    }),
  );
});

test('a changed zone leaves the one before it as it was', () => {
  const before = DnsZone.EMPTY.set('a/x', recordsOf('a/x', '10.0.0.1', ['10.1.0.1']));
  before.set('a/x', recordsOf('a/x', '10.0.0.2', []));
  expect(before.withEndpoint('10.1.0.1')).toHaveLength(1);
  expect(before.withClusterIP('10.0.0.1')).toHaveLength(1);
});
