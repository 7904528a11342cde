/**
 * A kernel that is synced by what changed holds what kube-proxy's proxier, which goes through all Services at every sync and is
 * compared with recordings, leaves.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type IpvsState,
  ListedIpvsState,
  type NodeFacts,
  type ServiceTable,
  type VirtualServers,
} from '../../../src/dataplane/index.ts';
import { addressOf, type EndpointSlice, type Service, TCP } from '../../../src/model/index.ts';
import { holds } from '../../../test/support/seed.ts';
import { defaultIpvsConfig } from './config.ts';
import { IpvsKernel } from './kernel.ts';
import { ipvsNode } from './node.ts';
import { gather, newIpvsProxier, syncIpvsProxyRules } from './proxier.ts';
import { ipvsRuleset } from './ruleset.ts';
import { setNames } from './sets.ts';
import { NO_SERVERS, ServersWork } from './virtual-servers.ts';

const CONFIG = defaultIpvsConfig('10.244.0.0/16');
const NODE = { name: 'node1', addresses: [addressOf('10.10.12.4')], podCidrs: [] };
const metadata = { namespace: 'ns', uid: '', resourceVersion: '1', creationTimestamp: '' };

interface Made {
  readonly name: string;
  readonly clusterIP: number;
  readonly port: number;
  readonly nodePort: number;
  readonly external: boolean;
  readonly balanced: boolean;
  readonly ranges: boolean;
  readonly local: boolean;
  /** the last octets of the endpoints' addresses: odd ones are on the node */
  readonly endpoints: readonly number[];
}

function serviceOf({ name, clusterIP, port, nodePort, external, balanced, ranges, local }: Made): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, name },
    spec: {
      type: 'LoadBalancer',
      clusterIP: `10.96.0.${clusterIP}`,
      sessionAffinity: 'None',
      ports: [{ port, protocol: 'TCP', targetPort: 8080, ...(nodePort === 0 ? {} : { nodePort: 30_000 + nodePort }) }],
      externalTrafficPolicy: local ? 'Local' : 'Cluster',
      // Two Services may ask for one external address: whichever has the same port fights for it.
      externalIPs: external ? ['203.0.113.9'] : [],
      loadBalancerSourceRanges: ranges ? ['198.51.100.0/24'] : [],
    },
    status: { loadBalancer: balanced ? { ingress: [{ ip: `20.0.0.${clusterIP}`, ipMode: 'VIP' }] } : {} },
  };
}

function sliceOf({ name, endpoints }: Made): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: endpoints.map((octet) => ({
      addresses: [`10.244.0.${octet}`],
      conditions: {},
      nodeName: octet % 2 === 1 ? 'node1' : 'node2',
    })),
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  };
}

const made = (name: string, clusterIP: number, external: fc.Arbitrary<boolean>): fc.Arbitrary<Made> =>
  fc.record({
    name: fc.constant(name),
    clusterIP: fc.constant(clusterIP),
    port: fc.constantFrom(80, 81),
    nodePort: fc.constantFrom(0, clusterIP),
    external,
    balanced: fc.boolean(),
    ranges: fc.boolean(),
    local: fc.boolean(),
    endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
  });

/** The Services at one time; `others`: whether all three may ask for one external address, or only the first */
function stepOf(others: fc.Arbitrary<boolean>) {
  const services = [made('a', 1, fc.boolean()), made('b', 2, others), made('c', 3, others)];
  return fc
    .tuple(...services.map((one) => fc.option(one, { freq: 4 })))
    .map((some) => some.filter((one) => one !== null));
}

/** Two Services on one external address: it stays bound for as long as one of them is there. */
const SHARED_ADDRESS: readonly (readonly Made[])[] = (() => {
  const one = { nodePort: 0, external: true, balanced: false, ranges: false, local: false, endpoints: [] };
  const [a, b] = [
    { ...one, name: 'a', clusterIP: 1, port: 81 },
    { ...one, name: 'b', clusterIP: 2, port: 80 },
  ];
  return [[a, b], [b], []];
})();

/** Where packets may ask: every address and port of the Services above, of nodes, of endpoints, and some of nobody. */
const ADDRESSES = [
  ...['10.96.0.1', '10.96.0.2', '10.96.0.3', '20.0.0.1', '20.0.0.2', '20.0.0.3', '203.0.113.9', '192.0.2.1'],
  ...['10.10.12.4', '10.10.12.5', '10.244.0.1', '10.244.0.2', '10.244.0.3', '198.51.100.7'],
].map(addressOf);
const PORTS = [80, 81, 8080, 30_001, 30_002, 30_003, 9];

