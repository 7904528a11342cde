import { describe, expect, test } from 'vitest';
import { type NodeFacts, SCHEDULER_HASHES_PORT, type VirtualServer } from '../../../src/dataplane/index.ts';
import { addressOf, cidrOf, type EndpointSlice, formatAddress, type Service } from '../../../src/model/index.ts';
import { tablesText } from '../iptables/index.ts';
import { defaultIpvsConfig, type IpvsConfig } from './config.ts';
import {
  checkTerminating,
  type IpvsProxierState,
  listedAddresses,
  newIpvsProxier,
  syncIpvsProxyRules,
} from './proxier.ts';

const node: NodeFacts = { name: 'node1', addresses: [addressOf('10.10.12.4')], podCidrs: [] };
const config = defaultIpvsConfig('10.244.0.0/16');
const VIRTUAL = '10.96.0.50:80/TCP';

const metadata = (name: string, labels = {}) => ({
  name,
  namespace: 'ns',
  labels,
  uid: '',
  resourceVersion: '1',
  creationTimestamp: '',
});

function service(spec: Partial<Service['spec']> = {}, protocol: 'TCP' | 'UDP' = 'TCP'): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('web'),
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.50',
      sessionAffinity: 'None',
      ports: [{ name: 'p', port: 80, protocol, targetPort: 8080 }],
      ...spec,
    },
    status: { loadBalancer: {} },
  };
}

function slice(hosts: readonly number[], protocol: 'TCP' | 'UDP' = 'TCP'): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('web-1', { 'kubernetes.io/service-name': 'web' }),
    addressType: 'IPv4',
    endpoints: hosts.map((host) => ({ addresses: [`10.244.0.${host}`], conditions: {}, nodeName: 'node1' })),
    ports: [{ name: 'p', port: 8080, protocol }],
  };
}

type Shown = readonly [readonly Service[], readonly EndpointSlice[]];

function sync(state: IpvsProxierState, [services, slices]: Shown, given: IpvsConfig = config) {
  return syncIpvsProxyRules(state, { services, slices, node, config: given });
}

function synced(shown: Shown, given: IpvsConfig = config): IpvsProxierState {
  return sync(newIpvsProxier(given), shown, given).state;
}

/** As if the kernel had counted connections at a real server. */
function withConnections(state: IpvsProxierState, name: string, real: string, activeConnections: number) {
  const server = state.servers.get(name)!;
  const realServers = new Map(server.realServers).set(real, { ...server.realServers.get(real)!, activeConnections });
  return { ...state, servers: new Map(state.servers).set(name, { ...server, realServers }) };
}

const weights = (state: IpvsProxierState, name = VIRTUAL) =>
  Object.fromEntries([...state.servers.get(name)!.realServers].map(([real, { weight }]) => [real, weight]));

describe('a real server that goes', () => {
  const both = synced([[service()], [slice([1, 2])]]);
  const one: Shown = [[service()], [slice([1])]];

  test('is deleted at once when it has no connections', () => {
    expect(weights(sync(both, one).state)).toEqual({ '10.244.0.1:8080': 1 });
  });

  test('keeps its connections and takes no new ones, until the last has ended', () => {
    const busy = sync(withConnections(both, VIRTUAL, '10.244.0.2:8080', 3), one).state;
    expect(weights(busy)).toEqual({ '10.244.0.1:8080': 1, '10.244.0.2:8080': 0 });
    expect(weights(checkTerminating(busy))).toEqual(weights(busy));
    expect(weights(sync(busy, one).state)).toEqual(weights(busy));
    const idle = checkTerminating(withConnections(busy, VIRTUAL, '10.244.0.2:8080', 0));
    expect(weights(idle)).toEqual({ '10.244.0.1:8080': 1 });
    expect(idle.terminating.size).toBe(0);
  });

  test('starts afresh when it comes back in the meantime', () => {
    const busy = sync(withConnections(both, VIRTUAL, '10.244.0.2:8080', 3), one).state;
    const back = sync(busy, [[service()], [slice([1, 2])]]).state;
    expect(weights(back)).toEqual({ '10.244.0.1:8080': 1, '10.244.0.2:8080': 1 });
    expect(back.servers.get(VIRTUAL)!.realServers.get('10.244.0.2:8080')!.activeConnections).toBe(0);
    expect(weights(checkTerminating(back))).toEqual(weights(back));
  });

  test('has no grace under UDP', () => {
    const name = '10.96.0.50:80/UDP';
    const udp = withConnections(synced([[service({}, 'UDP')], [slice([1, 2], 'UDP')]]), name, '10.244.0.2:8080', 3);
    const after = sync(udp, [[service({}, 'UDP')], [slice([1], 'UDP')]]);
    expect(weights(after.state, name)).toEqual({ '10.244.0.1:8080': 1 });
    expect(after.conntrackCleanupRequired).toBe(true);
  });
});

test('the first sync after a start gives weight back to what a kube-proxy before left at 0', () => {
  const { servers } = synced([[service()], [slice([1])]]);
  const server = servers.get(VIRTUAL)!;
  const zero = new Map([...server.realServers].map(([real, each]) => [real, { ...each, weight: 0 }]));
  const left = new Map([[VIRTUAL, { ...server, realServers: zero }]]);
  const restarted = newIpvsProxier(config, undefined, left);
  expect(weights(sync(restarted, [[service()], [slice([1])]]).state)).toEqual({ '10.244.0.1:8080': 1 });
});

