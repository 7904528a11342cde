/**
 * kubenet's routes: whatever nodes, users, Azure and the provider's deaths did, in the end the table holds one route for each
 * node's range, and what users put there for themselves.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Emulator } from '../../src/emulator/index.ts';
import type { azure } from '../../src/model/index.ts';
import { aCluster, NOTHING_AROUND } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';

const RUNS = 25;
const TABLE = 'aks-agentpool-routetable';
const USERS_ROUTE = { name: 'own', properties: { addressPrefix: '192.168.0.0/16', nextHopType: 'None' } } as const;

type Deed =
  | { readonly deed: 'nodes'; readonly count: number }
  | { readonly deed: 'again'; readonly node: string }
  | { readonly deed: 'lost'; readonly node: string }
  | { readonly deed: 'moved'; readonly node: string }
  | { readonly deed: 'stranger'; readonly addressPrefix: string }
  | { readonly deed: 'crash'; readonly intents: number }
  | { readonly deed: 'throttle' }
  | { readonly deed: 'fail' }
  | { readonly deed: 'wait'; readonly ms: number };

const node = fc.constantFrom('node1', 'node2', 'node3');
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ deed: fc.constant('nodes' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ deed: fc.constant('again' as const), node }),
  { weight: 2, arbitrary: fc.record({ deed: fc.constant('lost' as const), node }) },
  fc.record({ deed: fc.constant('moved' as const), node }),
  fc.record({
    deed: fc.constant('stranger' as const),
    addressPrefix: fc.constantFrom('10.244.88.0/24', '10.244.0.0/25'),
  }),
  fc.record({ deed: fc.constant('crash' as const), intents: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ deed: fc.constant('throttle' as const) }),
  fc.record({ deed: fc.constant('fail' as const) }),
  { weight: 3, arbitrary: fc.record({ deed: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

function routesIn(emulator: Emulator): readonly azure.Route[] {
  return emulator.cloud?.named('route-table', TABLE)?.properties.routes ?? [];
}

/** Somebody writes a route, or deletes one, where that can be. */
function byHand(emulator: Emulator, name: string, properties?: azure.Route['properties']): void {
  if (properties === undefined && !routesIn(emulator).some((route) => route.name === name)) return;
  if (routesIn(emulator).some((route) => route.properties.addressPrefix === properties?.addressPrefix)) return;
  if (emulator.cloud?.named('route-table', TABLE)?.properties.provisioningState === 'Updating') return;
  const path = { kind: 'route-table', name: TABLE, part: { collection: 'routes', name } } as const;
  emulator.cloud?.change({ path, body: properties && { properties } });
}

function act(emulator: Emulator, one: Deed): void {
  switch (one.deed) {
    case 'nodes':
      emulator.scaleNodePool('nodepool1', one.count);
      return;
    case 'again':
      if (emulator.get('Node', one.node) !== undefined) emulator.operate({ do: 'replace', node: one.node });
      return;
    case 'lost':
      byHand(emulator, one.node);
      return;
    case 'moved':
      byHand(emulator, one.node, { addressPrefix: '10.244.77.0/24', nextHopType: 'None' });
      return;
    case 'stranger':
      byHand(emulator, 'stranger', { addressPrefix: one.addressPrefix, nextHopType: 'None' });
      return;
    case 'crash':
      emulator.inject({ fault: 'crash-after', program: 'cloud-controller-manager', intents: one.intents });
      return;
    case 'throttle':
      emulator.inject({ fault: 'cloud-throttled', forMs: 70_000 });
      return;
    case 'fail':
      emulator.inject({ fault: 'cloud-fails', times: 1 });
      return;
    case 'wait':
      emulator.advance(one.ms);
      return;
    default:
      one satisfies never;
  }
}

const routeText = ({ name, properties }: azure.Route) =>
  `${name} ${properties.addressPrefix} ${properties.nextHopType} ${properties.nextHopIpAddress ?? ''}`;

it('the route table comes to hold one route for each node, and the user’s', () => {
  holds(
    fc.property(fc.array(deed, { minLength: 2, maxLength: 10 }), (deeds) => {
      const settings = aCluster({ nodes: 2, systemPods: false });
      const { networkPluginMode: _, ...profile } = settings.networkProfile;
      const networkProfile = { ...profile, networkPlugin: 'kubenet' } as const;
      const emulator = new Emulator({ ...settings, networkProfile, azure: NOTHING_AROUND }, { seed: 1 });
      emulator.boot();
      byHand(emulator, USERS_ROUTE.name, USERS_ROUTE.properties);
      emulator.settle();
      for (const one of deeds) act(emulator, one);
      emulator.inject({ fault: 'cloud-fails', times: 0 });
      emulator.advance(900_000);
      const wanted = emulator.list('Node').map(({ metadata, spec, status }) => {
        const address = status.addresses?.find(({ type }) => type === 'InternalIP')?.address;
        return `${metadata.name} ${spec.podCIDR} VirtualAppliance ${address}`;
      });
      expect(routesIn(emulator).map(routeText).sort()).toEqual([...wanted, routeText(USERS_ROUTE)].sort());
      for (const { status } of emulator.list('Node')) {
        const told = status.conditions?.find(({ type }) => type === 'NetworkUnavailable');
        expect(told).toMatchObject({ status: 'False', reason: 'RouteCreated' });
      }
    }),
    { numRuns: RUNS },
  );
});
