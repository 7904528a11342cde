import { describe, expect, it } from 'vitest';
import { runCommand } from '../../test/support/command.ts';

const told = async (...args: string[]) => JSON.parse((await runCommand(args)).stdout);

const NSG = 'scenarios/nsg-deny-wins.yaml';
const PEERED = 'scenarios/peering-not-transitive.yaml';

describe('Network Watcher', () => {
  const ends = ['--local', '10.10.13.5:5432', '--remote', '10.10.12.4:40000'];

  it('names the rule that lets a flow through or not', async () => {
    const flow = ['--vm', 'database', '--direction', 'Inbound', ...ends];
    expect(await told('verify-ip-flow', NSG, ...flow)).toEqual({
      access: 'Deny',
      ruleName: 'securityRules/deny-database-from-nodes',
    });
    expect(await told('verify-ip-flow', NSG, ...flow, '--protocol', 'UDP')).toEqual({
      access: 'Allow',
      ruleName: 'defaultSecurityRules/AllowVnetInBound',
    });
  });

  it.each([
    ['10.10.12.5', 'VnetLocal'],
    ['10.20.1.4', 'VNetPeering'],
    ['10.30.1.4', 'None'],
    ['192.168.1.10', 'VirtualNetworkGateway'],
    ['198.51.100.7', 'Internet'],
  ])('sends %s to %s', async (address, nextHopType) => {
    expect(await told('next-hop', PEERED, '--vm', 'node1', '--dest-ip', address)).toEqual({
      nextHopIpAddress: '',
      nextHopType,
      routeTableId: 'System Route',
    });
  });

  it('lists routes and rules', async () => {
    const { value: routes } = await told('effective-routes', 'scenarios/udr-asymmetric-route.yaml', '--vm', 'client');
    expect(routes).toContainEqual({
      addressPrefix: ['10.10.12.0/24'],
      name: 'to-direct',
      nextHopIpAddress: ['10.10.15.4'],
      nextHopType: 'VirtualAppliance',
      source: 'User',
      state: 'Active',
    });
    const { value: groups } = await told('effective-nsg', NSG, '--vm', 'database');
    const names = groups[0].effectiveSecurityRules.map(({ name }: { name: string }) => name);
    expect(names.slice(0, 3)).toEqual([
      'securityRules/deny-database-from-nodes',
      'securityRules/allow-database',
      'defaultSecurityRules/AllowVnetInBound',
    ]);
  });

  it('refuses a machine that is not there, in one sentence', async () => {
    expect(await runCommand(['effective-routes', NSG, '--vm', 'databse'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'orrery: --vm databse: no machine has that name; did you mean database?\n',
    });
  });
});
