import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Chain,
  iptablesSave,
  type NodeFacts,
  type Rule,
  type ServiceEndpoint,
  type ServicePortRecord,
  ServiceTable,
} from '../../../src/dataplane/index.ts';
import {
  addressOf,
  cidrOf,
  contains,
  formatEndpoint,
  type ProtocolNumber,
  TCP,
  UDP,
} from '../../../src/model/index.ts';
import { holds } from '../../../test/support/seed.ts';
import { defaultKubeProxyConfig, type KubeProxyConfig } from '../config.ts';
import { kubeProxyRuleset } from './ruleset.ts';
import { isServiceChainName } from './service-chain.ts';

const ADDRESSES = ['10.96.0.1', '10.96.0.2', '20.0.0.1', '20.0.0.2'].map(addressOf);
const PORTS = [80, 30000, 31000];

const node: NodeFacts = { name: 'node1', addresses: [addressOf('10.0.0.4')], podCidrs: [], zone: 'a' };
const config = defaultKubeProxyConfig('10.244.0.0/16');

const endpoint: fc.Arbitrary<ServiceEndpoint> = fc
  .record({
    host: fc.integer({ min: 1, max: 5 }),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    nodeName: fc.constantFrom('node1', 'node2'),
    zoneHints: fc.option(fc.constantFrom(['a'], ['b']), { nil: undefined }),
  })
  .map(({ host, zoneHints, ...rest }) => {
    const address = addressOf(`10.244.0.${host}`);
    const base = { ...rest, address, port: 8080, text: formatEndpoint(address, 8080) };
    return zoneHints === undefined ? base : { ...base, zoneHints };
  });

const port: fc.Arbitrary<Omit<ServicePortRecord, 'name'>> = fc.record({
  protocol: fc.constantFrom(TCP, UDP),
  clusterIP: fc.constantFrom(...ADDRESSES.slice(0, 2)),
  port: fc.constantFrom(80, 30000),
  nodePort: fc.constantFrom(0, 30000, 31000),
  externalIPs: fc.subarray(ADDRESSES.slice(2)),
  loadBalancerVIPs: fc.subarray(ADDRESSES.slice(1)),
  loadBalancerSourceRanges: fc.constantFrom([], [cidrOf('10.0.0.0/24')], [cidrOf('1.0.0.0/8')]),
  affinitySeconds: fc.constantFrom(0, 60),
  externalPolicyLocal: fc.boolean(),
  internalPolicyLocal: fc.boolean(),
  healthCheckNodePort: fc.constantFrom(0, 31000),
  endpoints: fc.uniqueArray(endpoint, { maxLength: 5, selector: ({ text }) => text }),
});

const table = fc
  .array(port, { maxLength: 6 })
  .map((ports) =>
    ports.reduce(
      (services, each, i) => services.set(`ns/s${i}`, { key: `ns/s${i}`, ports: [{ ...each, name: `ns/s${i}:p` }] }),
      ServiceTable.EMPTY,
    ),
  );

const configs: fc.Arbitrary<KubeProxyConfig> = fc
  .record({ masqueradeAll: fc.boolean(), localhostNodePorts: fc.boolean(), detects: fc.boolean() })
  .map(({ detects, ...rest }) => ({
    ...config,
    ...rest,
    ...(detects ? {} : { localDetector: { mode: 'none' } as const }),
  }));

/** Whether a rule can match a packet to this destination, as far as the destination tells. */
function canMatch(rule: Rule, address: number, destinationPort: number, protocol: ProtocolNumber): boolean {
  return rule.matches.every((match) => {
    if (match.match === 'destination') return contains(match.cidr, address) !== match.inverted;
    if (match.match === 'protocol') return match.protocol === protocol;
    if (match.match === 'ports') return match.destination === undefined || match.destination[0] === destinationPort;
    return true;
  });
}

function allChains(services: ServiceTable, settings: KubeProxyConfig): readonly Chain[] {
  const ruleset = kubeProxyRuleset(services, node, settings);
  return [...(ruleset.table('nat')?.chains() ?? []), ...(ruleset.table('filter')?.chains() ?? [])];
}

