import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { iptablesSave, isParseFailure, type NodeFacts, parseIptablesSave } from '../../../src/dataplane/index.ts';
import { addressOf, type EndpointSlice, type Service } from '../../../src/model/index.ts';
import { holds } from '../../../test/support/seed.ts';
import { defaultKubeProxyConfig } from '../config.ts';
import { cleanupLeftovers } from './cleanup.ts';
import { EMPTY_TABLES, isRestoreError, restore, tablesText } from './kernel-tables.ts';
import { newProxier, type ProxierState, syncProxyRules } from './proxier.ts';
import { kubeProxyRuleset } from './ruleset.ts';

const config = { ...defaultKubeProxyConfig('10.244.0.0/16'), largeClusterEndpointsThreshold: 8, canary: false };
const node: NodeFacts = { name: 'node1', addresses: [addressOf('10.0.0.4')], podCidrs: [], zone: 'a' };

interface Shown {
  /** the last octet of the cluster IP */
  readonly service: number;
  readonly nodePort: number;
  readonly local: boolean;
  readonly endpoints: readonly { readonly host: number; readonly ready: boolean; readonly nodeName: string }[];
}

const metadata = (name: string, labels = {}) => ({
  name,
  namespace: 'ns',
  labels,
  uid: '',
  resourceVersion: '1',
  creationTimestamp: '',
});

function service({ service: number, nodePort, local }: Shown): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(`s${number}`),
    spec: {
      type: nodePort === 0 ? 'ClusterIP' : 'NodePort',
      clusterIP: `10.96.0.${number}`,
      sessionAffinity: 'None',
      ports: [{ name: 'p', port: 80, protocol: 'TCP', targetPort: 8080, nodePort }],
      externalTrafficPolicy: local ? 'Local' : 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

function slice({ service: number, endpoints }: Shown): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata(`s${number}-a`, { 'kubernetes.io/service-name': `s${number}` }),
    addressType: 'IPv4',
    endpoints: endpoints.map(({ host, ready, nodeName }) => ({
      addresses: [`10.244.0.${host}`],
      conditions: { ready },
      nodeName,
    })),
    ports: [{ name: 'p', port: 8080, protocol: 'TCP' }],
  };
}

function input(shown: readonly Shown[], more = {}) {
  return { services: shown.map(service), slices: shown.map(slice), node, config, ...more };
}

const endpoint = fc.record({
  host: fc.integer({ min: 1, max: 6 }),
  ready: fc.boolean(),
  nodeName: fc.constantFrom('node1', 'node2'),
});
const shown: fc.Arbitrary<Shown> = fc.record({
  service: fc.integer({ min: 1, max: 4 }),
  nodePort: fc.constantFrom(0, 30001),
  local: fc.boolean(),
  endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: ({ host }) => host }),
});
const states = fc.array(fc.uniqueArray(shown, { maxLength: 4, selector: (each) => each.service }), {
  minLength: 1,
  maxLength: 5,
});

function saved(state: ProxierState): string {
  const parsed = parseIptablesSave(tablesText(state.tables));
  if (isParseFailure(parsed)) throw new Error(parsed.message);
  return iptablesSave(parsed, ['nat', 'filter']);
}

test('after any partial syncs the tables are those of a full sync, and those that the ruleset prints', () => {
  const small = { ...config, largeClusterEndpointsThreshold: 1000 };
  holds(
    fc.property(states, (steps) => {
      let state = newProxier(small);
      for (const step of steps) {
        const result = syncProxyRules(state, { ...input(step), config: small });
        expect(result.error).toBeUndefined();
        state = result.state;
        const fresh = syncProxyRules(newProxier(small), { ...input(step), config: small });
        expect(tablesText(state.tables)).toBe(tablesText(fresh.state.tables));
        expect(saved(state)).toBe(
          iptablesSave(kubeProxyRuleset(state.tracker.services, node, small), ['nat', 'filter']),
        );
      }
    }),
  );
});

const one: Shown = { service: 1, nodePort: 0, local: false, endpoints: [{ host: 1, ready: true, nodeName: 'node1' }] };
const two: Shown = { ...one, service: 2, endpoints: [{ host: 2, ready: true, nodeName: 'node1' }] };
const many = (count: number): Shown => ({
  ...one,
  service: 3,
  endpoints: Array.from({ length: count }, (_, i) => ({ host: 10 + i, ready: true, nodeName: 'node2' })),
});

const serviceChains = (text: string) => text.split('\n').filter((line) => /^:KUBE-(SVC|SEP)/.test(line));

