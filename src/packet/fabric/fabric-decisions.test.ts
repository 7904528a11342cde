import { describe, expect, it } from 'vitest';
import { addressOf, type azure, cidrOf, TCP, UDP } from '../../model/index.ts';
import { memberFor } from './distribution.ts';
import type { Flow } from './flow.ts';
import { automaticPorts, machinesServed, portRanges } from './outbound-ports.ts';
import { securityDecision } from './security-rules.ts';

const TAGS = {
  virtualNetwork: [cidrOf('10.224.0.0/12')],
  others: new Map([['storage', [cidrOf('20.60.0.0/16')]]]),
};

function flow(source: string, destination: string, destinationPort = 443, protocol: Flow['protocol'] = TCP): Flow {
  return {
    protocol,
    source: addressOf(source),
    sourcePort: 40000,
    destination: addressOf(destination),
    destinationPort,
  };
}

function rule(name: string, priority: number, given: Partial<azure.SecurityRule['properties']>): azure.SecurityRule {
  const any = {
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '*',
  };
  return { name, properties: { ...any, protocol: '*', access: 'Allow', direction: 'Inbound', priority, ...given } };
}

function group(...securityRules: azure.SecurityRule[]): azure.NetworkSecurityGroup {
  return { type: 'Microsoft.Network/networkSecurityGroups', id: '/nsg', name: 'nsg', properties: { securityRules } };
}

function decided(nsg: azure.NetworkSecurityGroup, asked: Flow, direction: 'Inbound' | 'Outbound' = 'Inbound') {
  const { access, rule: by } = securityDecision(nsg, direction, asked, TAGS)!;
  return `${access} by ${by}`;
}

describe('a network security group', () => {
  it.each([
    ['10.224.0.4', '10.225.0.4', 'Inbound', 'Allow by AllowVnetInBound'],
    ['168.63.129.16', '10.224.0.4', 'Inbound', 'Allow by AllowAzureLoadBalancerInBound'],
    ['203.0.113.7', '10.224.0.4', 'Inbound', 'Deny by DenyAllInBound'],
    ['10.224.0.4', '203.0.113.7', 'Outbound', 'Allow by AllowInternetOutBound'],
  ] as const)('answers %s to %s, %s, with its default rules', (from, to, direction, answer) => {
    expect(decided(group(), flow(from, to), direction)).toBe(answer);
  });

  it('goes by priority, not by the order in which rules are written', () => {
    const nsg = group(
      rule('late', 4095, { access: 'Deny' }),
      rule('allow-web', 500, { protocol: 'Tcp', destinationPortRanges: ['80', '443-444'], destinationPortRange: '' }),
    );
    expect(decided(nsg, flow('203.0.113.7', '20.1.2.3', 444))).toBe('Allow by allow-web');
    expect(decided(nsg, flow('203.0.113.7', '20.1.2.3', 445))).toBe('Deny by late');
    expect(decided(nsg, flow('203.0.113.7', '20.1.2.3', 443, UDP))).toBe('Deny by late');
    expect(decided(nsg, flow('10.224.0.4', '10.224.0.5', 22))).toBe('Deny by late');
  });

  it('knows service tags, and one that it does not know stands for nobody', () => {
    const outbound = { direction: 'Outbound', access: 'Deny' } as const;
    const nsg = group(
      rule('no-sql', 100, { ...outbound, destinationAddressPrefix: 'Sql' }),
      rule('no-storage', 200, { ...outbound, destinationAddressPrefix: 'Storage' }),
    );
    expect(decided(nsg, flow('10.224.0.4', '20.60.1.1'), 'Outbound')).toBe('Deny by no-storage');
    expect(decided(nsg, flow('10.224.0.4', '20.61.1.1'), 'Outbound')).toBe('Allow by AllowInternetOutBound');
  });

  it('does not guard the way to the metadata service and to Azure’s name servers', () => {
    const nsg = group(rule('nothing', 100, { direction: 'Outbound', access: 'Deny' }));
    expect(securityDecision(nsg, 'Outbound', flow('10.224.0.4', '168.63.129.16', 53), TAGS)).toBeUndefined();
  });
});

describe('outbound ports', () => {
  it.each([
    [1, 1, 1024],
    [50, 1, 1024],
    [52, 1, 512],
    [52, 2, 1024],
    [400, 3, 384],
    [1000, 1, 32],
    [1001, 1, 0],
  ])('%d machines and %d addresses: %d each', (machines, addresses, ports) => {
    expect(automaticPorts(machines, addresses)).toBe(ports);
  });

  it('serves as many machines as the ports allow, and no two with the same port', () => {
    expect(machinesServed(4000, 7)).toBe(112);
    const seen = new Set<string>();
    for (let place = 0; place < 112; place++) {
      const ranges = portRanges(place, 4000, 7);
      expect(ranges).toHaveLength(7);
      for (const { address, first, last } of ranges)
        for (let port = first; port <= last; port++) seen.add(`${address}:${port}`);
    }
    expect(seen.size).toBe(112 * 7 * 568);
    expect(portRanges(112, 4000, 7)).toEqual([]);
  });
});

describe('a load balancer’s hash', () => {
  const members = ['10.224.0.4', '10.224.0.5', '10.224.0.6'];
  const flows = Array.from({ length: 3000 }, (_, i) => ({ ...flow('203.0.113.7', '20.1.2.3'), sourcePort: 1024 + i }));

  it('shares flows alike, and with session persistence keeps a client', () => {
    const counts = members.map((member) => flows.filter((each) => memberFor(each, members) === member).length);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(new Set(flows.map((each) => memberFor(each, members, 'SourceIP'))).size).toBe(1);
  });

  it('moves only the flows of a member that goes', () => {
    const rest = members.slice(1);
    for (const each of flows) {
      const before = memberFor(each, members);
      if (before !== members[0]) expect(memberFor(each, rest)).toBe(before);
    }
  });
});