test('virtual servers that nobody wants go, but for those of excluded ranges and of the other family', () => {
  const foreign = (address: string): VirtualServer => ({
    ...synced([[service()], []]).servers.get(VIRTUAL)!,
    address: addressOf(address),
  });
  const servers = new Map([
    ['10.99.0.1:80/TCP', foreign('10.99.0.1')],
    ['10.98.0.1:80/TCP', foreign('10.98.0.1')],
    ['[fd00::1]:80/TCP', foreign('fd00::1')],
  ]);
  const given = { ...config, excludeCidrs: [cidrOf('10.99.0.0/16')] };
  const { state } = sync(newIpvsProxier(given, undefined, servers), [[], []], given);
  expect([...state.servers.keys()]).toEqual(['10.99.0.1:80/TCP', '[fd00::1]:80/TCP']);
});

describe('the dummy device', () => {
  const listed = (state: IpvsProxierState) => listedAddresses(state).map(formatAddress).sort();
  const spec = { externalIPs: ['10.10.12.4', '203.0.113.9'] };

  test('takes Service addresses, but for those that another interface has', () => {
    const state = synced([[service(spec)], []]);
    expect(listed(state)).toEqual(['10.96.0.50', '203.0.113.9']);
    expect([...state.servers.keys()]).toContain('10.10.12.4:80/TCP');
  });

  test('gives them up with the Service', () => {
    expect(listed(sync(synced([[service(spec)], []]), [[], []]).state)).toEqual([]);
  });
});

test('a sync with nothing new changes nothing', () => {
  const shown: Shown = [[service({ type: 'NodePort', externalIPs: ['203.0.113.9'] })], [slice([1, 2])]];
  const first = sync(newIpvsProxier(config), shown);
  const again = sync(first.state, shown);
  expect(again.updatedServices).toEqual([]);
  expect(again.restoreInput).toBe(first.restoreInput);
  expect(tablesText(again.state.tables)).toBe(tablesText(first.state.tables));
  expect(again.state.servers).toEqual(first.state.servers);
  expect(again.state.dummyAddresses).toEqual(first.state.dummyAddresses);
});

test('which Services come first does not matter', () => {
  const other: Service = { ...service({ clusterIP: '10.96.0.60' }), metadata: metadata('another') };
  const one = sync(newIpvsProxier(config), [[service(), other], []]);
  const two = sync(newIpvsProxier(config), [[other, service()], []]);
  expect(two.restoreInput).toBe(one.restoreInput);
  expect([...two.state.servers]).toEqual([...one.state.servers]);
});

describe('settings', () => {
  const nat = (given: IpvsConfig) =>
    sync(newIpvsProxier(given), [[service()], []], given).restoreInput.split('*filter')[0];
  const match = '-m set --match-set KUBE-CLUSTER-IP';

  test('what is masqueraded on its way to cluster IPs', () => {
    expect(nat(config)).toContain(`${match} dst,dst ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`);
    expect(nat({ ...config, masqueradeAll: true })).toContain(`${match} dst,dst -j KUBE-MARK-MASQ`);
    expect(nat({ ...config, localDetector: { mode: 'none' } })).toContain(`${match} src,dst -j KUBE-MARK-MASQ`);
  });

  test('the mark and random source ports', () => {
    expect(nat(config)).toContain('-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000\n');
    expect(nat(config)).toContain('-j MASQUERADE --random-fully\n');
    expect(nat({ ...config, randomFully: false })).toContain('requiring SNAT" -j MASQUERADE\n');
  });

  test('mh hashes the source port too', () => {
    const state = synced([[service()], []], { ...config, scheduler: 'mh' });
    expect(state.servers.get(VIRTUAL)).toMatchObject({ scheduler: 'mh', flags: SCHEDULER_HASHES_PORT });
  });

  test('IPv6 has sets of its own, their names cut to what ipset takes', () => {
    const ipv6 = defaultIpvsConfig('fd00:10::/64', 6);
    const { sets } = sync(newIpvsProxier(ipv6), [[], []], ipv6);
    const names = Object.values(sets).map(({ name }) => name);
    expect(names).toContain('KUBE-6-CLUSTER-IP');
    expect(names).toContain('KUBE-6-LOAD-BALANCER-SOURCE-CID');
    expect(new Set(names).size).toBe(17);
  });

  test('a load balancer with source ranges is closed to the node unless a range holds its address', () => {
    const balanced = (ranges: readonly string[]): Service => ({
      ...service({ type: 'LoadBalancer', loadBalancerSourceRanges: ranges }),
      status: { loadBalancer: { ingress: [{ ip: '20.1.2.3' }] } },
    });
    const filter = (ranges: readonly string[]) => sync(newIpvsProxier(config), [[balanced(ranges)], []]);
    const drop = '-A KUBE-IPVS-OUT-FILTER -s 20.1.2.3 -m ipvs --vaddr 20.1.2.3 --vproto tcp --vport 80 -j DROP';
    expect(filter(['198.51.100.0/24']).restoreInput).toContain(drop);
    const open = filter(['198.51.100.0/24', '10.10.12.0/24']);
    expect(open.restoreInput).not.toContain('-m ipvs');
    expect([...open.sets['KUBE-LOAD-BALANCER-SOURCE-IP'].entries.keys()]).toEqual(['20.1.2.3,tcp:80,20.1.2.3']);
  });
});