test("a chain's candidates are, in their order, the rules that can match: the index agrees with the linear walk", () => {
  holds(
    fc.property(table, configs, (services, settings) => {
      for (const chain of allChains(services, settings)) {
        const { index, rules } = chain;
        if (index === undefined) continue;
        for (const address of [...ADDRESSES, addressOf('127.0.0.1'), addressOf('9.9.9.9')] as number[])
          for (const number of PORTS)
            for (const protocol of [TCP, UDP] as const) {
              const can = (rule: Rule) => canMatch(rule, address, number, protocol);
              const candidates = index.candidates(address, number, protocol);
              expect([...candidates, ...index.rest].filter(can)).toEqual(rules.filter(can));
              if (index.idle?.isAt(address) === true) expect(candidates).toEqual([]);
              expect(index.shared?.candidates(address, number, protocol) ?? candidates).toEqual(candidates);
            }
      }
    }),
  );
});

test('every jump leads to a chain of its table, and every chain of a service port is jumped to', () => {
  holds(
    fc.property(table, configs, (services, settings) => {
      const ruleset = kubeProxyRuleset(services, node, settings);
      for (const name of ['nat', 'filter'] as const) {
        const chains = ruleset.table(name)?.chains() ?? [];
        const targets = chains.flatMap(({ rules }) =>
          rules.flatMap(({ target }) => (target.target === 'jump' ? [target.chain] : [])),
        );
        for (const chain of targets) expect(ruleset.table(name)?.chain(chain.name)).toBe(chain);
        const reached = new Set(targets);
        const unreached = chains.filter((chain) => isServiceChainName(chain.name) && !reached.has(chain));
        expect(unreached).toEqual([]);
      }
    }),
  );
});

const aPort: ServicePortRecord = {
  name: 'ns/s:p',
  protocol: TCP,
  clusterIP: addressOf('10.96.0.1'),
  port: 80,
  nodePort: 0,
  externalIPs: [],
  loadBalancerVIPs: [],
  loadBalancerSourceRanges: [],
  affinitySeconds: 0,
  externalPolicyLocal: false,
  internalPolicyLocal: false,
  healthCheckNodePort: 0,
  endpoints: [1, 2].map((host) => {
    const address = addressOf(`10.244.0.${host}`);
    return { address, port: 80, text: formatEndpoint(address, 80), ready: true, serving: true, terminating: false };
  }),
};

function tableOf(...ports: ServicePortRecord[]): ServiceTable {
  return ServiceTable.EMPTY.set('ns/s', { key: 'ns/s', ports });
}

function chainNamed(services: ServiceTable, facts: NodeFacts, prefix: string): Chain | undefined {
  const chains = kubeProxyRuleset(services, facts, config).table('nat')?.chains() ?? [];
  return chains.find(({ name }) => name.startsWith(prefix));
}

test('nodes share the chains of a service port that is the same on all; a changed endpoint leaves those of the others', () => {
  const services = tableOf(aPort);
  const other = { ...node, name: 'node2' };
  expect(chainNamed(services, node, 'KUBE-SVC-')).toBe(chainNamed(services, other, 'KUBE-SVC-'));
  const [first, second] = aPort.endpoints;
  if (first === undefined || second === undefined) throw new Error('two endpoints');
  const changed = services.set('ns/s', {
    key: 'ns/s',
    ports: [{ ...aPort, endpoints: [first, { ...second, port: 81 }] }],
  });
  expect(chainNamed(changed, node, 'KUBE-SVC-')).not.toBe(chainNamed(services, node, 'KUBE-SVC-'));
  const firstOf = (of: ServiceTable) => chainNamed(of, node, 'KUBE-SVC-')?.rules[1]?.target;
  expect(firstOf(changed)).toEqual(firstOf(services));
  expect(kubeProxyRuleset(changed, node, config)).toBe(kubeProxyRuleset(changed, node, config));
});

test('above the threshold of a large cluster rules for endpoints lose their comments, others keep them', () => {
  const lines = (endpoints: number) => {
    const large = { ...config, largeClusterEndpointsThreshold: endpoints };
    return iptablesSave(kubeProxyRuleset(tableOf(aPort), node, large), ['nat']).split('\n');
  };
  const commented = (text: string[]) =>
    text.filter((line) => /^-A KUBE-(SVC|SEP)-/.test(line) && line.includes('comment'));
  expect(commented(lines(2))).toHaveLength(7);
  expect(commented(lines(1))).toEqual([expect.stringContaining('cluster IP')]);
});

test('a node CIDR detector marks what does not come from the node’s own pods', () => {
  const settings: KubeProxyConfig = { ...config, localDetector: { mode: 'NodeCIDR' } };
  const facts = { ...node, podCidrs: [cidrOf('10.244.3.0/24')] };
  const text = iptablesSave(kubeProxyRuleset(tableOf(aPort), facts, settings), ['nat']);
  expect(text).toContain('! -s 10.244.3.0/24 -d 10.96.0.1/32');
});
