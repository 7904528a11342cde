import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Connection,
  ConntrackTable,
  numberOfAddress,
  packPorts,
  type ServiceEndpoint,
  type ServicePortRecord,
  ServiceTable,
} from '../../../src/dataplane/index.ts';
import { addressOf, type EndpointSlice, formatEndpoint, TCP, UDP } from '../../../src/model/index.ts';
import { holds } from '../../../test/support/seed.ts';
import { ChangeTracker } from '../change-tracker.ts';
import { staleConnections, staleFlows } from './stale-flows.ts';

const CLUSTER_IP = addressOf('10.96.0.10');
const CLIENT = addressOf('10.244.0.9');
const EVER = 1000;

function endpoint(host: number, serving: boolean): ServiceEndpoint {
  const address = addressOf(`10.244.1.${host}`);
  return {
    address,
    port: 53,
    text: formatEndpoint(address, 53),
    ready: serving,
    serving,
    terminating: false,
  };
}

function dns(endpoints: readonly ServiceEndpoint[]): ServiceTable {
  const port: ServicePortRecord = {
    name: 'kube-system/kube-dns:dns',
    protocol: UDP,
    clusterIP: CLUSTER_IP,
    port: 53,
    nodePort: 30053,
    externalIPs: [],
    loadBalancerVIPs: [],
    loadBalancerSourceRanges: [],
    affinitySeconds: 0,
    externalPolicyLocal: false,
    internalPolicyLocal: false,
    healthCheckNodePort: 0,
    endpoints,
  };
  return ServiceTable.EMPTY.set('kube-system/kube-dns', { key: 'kube-system/kube-dns', ports: [port] });
}

/** From a client's port to a destination, translated to an endpoint. */
function connection(
  sourcePort: number,
  to: string,
  port: number,
  host: number,
  protocol: typeof UDP | typeof TCP = UDP,
) {
  const made = new Connection(
    protocol,
    numberOfAddress(CLIENT),
    numberOfAddress(addressOf(to)),
    packPorts(sourcePort, port),
  );
  made.replySource = numberOfAddress(addressOf(`10.244.1.${host}`));
  made.replyPorts = packPorts(53, sourcePort);
  made.expiresAt = EVER;
  return made;
}

function tableOf(...connections: readonly Connection[]): ConntrackTable {
  const table = new ConntrackTable(4);
  for (const each of connections) expect(table.insert(each, 0)).toBe(true);
  return table;
}

const portsOf = (connections: readonly Connection[]) => connections.map(({ ports }) => ports >>> 16);

describe('what a node deletes of its own table', () => {
  const table = tableOf(
    connection(1, '10.96.0.10', 53, 1),
    connection(2, '10.96.0.10', 53, 2),
    connection(3, '10.10.0.4', 30053, 2),
    connection(4, '10.96.0.10', 53, 2, TCP),
    connection(5, '10.96.0.10', 5353, 2),
  );

  test('UDP to a Service or its node port that leads to an endpoint which serves no more', () => {
    expect(portsOf(staleConnections(table, dns([endpoint(1, true), endpoint(2, false)]), 1))).toEqual([2, 3]);
    expect(portsOf(staleConnections(table, dns([endpoint(1, true)]), 1))).toEqual([2, 3]);
  });

  test('nothing while all serve, and nothing when none does', () => {
    expect(staleConnections(table, dns([endpoint(1, true), endpoint(2, true)]), 1)).toEqual([]);
    expect(staleConnections(table, dns([endpoint(1, false), endpoint(2, false)]), 1)).toEqual([]);
  });

  test('an entry that has expired is not there', () => {
    expect(staleConnections(table, dns([endpoint(1, true)]), EVER)).toEqual([]);
  });

  test('what is deleted stays deleted: a second clean-up finds nothing', () => {
    const services = dns([endpoint(1, true)]);
    const copy = table.clone();
    for (const stale of staleConnections(copy, services, 1)) copy.remove(stale);
    expect(staleConnections(copy, services, 1)).toEqual([]);
    expect(copy.size).toBe(3);
  });
});

test('a table and a list of flows are judged alike', () => {
  const entry = fc.record({
    to: fc.constantFrom('10.96.0.10', '10.96.0.11', '10.10.0.4'),
    port: fc.constantFrom(53, 30053, 80),
    host: fc.integer({ min: 1, max: 4 }),
    protocol: fc.constantFrom(UDP, TCP) as fc.Arbitrary<typeof UDP | typeof TCP>,
  });
  holds(
    fc.property(fc.array(entry), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (entries, serving) => {
      const services = dns(serving.map((serves, i) => endpoint(i + 1, serves)));
      const connections = entries.map(({ to, port, host, protocol }, i) => connection(i + 1, to, port, host, protocol));
      const flows = entries.map(({ to, port, host, protocol }, i) => ({
        protocol,
        original: { source: CLIENT, sourcePort: i + 1, destination: addressOf(to), destinationPort: port },
        reply: {
          source: addressOf(`10.244.1.${host}`),
          sourcePort: 53,
          destination: CLIENT,
          destinationPort: i + 1,
        },
      }));
      const found = portsOf(staleConnections(tableOf(...connections), services, 1));
      expect(found).toEqual(staleFlows(flows, services, 4).map(({ original }) => original.sourcePort));
    }),
  );
});

describe('a clean-up is required', () => {
  const slice = (udpPort: number, tcpPort: number, host = 1): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'dns-1',
      namespace: 'ns',
      uid: '',
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': 'dns' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [`10.244.1.${host}`], conditions: {} }],
    ports: [
      ...(udpPort === 0 ? [] : [{ name: 'u', port: udpPort, protocol: 'UDP' as const }]),
      { name: 't', port: tcpPort, protocol: 'TCP' },
    ],
  });
  const isRequired = (before: readonly EndpointSlice[], after: readonly EndpointSlice[]) => {
    const { tracker } = ChangeTracker.empty(4).update({ services: [], slices: before });
    return tracker.update({ services: [], slices: after }).conntrackCleanupRequired;
  };

  test.each([
    ['UDP endpoints come', [], [slice(53, 53)], true],
    ['UDP endpoints go', [slice(53, 53)], [], true],
    ['a UDP endpoint is another', [slice(53, 53)], [slice(53, 53, 2)], true],
    // kube-proxy looks at the Service as a whole.
    ['only the TCP port of a Service with UDP endpoints changes', [slice(53, 53)], [slice(53, 54)], true],
    ['a Service without UDP changes', [slice(0, 53)], [slice(0, 54)], false],
    ['nothing changes', [slice(53, 53)], [slice(53, 53)], false],
  ] as const)('%s: %#', (_, before, after, required) => {
    expect(isRequired(before, after)).toBe(required);
  });
});
