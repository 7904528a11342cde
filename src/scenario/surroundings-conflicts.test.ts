import { expect, test } from 'vitest';
import { type AzureSurroundings, NOTHING_AROUND } from '../model/index.ts';
import { conflictFindings } from './surroundings-conflicts.ts';

type Part<K extends keyof AzureSurroundings> = AzureSurroundings[K] extends readonly (infer T)[] ? T : never;

const group = (name: string, subnet: string): Part<'networkSecurityGroups'> => {
  return { name, subnets: [subnet], securityRules: [] };
};
const table = (name: string, ...prefixes: string[]): Part<'routeTables'> => {
  const routes = prefixes.map((addressPrefix, i) => ({
    name: `r${i}`,
    addressPrefix,
    nextHopType: 'Internet' as const,
  }));
  return { name, subnets: [], routes };
};
const machine = (name: string, subnet: string, publicIPAddress?: string): Part<'virtualMachines'> => {
  const own = { name, subnet, privateIPAddress: '10.20.1.7' };
  return publicIPAddress === undefined ? own : { ...own, publicIPAddress };
};
const gateway = (name: string, address: string): Part<'natGateways'> => {
  return { name, subnets: [name], publicIpAddresses: [address] };
};

test.each<[Partial<AzureSurroundings>, string]>([
  [{ networkSecurityGroups: [group('a', 'x'), group('A', 'y')] }, 'a network security group named A is there already'],
  [
    { networkSecurityGroups: [group('a', 'x'), group('b', 'aks-vnet/x')] },
    'subnet aks-vnet/x has network security group a already',
  ],
  [{ routeTables: [table('a'), table('a')] }, 'a route table named a is there already'],
  [{ routeTables: [table('a', '10.0.0.0/8', '10.0.0.0/8')] }, "10.0.0.0/8 is route r0's already (RouteConflict)"],
  [
    { routeTables: [table('a', ...Array.from({ length: 401 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`))] },
    '401 routes are more than the 400 of a table (RoutesPerRouteTableLimitReached)',
  ],
  [{ virtualMachines: [machine('a', 'x'), machine('b', 'aks-vnet/y')] }, "10.20.1.7 is machine a's already"],
  [
    { virtualMachines: [machine('a', 'x', '20.0.0.1')], natGateways: [gateway('n', '20.0.0.1')] },
    "20.0.0.1 is machine a's already",
  ],
])('%j', (azure, sentence) => {
  expect(conflictFindings({ ...NOTHING_AROUND, ...azure }).map(({ message }) => message)).toEqual([sentence]);
});

test('networks that are apart may have the same addresses', () => {
  const virtualMachines = [machine('a', 'x'), machine('b', 'other/x')];
  expect(conflictFindings({ ...NOTHING_AROUND, virtualMachines })).toEqual([]);
});
