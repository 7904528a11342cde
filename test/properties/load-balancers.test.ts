/**
 * Whatever the order of events, and whenever the cloud provider dies: what Azure holds in the end is a function of the
 * Services and nodes.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Emulator } from '../../src/emulator/index.ts';
import { azure, type LoadBalancerProfile, type Node } from '../../src/model/index.ts';
import { aCluster, aService, NOTHING_AROUND } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';

const RUNS = 15;
const NAMES = ['a', 'b', 'c'] as const;
const RANGES = [undefined, ['192.0.2.0/24'], ['198.51.100.0/25', '198.51.100.128/25'], ['not a range']] as const;

interface Wish {
  readonly name: string;
  readonly ports: readonly number[];
  readonly ranges: number;
  readonly internal: boolean;
}

const wish: fc.Arbitrary<Wish> = fc.record({
  name: fc.constantFrom(...NAMES),
  ports: fc.uniqueArray(fc.constantFrom(53, 80, 443), { minLength: 1 }),
  ranges: fc.nat(RANGES.length - 2),
  internal: fc.boolean(),
});

type Deed =
  | { readonly deed: 'apply'; readonly wish: Wish }
  | { readonly deed: 'delete'; readonly name: string }
  | { readonly deed: 'nodes'; readonly count: number }
  | { readonly deed: 'exclude'; readonly node: string }
  | { readonly deed: 'crash'; readonly intents: number }
  | { readonly deed: 'fail' }
  | { readonly deed: 'wait'; readonly ms: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ deed: fc.constant('apply' as const), wish }) },
  fc.record({ deed: fc.constant('delete' as const), name: fc.constantFrom(...NAMES) }),
  fc.record({ deed: fc.constant('nodes' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ deed: fc.constant('exclude' as const), node: fc.constantFrom('node1', 'node2') }),
  fc.record({ deed: fc.constant('crash' as const), intents: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ deed: fc.constant('fail' as const) }),
  fc.record({ deed: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9000 }) }),
);

function manifestOf({ name, ports, ranges, internal }: Wish): object {
  const spec = { type: 'LoadBalancer', ports: ports.map((port) => ({ name: `p${port}`, port })) };
  const service = aService(name, { ...spec, loadBalancerSourceRanges: RANGES[ranges] ?? [] });
  const annotations = internal ? { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' } : {};
  return { ...service, metadata: { name, namespace: 'default', annotations } };
}

function act(emulator: Emulator, act: Deed): void {
  switch (act.deed) {
    case 'apply':
      emulator.apply([manifestOf(act.wish)]);
      return;
    case 'delete':
      emulator.remove('Service', `default/${act.name}`);
      return;
    case 'nodes':
      emulator.scaleNodePool('nodepool1', act.count);
      return;
    case 'exclude':
      emulator.patch('Node', act.node, {
        metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
      });
      return;
    case 'crash':
      emulator.inject({ fault: 'crash-after', program: 'cloud-controller-manager', intents: act.intents });
      return;
    case 'fail':
      emulator.inject({ fault: 'cloud-fails', times: 1 });
      return;
    case 'wait':
      emulator.advance(act.ms);
      return;
    default:
      act satisfies never;
  }
}

/** Long enough for every backoff to have ended. */
function comeToRest(emulator: Emulator): void {
  emulator.inject({ fault: 'cloud-fails', times: 0 });
  for (let i = 0; i < 3; i++) {
    emulator.advance(400_000);
    emulator.settle();
  }
}

function balancers(emulator: Emulator): readonly azure.LoadBalancer[] {
  return emulator.cloud!.arm.list('lb');
}

/** By address: a member keeps the name of the node that had its address first, as the real controller leaves it. */
function listedMembers({ properties }: azure.LoadBalancer): readonly string[] {
  const pool = properties.backendAddressPools?.find(({ name }) => name === 'kubernetes');
  return (pool?.properties.loadBalancerBackendAddresses ?? [])
    .map((member) => member.properties.ipAddress ?? '')
    .sort();
}

