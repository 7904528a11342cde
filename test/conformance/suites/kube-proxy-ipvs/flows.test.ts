/**
 * Where packets go with what kube-proxy sets in IPVS mode. No recording sends any, so each case names what decides it:
 * kubernetes pkg/proxy/ipvs/README.md, pkg/proxy/ipvs/proxier.go, and Linux' net/netfilter/ipvs.
 */
import { describe, expect, test } from 'vitest';
import {
  defaultIpvsConfig,
  type IpvsConfig,
  ipvsRuleset,
  listedAddresses,
  newIpvsProxier,
  syncIpvsProxyRules,
} from '../../../../controllers/kube-proxy/index.ts';
import { ListedIpvsState } from '../../../../src/dataplane/index.ts';
import {
  ACK,
  addressOf,
  type EndpointSlice,
  formatAddress,
  formatEndpoint,
  type Packet,
  type Service,
  SYN,
  TCP,
} from '../../../../src/model/index.ts';
import { commit, IpvsTable, type SoloWorld, send, soloWorld } from '../../../../src/packet/index.ts';

const NODE = '10.10.12.4';
const VIP = '10.96.0.50';
const BALANCER = '20.1.2.3';
const POD = '10.244.9.9';
const OUTSIDE = '198.51.100.7';
const dice = { below: () => 0, fraction: () => 0, split: () => dice };

const metadata = { name: 'web', namespace: 'ns', uid: '', resourceVersion: '1', creationTimestamp: '' };

function service(spec: Partial<Service['spec']>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      type: 'LoadBalancer',
      clusterIP: VIP,
      sessionAffinity: 'None',
      ports: [{ name: 'p', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
      ...spec,
    },
    status: { loadBalancer: { ingress: [{ ip: BALANCER }] } },
  };
}

/** Endpoints 10.244.0.N; those below 100 are on the node. */
function slice(hosts: readonly number[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: hosts.map((host) => ({
      addresses: [`10.244.0.${host}`],
      conditions: {},
      nodeName: host < 100 ? 'node1' : 'node2',
    })),
    ports: [{ name: 'p', port: 8080, protocol: 'TCP' }],
  };
}

function worldWith(hosts: readonly number[], spec: Partial<Service['spec']> = {}, more: Partial<IpvsConfig> = {}) {
  const config = { ...defaultIpvsConfig('10.244.0.0/16'), ...more };
  const node = { name: 'node1', addresses: [addressOf(NODE)], podCidrs: [] };
  const given = { services: [service(spec)], slices: [slice(hosts)], node, config };
  const { state, chains, sets } = syncIpvsProxyRules(newIpvsProxier(config), given);
  return soloWorld({
    name: 'node1',
    rules: [ipvsRuleset(chains, 4)],
    addresses: [addressOf(NODE), ...listedAddresses(state)],
    routeLocalnet: false,
    ipvs: new IpvsTable(new ListedIpvsState(4, state.servers, Object.values(sets), state.dummyAddresses)),
  });
}

let nextPort = 40_000;

function packet(source: string, destination: string, destinationPort: number, sourcePort = nextPort++): Packet {
  return {
    protocol: TCP,
    source: addressOf(source),
    sourcePort,
    destination: addressOf(destination),
    destinationPort,
    flags: SYN,
    ttl: 64,
  };
}

function sendFrom(world: SoloWorld, each: Packet, at = 0) {
  const from = world.node.isLocal(each.source) ? world.node : world.client;
  const walked = send(from, each, { at, dice });
  commit(walked);
  return walked;
}

/** `ENDPOINT from SOURCE`, or how it ended. */
function outcome(world: SoloWorld, source: string, destination: string, port: number, at = 0): string {
  const { verdict, seen } = sendFrom(world, packet(source, destination, port), at);
  if (verdict.verdict !== 'delivered') return verdict.verdict;
  return `${formatEndpoint(seen.destination, seen.destinationPort)} from ${formatAddress(seen.source)}`;
}

