/** kubenet's routes as the running cluster keeps them. */
import { expect, test } from 'vitest';
import { aLargeCluster, NOTHING_AROUND } from '../../../test/support/cluster.ts';
import {
  type AzureSurroundings,
  addressOf,
  type azure,
  type ClusterSettings,
  findCondition,
} from '../../model/index.ts';
import { Emulator } from '../emulator.ts';

const TABLE = 'aks-agentpool-routetable';
const USERS = 'to-firewall';

function aKubenetCluster(nodes: number, routeTables: AzureSurroundings['routeTables'] = []): Emulator {
  const settings: ClusterSettings = aLargeCluster(nodes);
  const { networkPluginMode: _, ...profile } = settings.networkProfile;
  const networkProfile = { ...profile, networkPlugin: 'kubenet' } as const;
  const azureAround = { ...NOTHING_AROUND, routeTables };
  const emulator = new Emulator({ ...settings, networkProfile, systemPods: false, azure: azureAround }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  return emulator;
}

function routesIn(emulator: Emulator, table = TABLE): readonly string[] {
  const routes = emulator.cloud?.named('route-table', table)?.properties.routes ?? [];
  return routes.map(({ name, properties }) => `${name} ${properties.addressPrefix} ${properties.nextHopIpAddress}`);
}

function wantedRoutes(emulator: Emulator): readonly string[] {
  return emulator.list('Node').map(({ metadata, spec, status }) => {
    const address = status.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    return `${metadata.name} ${spec.podCIDR} ${address}`;
  });
}

function byHand(emulator: Emulator, name: string, properties: azure.Route['properties'] | undefined): void {
  const path = { kind: 'route-table', name: TABLE, part: { collection: 'routes', name } } as const;
  emulator.cloud?.change({ path, body: properties && { properties } });
}

function reasonOf(emulator: Emulator, node: string): string | undefined {
  return findCondition(emulator.get('Node', node)?.status.conditions, 'NetworkUnavailable')?.reason;
}

test.each([2, 40])('of %i nodes, each has a route; one more or less is one write', (nodes) => {
  const emulator = aKubenetCluster(nodes);
  const writes = () => emulator.cloud?.operations.calls.get('PUT route-table');
  expect(routesIn(emulator)).toEqual(expect.arrayContaining([...wantedRoutes(emulator)]));
  expect(writes()).toBe(1);
  emulator.scaleNodePool('nodepool1', nodes + 1);
  emulator.settle();
  expect(routesIn(emulator)).toHaveLength(nodes + 1);
  emulator.scaleNodePool('nodepool1', nodes);
  emulator.settle();
  expect([...routesIn(emulator)].sort()).toEqual([...wantedRoutes(emulator)].sort());
  expect(writes()).toBe(3);
});

test('a deleted route comes back, one that nobody has goes, and the user’s own stay', () => {
  const emulator = aKubenetCluster(2);
  byHand(emulator, 'node2', undefined);
  byHand(emulator, 'stranger', { addressPrefix: '10.128.200.0/24', nextHopType: 'None' });
  byHand(emulator, 'everything', { addressPrefix: '0.0.0.0/0', nextHopType: 'None' });
  emulator.advance(180_000);
  expect(routesIn(emulator).map((text) => text.split(' ')[0])).toEqual(['node1', 'everything', 'node2']);
});

test('a route that leads a node’s range elsewhere is left', () => {
  const emulator = aKubenetCluster(2);
  const addressPrefix = emulator.get('Node', 'node2')!.spec.podCIDR!;
  byHand(emulator, 'node2', { addressPrefix, nextHopType: 'VirtualAppliance', nextHopIpAddress: '10.16.0.4' });
  emulator.advance(600_000);
  expect(routesIn(emulator)).toContain(`node2 ${addressPrefix} 10.16.0.4`);
});

test('in a table of the user’s that is full a new node gets no route, and is told', () => {
  const routes = Array.from({ length: 399 }, (_, i) => {
    return { name: `own-${i}`, addressPrefix: `172.16.${i >> 1}.${(i & 1) * 128}/25`, nextHopType: 'None' } as const;
  });
  const emulator = aKubenetCluster(1, [{ name: USERS, subnets: ['aks'], routes }]);
  expect(reasonOf(emulator, 'node1')).toBe('RouteCreated');
  emulator.scaleNodePool('nodepool1', 2);
  emulator.advance(120_000);
  expect(reasonOf(emulator, 'node1')).toBe('RouteCreated');
  expect(reasonOf(emulator, 'node2')).toBe('NoRouteCreated');
  expect(routesIn(emulator, USERS)).toHaveLength(400);
  const told = emulator.list('Event').filter(({ reason }) => reason === 'FailedToCreateRoute');
  expect(told[0]?.message).toContain('RoutesPerRouteTableLimitReached');
  emulator.cloud?.change({
    path: { kind: 'route-table', name: USERS, part: { collection: 'routes', name: 'own-0' } },
    body: undefined,
  });
  emulator.advance(300_000);
  expect(reasonOf(emulator, 'node2')).toBe('RouteCreated');
});

test('Azure is not asked again before the time that it says', () => {
  const emulator = aKubenetCluster(2);
  const writes = () => emulator.cloud?.operations.calls.get('PUT route-table');
  emulator.inject({ fault: 'cloud-throttled', forMs: 150_000 });
  emulator.scaleNodePool('nodepool1', 3);
  emulator.advance(140_000);
  expect([writes(), reasonOf(emulator, 'node3')]).toEqual([2, 'NoRouteCreated']);
  emulator.advance(120_000);
  expect([writes(), reasonOf(emulator, 'node3')]).toEqual([3, 'RouteCreated']);
});

test.each([1, 2, 3])('a provider that dies after %i writes goes on where it was', (intents) => {
  const emulator = aKubenetCluster(3);
  emulator.scaleNodePool('nodepool1', 4);
  emulator.inject({ fault: 'crash-after', program: 'cloud-controller-manager', intents });
  emulator.advance(20_000);
  emulator.scaleNodePool('nodepool1', 2);
  emulator.advance(600_000);
  expect([...routesIn(emulator)].sort()).toEqual([...wantedRoutes(emulator)].sort());
});

test('what Network Watcher shows of it', () => {
  const emulator = aKubenetCluster(2);
  const id = emulator.cloud?.named('route-table', TABLE)?.id;
  const [, second] = emulator.list('Node');
  const address = second!.status.addresses![0]!.address;
  const inRange = addressOf(second!.spec.podCIDR!.replace('.0/24', '.9'));
  expect(emulator.networkWatcher?.nextHop('node1', inRange)).toEqual({
    nextHopType: 'VirtualAppliance',
    nextHopIpAddress: address,
    routeTableId: id,
  });
  const names = emulator.networkWatcher?.effectiveRoutes('node1')?.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node1', 'node2']));
});
