import { expect, test } from 'vitest';
import { addressOf, type EndpointSlice, formatCidr, type Service } from '../../src/model/index.ts';
import { keepUnchanged } from './same-record.ts';
import { serviceRecordOf } from './service-record.ts';

const meta = (name: string) => ({ name, namespace: 'ns', uid: '', resourceVersion: '1', creationTimestamp: '' });

function service(
  spec: Partial<Service['spec']> = {},
  ingress: { ip?: string; hostname?: string; ipMode?: 'VIP' | 'Proxy' }[] = [],
) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('web'),
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      sessionAffinity: 'None',
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      ...spec,
    },
    status: { loadBalancer: { ingress } },
  } satisfies Service;
}

function slice(name: string, endpoints: EndpointSlice['endpoints'], more: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta(name),
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    ...more,
  };
}

const at = (address: string, conditions = {}) => ({ addresses: [address], conditions });
const endpointTexts = (...slices: EndpointSlice[]) =>
  serviceRecordOf(service(), slices)?.ports[0]?.endpoints.map(({ text }) => text);
const firstPort = (...args: Parameters<typeof service>) => serviceRecordOf(service(...args), [])?.ports[0];

test.each([{ clusterIP: 'None' }, { clusterIP: '' }, { type: 'ExternalName' as const }])('skips %o', (spec) => {
  expect(serviceRecordOf(service(spec), [])).toBeUndefined();
});

test('endpoints are sorted as text, not as numbers', () => {
  expect(endpointTexts(slice('a', [at('10.0.0.2'), at('10.0.0.10'), at('10.0.0.1')]))).toEqual([
    '10.0.0.10:8080',
    '10.0.0.1:8080',
    '10.0.0.2:8080',
  ]);
});

test('an address in two slices is one endpoint: the one that does not terminate, whichever comes first', () => {
  const terminating = slice('a', [at('10.0.0.1', { ready: false, terminating: true })]);
  const running = slice('b', [at('10.0.0.1', { ready: true })]);
  for (const slices of [
    [terminating, running],
    [running, terminating],
    [{ ...terminating, metadata: meta('c') }, running],
  ])
    expect(serviceRecordOf(service(), slices)?.ports[0]?.endpoints).toMatchObject([
      { ready: true, terminating: false },
    ]);
});

test('slices of the other family, ports without name or number, and further addresses do not count', () => {
  expect(endpointTexts(slice('a', [at('fd00::1')], { addressType: 'IPv6' }))).toEqual([]);
  expect(endpointTexts(slice('a', [at('10.0.0.1')], { ports: [{ port: 8080, protocol: 'TCP' }] }))).toEqual([]);
  expect(endpointTexts(slice('a', [at('10.0.0.1')], { ports: [{ name: 'http', protocol: 'TCP' }] }))).toEqual([]);
  expect(endpointTexts(slice('a', [{ addresses: ['10.0.0.1', '10.0.0.2'], conditions: {} }]))).toEqual([
    '10.0.0.1:8080',
  ]);
});

test('leading zeros are decimal and dropped', () => {
  expect(endpointTexts(slice('a', [at('010.000.0.08')]))).toEqual(['10.0.0.8:8080']);
  expect(firstPort({ externalIPs: ['020.0.0.01'] })?.externalIPs).toEqual([addressOf('20.0.0.1')]);
});

test('source ranges are trimmed, those of the other family ignored, and one of every address lifts them all', () => {
  const ranges = (...loadBalancerSourceRanges: string[]) =>
    firstPort({ loadBalancerSourceRanges })?.loadBalancerSourceRanges.map(formatCidr);
  expect(ranges(' 1.2.3.4/24', '2001:db8::/32')).toEqual(['1.2.3.0/24']);
  expect(ranges('1.2.3.4/24', '0.0.0.0/0 ')).toEqual([]);
});

test('only addresses that the node must answer are VIPs', () => {
  const ingress = [
    { ip: '20.0.0.1' },
    { ip: '20.0.0.2', ipMode: 'Proxy' as const },
    { hostname: 'lb' },
    { ip: 'fd00::2' },
  ];
  expect(firstPort({}, ingress)?.loadBalancerVIPs).toEqual([addressOf('20.0.0.1')]);
});

test('external policy counts only for Services that can be reached from outside', () => {
  const local = { externalTrafficPolicy: 'Local' as const, healthCheckNodePort: 32000 };
  expect(firstPort({ ...local, type: 'ClusterIP' })?.externalPolicyLocal).toBe(false);
  expect(firstPort({ ...local, type: 'ClusterIP', externalIPs: ['20.0.0.1'] })?.externalPolicyLocal).toBe(true);
  expect(firstPort({ ...local, type: 'NodePort' })?.healthCheckNodePort).toBe(0);
  expect(firstPort(local)?.healthCheckNodePort).toBe(32000);
});

test('a Service of both families has ports in both', () => {
  const both = service({ clusterIPs: ['10.96.0.9', 'fd00::9'] });
  const slices = [slice('a', [at('10.0.0.1')]), slice('b', [at('fd00::1')], { addressType: 'IPv6' })];
  const ports = serviceRecordOf(both, slices)?.ports ?? [];
  expect(ports.map((port) => [port.clusterIP, port.endpoints[0]?.text])).toEqual([
    [addressOf('10.96.0.9'), '10.0.0.1:8080'],
    ['fd00::9', '[fd00::1]:8080'],
  ]);
});

test('what did not change stays the same object', () => {
  const before = serviceRecordOf(service(), [slice('a', [at('10.0.0.1'), at('10.0.0.2')])]);
  const same = serviceRecordOf(service(), [slice('b', [at('10.0.0.2'), at('10.0.0.1')])]);
  const changed = serviceRecordOf(service(), [slice('a', [at('10.0.0.1'), at('10.0.0.2', { ready: false })])]);
  if (before === undefined || same === undefined || changed === undefined) throw new Error('not skipped');
  expect(keepUnchanged(before, same)).toBe(before);
  const kept = keepUnchanged(before, changed);
  expect(kept).toEqual(changed);
  expect(kept.ports[0]?.endpoints[0]).toBe(before.ports[0]?.endpoints[0]);
  expect(kept.ports[0]?.endpoints[1]).not.toBe(before.ports[0]?.endpoints[1]);
});