function addressesOf({ status }: Node): readonly string[] {
  return (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
}

function rulesOf({ properties }: azure.LoadBalancer): number {
  return properties.loadBalancingRules?.length ?? 0;
}

function poolMembers(emulator: Emulator, balancer: azure.LoadBalancer): readonly string[] {
  const id = azure.subResourceId(balancer.id, 'backendAddressPools', 'kubernetes');
  const nics = emulator.cloud!.arm.list('nic').filter(({ properties }) => {
    return properties.ipConfigurations[0]!.properties.loadBalancerBackendAddressPools?.some((pool) =>
      azure.sameId(pool.id, id),
    );
  });
  return nics.map(({ name }) => name).sort();
}

type PoolType = NonNullable<LoadBalancerProfile['backendPoolType']>;

function newEmulator(backendPoolType: PoolType, seed: number): Emulator {
  const settings = aCluster({ nodes: 2, systemPods: false });
  const networkProfile = { ...settings.networkProfile, loadBalancerProfile: { backendPoolType } };
  const emulator = new Emulator({ ...settings, networkProfile, azure: NOTHING_AROUND }, { seed });
  emulator.boot();
  emulator.settle();
  return emulator;
}

it.each(['NodeIPConfiguration', 'NodeIP'] as const)(
  'pools (%s) hold the eligible nodes, every part has an owner, and rules are those of the Services',
  (type) => {
    holds(
      fc.property(fc.array(deed, { minLength: 3, maxLength: 12 }), (deeds) => {
        const emulator = newEmulator(type, 1);
        for (const one of deeds) act(emulator, one);
        comeToRest(emulator);
        const services = emulator.list('Service', 'default').filter(({ spec }) => spec.type === 'LoadBalancer');
        const eligible = emulator.list('Node').filter(({ metadata }) => {
          return !('node.kubernetes.io/exclude-from-external-load-balancers' in (metadata.labels ?? {}));
        });
        const nodes = eligible.map(({ metadata }) => metadata.name).sort();
        for (const balancer of balancers(emulator)) {
          if (balancer.properties.backendAddressPools?.some(({ name }) => name === 'kubernetes') !== true) continue;
          if (type === 'NodeIPConfiguration') expect(poolMembers(emulator, balancer)).toEqual(nodes);
          // A pool of addresses is filled for a Service, in a write of its own, and never emptied.
          else if (nodes.length > 0 && rulesOf(balancer) > 0) {
            expect(listedMembers(balancer)).toEqual(eligible.flatMap(addressesOf).sort());
          }
        }
        expect(
          orphans(
            emulator,
            services.map(({ metadata }) => metadata.uid),
          ),
        ).toEqual([]);
        expect(services.every(({ status }) => status.loadBalancer.ingress?.length === 1)).toBe(true);
        const fresh = newEmulator(type, 2);
        for (const service of services) fresh.apply([{ ...service, metadata: bare(service.metadata), status: {} }]);
        comeToRest(fresh);
        expect(accessByService(emulator)).toEqual(accessByService(fresh));
      }),
      { numRuns: RUNS },
    );
  },
);

function bare({ name, namespace, annotations = {} }: { name: string; namespace?: string; annotations?: object }) {
  return { name, namespace, annotations };
}

/** Rules, probes and frontends that belong to no Service. */
function orphans(emulator: Emulator, uids: readonly string[]): readonly string[] {
  const prefixes = uids.map((uid) => `a${uid}`.replaceAll('-', '').slice(0, 32));
  const names = balancers(emulator).flatMap(({ properties }) => [
    ...(properties.loadBalancingRules ?? []).map(({ name }) => name),
    ...(properties.probes ?? []).map(({ name }) => name),
    ...(properties.frontendIPConfigurations ?? []).map(({ name }) => name),
  ]);
  return names.filter((name) => !name.startsWith('aks-') && !prefixes.some((prefix) => name.startsWith(prefix)));
}

/** Who is let in where, by the Service's name: addresses differ from run to run, what is allowed must not. */
function accessByService(emulator: Emulator): readonly string[] {
  const group = emulator.cloud!.named('nsg', 'aks-agentpool-nsg')!;
  const services = new Map(
    emulator.list('Service', 'default').flatMap(({ metadata, status }) => {
      return (status.loadBalancer.ingress ?? []).map(({ ip }) => [ip ?? '', metadata.name] as const);
    }),
  );
  const lines = (group.properties.securityRules ?? []).flatMap(({ name, properties }) => {
    const { destinationAddressPrefix: one, destinationAddressPrefixes: many = [] } = properties;
    const destinations = one === undefined ? many : [one, ...many];
    return destinations.map((address) => `${name} to ${services.get(address) ?? `nobody at ${address}`}`);
  });
  return lines.sort();
}
