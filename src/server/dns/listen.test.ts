/** Real clients on real sockets: Node's own resolver (c-ares), and a raw connection. */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { decode, streamEncode } from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readScenario, replay } from '../../scenario/index.ts';
import { askCluster } from './ask-cluster.ts';
import { type DnsListener, ListenError, listenForDns } from './listen.ts';

const SCRIPT = `
apiVersion: orrery/v1
kind: Scenario
metadata: { name: served }
spec:
  cluster: { networkProfile: { serviceCidr: 10.96.0.0/16, dnsServiceIP: 10.96.0.10 } }
  steps:
    - apply: [objects.yaml]
    - settle: {}
`;
/** 40 endpoints are more than 512 bytes hold. */
const OBJECTS = `
apiVersion: v1
kind: Service
metadata: { name: my-api }
spec: { clusterIP: 10.96.0.50, selector: { app: my-api }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: my-db }
spec: { clusterIP: None, ports: [{ name: sql, port: 5432 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: my-db-1, labels: { kubernetes.io/service-name: my-db } }
addressType: IPv4
ports: [{ name: sql, protocol: TCP, port: 5432 }]
endpoints:
${Array.from({ length: 40 }, (_, i) => `  - { addresses: [10.244.9.${i + 1}] }`).join('\n')}
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { containers: [{ name: main, image: client }] }
`;

let listener: DnsListener;
const resolver = new Resolver();

beforeAll(async () => {
  const read = readScenario({
    file: 'served.yaml',
    text: SCRIPT,
    readFile: (file) => ({ file, text: OBJECTS }),
    overrides: [],
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { cluster } = replay(read.scenario);
  listener = await listenForDns('127.0.0.1', 0, askCluster(cluster, 'pod/default/client'));
  resolver.setServers([`127.0.0.1:${listener.port}`]);
});

afterAll(() => listener.close());

test('addresses, ports and names of a Service', async () => {
  expect(await resolver.resolve4('my-api.default.svc.cluster.local')).toEqual(['10.96.0.50']);
  expect(await resolver.resolveSrv('_http._tcp.my-api.default.svc.cluster.local')).toEqual([
    { name: 'my-api.default.svc.cluster.local', port: 80, priority: 0, weight: 100 },
  ]);
  expect(await resolver.reverse('10.96.0.50')).toEqual(['my-api.default.svc.cluster.local']);
  expect(await resolver.resolveTxt('dns-version.cluster.local')).toEqual([['1.1.0']]);
  await expect(resolver.resolve4('nobody.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('an answer that does not fit is truncated, and the client asks again over TCP', async () => {
  expect((await resolver.resolve4('my-db.default.svc.cluster.local')).length).toBe(40);
});

test('several queries in one piece on one connection, the last in two', async () => {
  const query = (id: number) =>
    streamEncode({ type: 'query', id, questions: [{ name: 'my-api.default.svc.cluster.local', type: 'A' }] });
  const sent = Buffer.concat([query(1), query(2)]);
  const replies = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect(listener.port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const first = received.length > 2 ? received.readUInt16BE(0) : Number.POSITIVE_INFINITY;
      if (received.length < 2 * (first + 2)) return;
      socket.destroy();
      resolve(received);
    });
    socket.write(sent.subarray(0, sent.length - 5));
    socket.write(sent.subarray(sent.length - 5));
  });
  const second = 2 + replies.readUInt16BE(0);
  expect([decode(replies.subarray(2)).id, decode(replies.subarray(second + 2)).id]).toEqual([1, 2]);
});

test('an address that is in use is said to be', async () => {
  await expect(listenForDns('127.0.0.1', listener.port, () => undefined)).rejects.toThrow(
    new ListenError('the address is in use'),
  );
});
