import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { type Address, TCP, UDP } from '../model/index.ts';
import type { ServicePortRecord, ServiceRecord } from './service-ports.ts';
import { byNameAndProtocol, ServiceTable } from './service-table.ts';

// Few values, so that Services often claim the same address and port.
const address: fc.Arbitrary<Address> = fc.integer({ min: 1, max: 4 });
const port = fc.integer({ min: 1, max: 3 });
const protocol = fc.constantFrom(TCP, UDP);
const endpoints = fc.integer({ min: 0, max: 3 }).map((count) => new Array<never>(count).fill(undefined as never));

const portRecord: fc.Arbitrary<Omit<ServicePortRecord, 'name'>> = fc.record({
  protocol,
  clusterIP: fc.oneof(address, fc.constant('fd00::1')),
  port,
  nodePort: fc.integer({ min: 0, max: 2 }),
  externalIPs: fc.array(address, { maxLength: 2 }),
  loadBalancerVIPs: fc.array(address, { maxLength: 2 }),
  loadBalancerSourceRanges: fc.constant([]),
  affinitySeconds: fc.constant(0),
  externalPolicyLocal: fc.boolean(),
  internalPolicyLocal: fc.boolean(),
  healthCheckNodePort: fc.integer({ min: 0, max: 1 }),
  endpoints,
});

const change = fc.record({
  key: fc.constantFrom('a/one', 'a/two', 'b/three'),
  ports: fc.option(fc.array(portRecord, { maxLength: 3 }), { nil: undefined }),
  /** whether the Service's first port stays as it is */
  keepFirst: fc.boolean(),
});

function recordOf(key: string, ports: readonly Omit<ServicePortRecord, 'name'>[], kept: ServicePortRecord | undefined) {
  const named = ports.map((each, i) => ({ ...each, name: `${key}:p${i + 1}` }));
  return { key, ports: kept === undefined ? named : [kept, ...named] } satisfies ServiceRecord;
}

/** What the index must answer, found by looking at every service port. */
function found(records: ReadonlyMap<string, ServiceRecord>, matches: (port: ServicePortRecord) => boolean) {
  return [...records.values()]
    .flatMap(({ ports }) => ports.filter(matches))
    .map(({ name }) => name)
    .sort();
}

test('the indexes answer what a walk over all records answers, after any changes', () => {
  holds(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const naive = new Map<string, ServiceRecord>();
      let table = ServiceTable.EMPTY;
      for (const { key, ports, keepFirst } of changes) {
        const record = ports && recordOf(key, ports, keepFirst ? naive.get(key)?.ports[0] : undefined);
        table = table.set(key, record);
        if (record === undefined) naive.delete(key);
        else naive.set(key, record);
      }
      const names = (filed: ReturnType<ServiceTable['at']>) => filed.map((each) => each.port.name).sort();
      expect(table.size).toBe(naive.size);
      for (const number of [1, 2, 3])
        for (const transport of [TCP, UDP] as const) {
          for (const at of [1, 2, 3, 4, 'fd00::1']) {
            const claims = (each: ServicePortRecord) =>
              [each.clusterIP, ...each.externalIPs, ...each.loadBalancerVIPs].includes(at);
            const wanted = found(naive, (each) => each.port === number && each.protocol === transport && claims(each));
            expect(names(table.at(at, number, transport))).toEqual(wanted);
          }
          const isNodePort = (each: ServicePortRecord) =>
            typeof each.clusterIP === 'number' && each.nodePort === number && each.protocol === transport;
          expect(names(table.atNodePort(4, number, transport))).toEqual(found(naive, isNodePort));
        }
      const ipv6 = [...naive.values()]
        .flatMap(({ ports }) => ports)
        .filter((each) => typeof each.clusterIP === 'string');
      expect(names(table.ports(6))).toEqual(ipv6.map(({ name }) => name).sort());
      expect(table.endpointCount(6)).toBe(ipv6.reduce((sum, each) => sum + each.endpoints.length, 0));
      expect(names(table.atHealthCheckNodePort(6, 1))).toEqual(
        ipv6
          .filter((each) => each.healthCheckNodePort === 1)
          .map(({ name }) => name)
          .sort(),
      );
    }),
  );
});

test('an older table still answers as it did, and ports that stay keep what was made from them', () => {
  const [one, two] = fc.sample(portRecord, { numRuns: 2, seed: 1 });
  if (one === undefined || two === undefined) throw new Error('no samples');
  const first = { ...one, name: 'a/one:p1', clusterIP: 7, port: 80, protocol: TCP } as const;
  const second = { ...two, name: 'a/one:p2', clusterIP: 7, port: 81, protocol: TCP } as const;
  const before = ServiceTable.EMPTY.set('a/one', { key: 'a/one', ports: [first] });
  const [filed] = before.at(7, 80, TCP);
  const after = before.set('a/one', { key: 'a/one', ports: [first, second] });
  expect(after.at(7, 80, TCP)[0]).toBe(filed);
  expect(after.at(7, 81, TCP)).toHaveLength(1);
  expect(before.at(7, 81, TCP)).toHaveLength(0);
  expect(after.set('a/one', undefined).at(7, 80, TCP)).toHaveLength(0);
  expect([...after.ports(4)].sort(byNameAndProtocol).map((each) => each.port.name)).toEqual(['a/one:p1', 'a/one:p2']);
});

test('counts the changes of endpoints of Services that have UDP ones', () => {
  const endpoint = (text: string) => ({ address: 1, port: 1, text, ready: true, serving: true, terminating: false });
  const [a, b] = [endpoint('a'), endpoint('b')];
  const shared = { clusterIP: 1, port: 53, nodePort: 0, externalIPs: [], loadBalancerVIPs: [] };
  const policies = {
    externalPolicyLocal: false,
    internalPolicyLocal: false,
    healthCheckNodePort: 0,
    affinitySeconds: 0,
  };
  const record = (protocol: typeof TCP | typeof UDP, endpoints: ServicePortRecord['endpoints'], more: object = {}) => ({
    key: 'a/dns',
    ports: [{ name: 'a/dns', protocol, ...shared, ...policies, loadBalancerSourceRanges: [], endpoints, ...more }],
  });
  const steps = [
    { record: record(TCP, [a]), count: 0, why: 'no UDP' },
    { record: record(TCP, [b]), count: 0, why: 'no UDP' },
    { record: record(UDP, []), count: 0, why: 'UDP, but no endpoints before or after' },
    { record: record(UDP, [a]), count: 1, why: 'the first endpoint' },
    { record: record(UDP, [a], { externalPolicyLocal: true }), count: 1, why: 'the same endpoints' },
    { record: record(UDP, [b]), count: 2, why: 'another endpoint' },
    { record: record(UDP, []), count: 3, why: 'the last one goes' },
    { record: record(UDP, [a]), count: 4, why: 'one comes back' },
    { record: undefined, count: 5, why: 'the Service goes' },
  ];
  let table = ServiceTable.EMPTY;
  for (const step of steps) {
    table = table.set('a/dns', step.record);
    expect([step.why, table.udpEndpointChanges]).toEqual([step.why, step.count]);
  }
});
