/** A kernel that is synced from the table of Services holds what kube-proxy's proxier, which is compared with recordings, leaves. */
import { expect, test } from 'vitest';
import { addressOf, type EndpointSlice, type Service } from '../../../src/model/index.ts';
import { defaultIpvsConfig } from './config.ts';
import { syncIpvsKernel } from './kernel.ts';
import { newIpvsProxier, syncIpvsProxyRules } from './proxier.ts';
import { ipvsRuleset } from './ruleset.ts';

const CONFIG = defaultIpvsConfig('10.244.0.0/16');
const NODE = { name: 'node1', addresses: [addressOf('10.10.12.4')], podCidrs: [] };
const metadata = { namespace: 'ns', uid: '', resourceVersion: '1', creationTimestamp: '' };

function service(name: string, clusterIP: string, more: object = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, name },
    spec: {
      type: 'NodePort',
      clusterIP,
      sessionAffinity: 'None' as const,
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
      ...more,
    },
    status: { loadBalancer: {} },
  };
}

function slice(name: string, addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: {}, nodeName: 'node1' })),
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  };
}

const STEPS = [
  { services: [service('a', '10.96.0.1')], slices: [slice('a', ['10.244.0.1', '10.244.0.2'])] },
  {
    services: [
      service('a', '10.96.0.1'),
      service('b', '10.96.0.2', {
        type: 'ClusterIP',
        externalIPs: ['203.0.113.9'],
        ports: [{ port: 81, protocol: 'TCP', targetPort: 8080 }],
      }),
    ],
    slices: [slice('a', ['10.244.0.2', '10.244.0.3']), slice('b', ['10.244.0.1'])],
  },
  { services: [service('b', '10.96.0.2')], slices: [slice('b', [])] },
  { services: [], slices: [] },
];

test('sync by sync', () => {
  let state = newIpvsProxier(CONFIG);
  let kernel: ReturnType<typeof syncIpvsKernel> | undefined;
  for (const objects of STEPS) {
    const result = syncIpvsProxyRules(state, { ...objects, node: NODE, config: CONFIG });
    state = result.state;
    kernel = syncIpvsKernel(kernel, state.tracker.services, NODE, CONFIG);
    expect(kernel.servers).toEqual(state.servers);
    expect(kernel.terminating).toEqual(state.terminating);
    expect(kernel.sets).toEqual(result.sets);
    expect(kernel.dummyAddresses).toEqual(state.dummyAddresses);
    const rules = ipvsRuleset(result.chains, 4);
    for (const table of ['nat', 'filter'] as const)
      expect(kernel.ruleset.table(table)!.chains()).toEqual(rules.table(table)!.chains());
  }
  expect(kernel!.servers.size).toBe(0);
});
