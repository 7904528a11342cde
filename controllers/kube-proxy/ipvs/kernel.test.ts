/**
 * A kernel that is synced by what changed holds what kube-proxy's proxier, which goes through all Services at every sync and is
 * compared with recordings, leaves.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf, type EndpointSlice, type Service } from '../../../src/model/index.ts';
import { defaultIpvsConfig } from './config.ts';
import { IpvsKernel } from './kernel.ts';
import { newIpvsProxier, syncIpvsProxyRules } from './proxier.ts';
import { ipvsRuleset } from './ruleset.ts';

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

const made = (name: string, clusterIP: number): fc.Arbitrary<Made> =>
  fc.record({
    name: fc.constant(name),
    clusterIP: fc.constant(clusterIP),
    port: fc.constantFrom(80, 81),
    nodePort: fc.constantFrom(0, clusterIP),
    external: fc.boolean(),
    balanced: fc.boolean(),
    ranges: fc.boolean(),
    local: fc.boolean(),
    endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
  });

const step = fc
  .tuple(...[made('a', 1), made('b', 2), made('c', 3)].map((one) => fc.option(one, { freq: 4 })))
  .map((services) => services.filter((one) => one !== null));

/** Two Services on one external address: it stays bound for as long as one of them is there. */
const SHARED_ADDRESS: readonly (readonly Made[])[] = (() => {
  const one = { nodePort: 0, external: true, balanced: false, ranges: false, local: false, endpoints: [] };
  const [a, b] = [
    { ...one, name: 'a', clusterIP: 1, port: 81 },
    { ...one, name: 'b', clusterIP: 2, port: 80 },
  ];
  return [[a, b], [b], []];
})();

test('sync by sync', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let state = newIpvsProxier(CONFIG);
      const kernel = new IpvsKernel(CONFIG);
      for (const services of steps) {
        const objects = { services: services.map(serviceOf), slices: services.map(sliceOf) };
        const result = syncIpvsProxyRules(state, { ...objects, node: NODE, config: CONFIG });
        state = result.state;
        const ruleset = kernel.sync(state.tracker.services, NODE);
        expect(new Map(kernel.servers)).toEqual(state.servers);
        // The order in which the kernel's schedulers go through them.
        for (const [name, { realServers }] of state.servers)
          expect([...kernel.servers.get(name)!.realServers.keys()]).toEqual([...realServers.keys()]);
        expect(kernel.sets).toEqual(result.sets);
        expect(kernel.dummyAddresses).toEqual(state.dummyAddresses);
        const rules = ipvsRuleset(result.chains, 4);
        for (const table of ['nat', 'filter'] as const)
          expect(ruleset.table(table)!.chains()).toEqual(rules.table(table)!.chains());
      }
    }),
    { numRuns: 150, examples: [[SHARED_ADDRESS as Made[][]]] },
  );
});