describe('one endpoint', () => {
  const cases: readonly (readonly [string, string, string, number, string])[] = [
    ['a pod reaches a cluster IP with its own address', POD, VIP, 80, `10.244.0.200:8080 from ${POD}`],
    ['what is not a pod is masqueraded', OUTSIDE, VIP, 80, `10.244.0.200:8080 from ${NODE}`],
    ['a node port is masqueraded', OUTSIDE, NODE, 30_080, `10.244.0.200:8080 from ${NODE}`],
    ['so is a load balancer', OUTSIDE, BALANCER, 80, `10.244.0.200:8080 from ${NODE}`],
    ['the node itself', NODE, VIP, 80, `10.244.0.200:8080 from ${NODE}`],
    ['another port of a VIP is refused, whatever listens on the node', OUTSIDE, VIP, 22, 'rejected'],
    ['a port of the node itself is not touched', OUTSIDE, NODE, 22, `${NODE}:22 from ${OUTSIDE}`],
  ];

  test.each(cases)('%s', (_, source, destination, port, expected) => {
    expect(outcome(worldWith([200]), source, destination, port)).toBe(expected);
  });
});

test('an endpoint that reaches itself through its Service sees the node', () => {
  expect(outcome(worldWith([5]), '10.244.0.5', VIP, 80)).toBe(`10.244.0.5:8080 from ${NODE}`);
});

test('external policy Local keeps the client and prefers the local endpoint', () => {
  const local = worldWith([5, 200], { externalTrafficPolicy: 'Local' });
  for (const [destination, port] of [[NODE, 30_080] as const, [BALANCER, 80] as const])
    expect(outcome(local, OUTSIDE, destination, port)).toBe(`10.244.0.5:8080 from ${OUTSIDE}`);
});

test('source ranges guard the load balancer, not the node port', () => {
  const guarded = worldWith([200], { loadBalancerSourceRanges: ['198.51.100.0/24'] });
  expect(outcome(guarded, OUTSIDE, BALANCER, 80)).toBe(`10.244.0.200:8080 from ${NODE}`);
  expect(outcome(guarded, '203.0.113.1', BALANCER, 80)).toBe('dropped');
  expect(outcome(guarded, '203.0.113.1', NODE, 30_080)).toBe(`10.244.0.200:8080 from ${NODE}`);
  // The kernel takes a VIP as the source of what the node sends to that VIP.
  expect(outcome(guarded, BALANCER, BALANCER, 80)).toBe('dropped');
});

test('without endpoints the sender is told', () => {
  const { verdict, answer } = sendFrom(worldWith([]), packet(OUTSIDE, VIP, 80));
  expect(verdict).toMatchObject({ verdict: 'rejected', with: 'icmp-port-unreachable' });
  expect(answer?.payload).toMatchObject({ kind: 'icmp-error', type: 'port-unreachable' });
});

test('rr gives each endpoint its turn', () => {
  const world = worldWith([201, 202, 203]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 30; i++) {
    const reached = outcome(world, OUTSIDE, VIP, 80);
    counts.set(reached, (counts.get(reached) ?? 0) + 1);
  }
  expect([...counts.values()]).toEqual([10, 10, 10]);
});

test('lc goes to whom has the fewest connections', () => {
  const world = worldWith([201, 202], {}, { scheduler: 'lc' });
  const first = outcome(world, OUTSIDE, VIP, 80);
  expect(outcome(world, OUTSIDE, VIP, 80)).not.toBe(first);
});

test('affinity keeps a client at its endpoint for the time it lasts', () => {
  const world = worldWith([201, 202, 203], { sessionAffinity: 'ClientIP' });
  const first = outcome(world, OUTSIDE, VIP, 80);
  for (let i = 0; i < 5; i++) expect(outcome(world, OUTSIDE, VIP, 80)).toBe(first);
  expect(outcome(world, '198.51.100.8', VIP, 80)).not.toBe(first);
  expect(outcome(world, OUTSIDE, VIP, 80, 3 * 10_800_000)).not.toBe(first);
});

test('a connection stays where it began, and its answers come from the address that was asked', () => {
  const world = worldWith([201, 202, 203]);
  const syn = packet(OUTSIDE, VIP, 80);
  const { seen } = sendFrom(world, syn);
  const answer: Packet = {
    ...seen,
    source: seen.destination,
    sourcePort: seen.destinationPort,
    destination: seen.source,
    destinationPort: seen.sourcePort,
    flags: SYN | ACK,
  };
  const back = sendFrom(world, answer);
  expect(back.verdict.verdict).toBe('delivered');
  expect(formatEndpoint(back.seen.source, back.seen.sourcePort)).toBe(`${VIP}:80`);
  expect(formatEndpoint(back.seen.destination, back.seen.destinationPort)).toBe(
    formatEndpoint(syn.source, syn.sourcePort),
  );
  const next = sendFrom(world, { ...syn, flags: ACK });
  expect(next.seen.destination).toBe(seen.destination);
  expect(next.seen.source).toBe(seen.source);
});