describe('a partial sync', () => {
  const first = syncProxyRules(newProxier(config), input([one, two]));

  test('writes the chains of changed Services only, but every chain that all share', () => {
    const changed = { ...two, endpoints: [...two.endpoints, { host: 3, ready: true, nodeName: 'node2' }] };
    const second = syncProxyRules(first.state, input([one, changed]));
    expect(second).toMatchObject({ fullSync: false, updatedServices: ['ns/s2'] });
    expect(serviceChains(second.restoreInput)).toHaveLength(3);
    expect(second.restoreInput).toContain('"ns/s1:p cluster IP"');
    expect(syncProxyRules(second.state, input([one, changed])).updatedServices).toEqual([]);
  });

  test('deletes chains that nothing needs any more, in the same restore', () => {
    const second = syncProxyRules(first.state, input([one]));
    expect(second.restoreInput.match(/^-X .*/gm)).toHaveLength(2);
    expect(serviceChains(tablesText(second.state.tables))).toHaveLength(2);
  });

  test('that fails changes nothing, and the next sync writes everything', () => {
    const foreign = `*nat\n:OTHER - [0:0]\n${first.restoreInput.match(/^-A KUBE-SVC-\S+ .*s2.* -j (KUBE-SEP-\S+)$/m)?.[0].replace(/^-A \S+/, '-A OTHER')}\nCOMMIT\n`;
    const tables = restore(first.state.tables, foreign);
    if (isRestoreError(tables)) throw new Error(tables.message);
    const failed = syncProxyRules({ ...first.state, tables }, input([one]));
    expect(failed.error).toContain('does not exist');
    expect(failed.state.tables).toBe(tables);
    const repaired = syncProxyRules({ ...failed.state, tables: first.state.tables }, input([one]));
    expect(repaired).toMatchObject({ fullSync: true, updatedServices: [] });
    expect(serviceChains(tablesText(repaired.state.tables))).toHaveLength(2);
  });

  test('becomes a full one when the zone changes, on demand, and after an hour', () => {
    const again = (more: object) => syncProxyRules(first.state, { ...input([one, two]), ...more }).fullSync;
    expect(again({})).toBe(false);
    expect(again({ node: { ...node, zone: 'b' } })).toBe(true);
    expect(again({ forced: true })).toBe(true);
    expect(again({ fullSyncPeriodElapsed: true })).toBe(true);
  });
});

describe('in a large cluster', () => {
  const first = syncProxyRules(newProxier(config), input([one]));
  const large = syncProxyRules(first.state, input([one, many(8)]));
  const commented = (prefix: string, text: string) =>
    text.split('\n').filter((line) => line.startsWith(`-A ${prefix}`) && line.includes('--comment')).length;

  test('only what is written from then on loses its comments', () => {
    expect(large.state.largeClusterMode).toBe(true);
    // The Service that was there keeps its two rules in KUBE-SEP; the new one has a comment at its cluster IP alone.
    expect(commented('KUBE-SEP-', tablesText(large.state.tables))).toBe(2);
    expect(commented('KUBE-SVC-', tablesText(large.state.tables))).toBe(3);
  });

  test('stale chains wait until their time has come, and no full sync comes by the hour', () => {
    const gone = syncProxyRules(large.state, input([many(9)], { fullSyncPeriodElapsed: true }));
    expect(gone.fullSync).toBe(false);
    expect(gone.restoreInput).not.toContain('-X');
    expect(syncProxyRules(gone.state, input([many(9)], { chainCleanupDue: true })).restoreInput).toContain(
      '-X KUBE-SVC-',
    );
  });
});

test('jumps go first, stay where they are when they are there, and cleanup takes them away again', () => {
  const foreign = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 1.2.3.4 -j DROP\nCOMMIT\n';
  const tables = restore(EMPTY_TABLES, foreign);
  if (isRestoreError(tables)) throw new Error(tables.message);
  const { state } = syncProxyRules(newProxier(config, tables), input([one]));
  const rules = state.tables.get('filter')?.get('INPUT')?.rules ?? [];
  expect(rules.at(-1)).toBe('-A INPUT -s 1.2.3.4 -j DROP');
  expect(rules).toHaveLength(5);
  const again = syncProxyRules(state, input([one], { forced: true }));
  expect(tablesText(again.state.tables)).toBe(tablesText(state.tables));
  const left = cleanupLeftovers(state.tables);
  expect([...(left.get('nat')?.keys() ?? [])]).toEqual(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']);
  expect(left.get('filter')?.get('INPUT')?.rules).toEqual(['-A INPUT -j KUBE-FIREWALL', rules.at(-1)]);
});

test('health checks count this node’s ready addresses, whatever their ports', () => {
  const here = { host: 1, ready: true, nodeName: 'node1' };
  const endpoints = [here, { ...here, host: 2, ready: false }, { ...here, host: 3, nodeName: 'node2' }];
  const { state } = syncProxyRules(newProxier(config), input([{ ...one, endpoints }]));
  expect(state.healthCheck).toEqual({ healthCheckNodePorts: {}, localReadyEndpoints: { 'ns/s1': 1 } });
});