/** All that a packet can find out. */
function answersOf(state: IpvsState) {
  const bound = ADDRESSES.map((address) => state.hasBound(address));
  const names = Object.values(setNames(4)).filter(({ type }) => type !== 'hash:ip' && type !== 'hash:ip,port');
  const at = ADDRESSES.flatMap((address) =>
    PORTS.map((port) => {
      const server = state.server(address, port, TCP);
      const sets = state.setsAt(address, port, TCP);
      const others = [address, addressOf('198.51.100.7')];
      const held = names.filter((set) => others.some((other) => state.holds(set, address, port, TCP, other)));
      const real = server && [...server.realServers.values()].map((each) => [each.address, each.weight]);
      return [address, port, sets, held.map(({ name }) => name), real];
    }),
  );
  return { bound, at };
}

test('sync by sync', () => {
  holds(
    fc.property(fc.array(stepOf(fc.boolean()), { minLength: 1, maxLength: 12 }), (steps) => {
      let state = newIpvsProxier(CONFIG);
      const kernel = new IpvsKernel(CONFIG);
      for (const services of steps) {
        const objects = { services: services.map(serviceOf), slices: services.map(sliceOf) };
        const result = syncIpvsProxyRules(state, { ...objects, node: NODE, config: CONFIG });
        state = result.state;
        const ruleset = kernel.sync(state.tracker.services, NODE);
        expect(ordered(kernel.servers)).toEqual(ordered(state.servers));
        expect(kernel.dummyAddresses).toEqual(state.dummyAddresses);
        const listed = new ListedIpvsState(4, state.servers, Object.values(result.sets), state.dummyAddresses);
        expect(answersOf(kernel)).toEqual(answersOf(listed));
        const rules = ipvsRuleset(result.chains, 4);
        for (const table of ['nat', 'filter'] as const)
          expect(ruleset.table(table)!.chains()).toEqual(rules.table(table)!.chains());
      }
    }),
    { numRuns: 60, examples: [[SHARED_ADDRESS as Made[][]]] },
  );
});

/** Virtual servers with their real servers in order. */
function ordered(servers: VirtualServers) {
  const entries = [...servers].sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, server]) => [name, { ...server, realServers: [...server.realServers] }]);
}

/**
 * A node's sync: of which step, whether it looks before at the real servers that wait to go, the last octets of the endpoints
 * that have connections then, and whether the node has another address from then on.
 */
const synced = fc.record({
  step: fc.nat({ max: 11 }),
  looks: fc.boolean(),
  busy: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
  moves: fc.boolean(),
});

/** kube-proxy as it is written: every sync goes through all Services. */
class FullSyncs {
  readonly #work = new ServersWork(NO_SERVERS, (_, real) => this.connections(real));
  busy: readonly number[] = [];

  connections(real: string): number {
    return this.busy.some((octet) => real.startsWith(`10.244.0.${octet}:`)) ? 1 : 0;
  }

  sync(services: ServiceTable, facts: NodeFacts) {
    const { servers } = gather(services.ports(4), ipvsNode(facts, CONFIG), CONFIG);
    this.#work.deleteOthers(new Set(servers.map((server) => this.#work.ensure(server, false))), CONFIG);
    return this.#work.state();
  }

  look(): void {
    this.#work.checkTerminating();
  }
}

function factsOf(node: number, address: number): NodeFacts {
  return { name: `node${node + 1}`, addresses: [addressOf(`10.10.12.${address}`)], podCidrs: [] };
}

test('each node comes to what it would have come to alone, whatever connections it has and whatever syncs it skips', () => {
  const nodes = fc.tuple(...[0, 1, 2].map(() => fc.array(synced, { maxLength: 6 })));
  holds(
    fc.property(fc.array(stepOf(fc.constant(false)), { minLength: 1, maxLength: 12 }), nodes, (steps, plans) => {
      const config = { ...CONFIG };
      let tracker = newIpvsProxier(config).tracker;
      const tables = steps.map((services) => {
        const change = { services: services.map(serviceOf), slices: services.map(sliceOf) };
        tracker = tracker.update(change).tracker;
        return tracker.services;
      });
      const kernels = plans.map(() => {
        const alone = new FullSyncs();
        const kernel = new IpvsKernel(config, (_, real) => alone.connections(real));
        return { alone, kernel, facts: undefined as NodeFacts | undefined, address: 3 };
      });
      const visits = plans.flatMap((plan, node) => plan.map((visit) => ({ ...visit, node })));
      for (const visit of visits.sort((a, b) => a.step - b.step)) {
        const services = tables[visit.step];
        if (services === undefined) continue;
        const each = kernels[visit.node]!;
        each.alone.busy = visit.busy;
        if (visit.looks) {
          each.alone.look();
          each.kernel.checkTerminating();
        }
        if (visit.moves || each.facts === undefined) each.facts = factsOf(visit.node, ++each.address);
        const { servers, terminating } = each.alone.sync(services, each.facts);
        each.kernel.sync(services, each.facts);
        expect(ordered(each.kernel.servers)).toEqual(ordered(servers));
        expect(new Map(each.kernel.terminating)).toEqual(new Map(terminating));
      }
    }),
    { numRuns: 300 },
  );
});
