import { expect, test } from 'vitest';
import type { ClusterSettings } from '../model/index.ts';
import { validateManagedCluster } from './managed-cluster.ts';

const VALID: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    dnsServiceIP: '10.96.0.10',
  },
  virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix: '10.10.12.0/24' }] },
  agentPoolProfiles: [{ name: 'nodepool1', count: 3, maxPods: 250, vnetSubnet: 'aks' }],
  apiServer: { address: '203.0.113.10', port: 443 },
  systemPods: true,
};

const network = (change: Partial<ClusterSettings['networkProfile']>): ClusterSettings => ({
  ...VALID,
  networkProfile: { ...VALID.networkProfile, ...change },
});
const pool = (change: Partial<ClusterSettings['agentPoolProfiles'][number]>): ClusterSettings => ({
  ...VALID,
  agentPoolProfiles: [{ ...VALID.agentPoolProfiles[0]!, ...change }],
});
const subnet = (addressPrefix: string, count = 3): ClusterSettings => ({
  ...pool({ count }),
  virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix }] },
});
const codes = (settings: ClusterSettings) =>
  validateManagedCluster(settings).map(({ code, field }) => `${code} ${field}`);

test('the cluster of the documents is accepted', () => {
  expect(validateManagedCluster(VALID)).toEqual([]);
});

test.each([
  [
    network({ serviceCidr: '10.10.12.0/24', dnsServiceIP: '10.10.12.10' }),
    'ServiceCidrOverlapExistingSubnetsCidr networkProfile.serviceCidr',
  ],
  [network({ podCidr: '10.10.0.0/16' }), 'NetworkProfileCIDROverlapVNET networkProfile.podCidr'],
  [network({ podCidr: '10.96.0.0/15' }), 'InvalidParameter networkProfile.serviceCidr'],
  [network({ serviceCidr: '10.96.0.0/33' }), 'CidrStringParseError networkProfile.serviceCidr'],
  [network({ serviceCidr: '10.96.0.0/11' }), 'InvalidParameter networkProfile.serviceCidr'],
  [network({ podCidr: '172.16.0.0/12' }), 'InvalidParameter networkProfile.podCidr'],
  [network({ podCidr: '192.0.0.0/16' }), 'InvalidParameter networkProfile.podCidr'],
  [network({ dnsServiceIP: '10.97.0.10' }), 'DnsServiceIpOutOfServiceCidr networkProfile.dnsServiceIP'],
  [network({ dnsServiceIP: '10.96.0.0' }), 'InvalidParameter networkProfile.dnsServiceIP'],
  [network({ dnsServiceIP: '10.96.0.1' }), 'InvalidParameter networkProfile.dnsServiceIP'],
  [network({ dnsServiceIP: '10.96.0.010' }), 'InvalidParameter networkProfile.dnsServiceIP'],
  [subnet('10.11.12.0/24'), 'NetcfgInvalidSubnet virtualNetwork.subnets[0].addressPrefix'],
  [pool({ name: 'NodePool' }), 'InvalidParameter agentPoolProfiles[0].name'],
  [pool({ name: 'nodepool12345' }), 'InvalidParameter agentPoolProfiles[0].name'],
  [pool({ count: 4, maxPods: 9 }), 'InvalidParameter agentPoolProfiles[0].maxPods'],
  [pool({ maxPods: 251 }), 'InvalidParameter agentPoolProfiles[0].maxPods'],
  [pool({ count: 0 }), 'InvalidParameter agentPoolProfiles[0].count'],
  [pool({ count: 2, maxPods: 10 }), 'InvalidParameter agentPoolProfiles'],
  [pool({ vnetSubnet: 'other' }), 'InvalidParameter agentPoolProfiles[0].vnetSubnet'],
  [pool({ nodeLabels: { 'bad key!': 'x' } }), 'InvalidParameter agentPoolProfiles[0].nodeLabels["bad key!"]'],
  [pool({ nodeLabels: { tier: 'a b' } }), 'InvalidParameter agentPoolProfiles[0].nodeLabels["tier"]'],
  [
    pool({ nodeLabels: { 'kubernetes.azure.com/agentpool': 'other' } }),
    'BadRequest agentPoolProfiles[0].nodeLabels["kubernetes.azure.com/agentpool"]',
  ],
  [pool({ nodeTaints: ['gpu'] }), 'InvalidParameter agentPoolProfiles[0].nodeTaints[0]'],
  [pool({ nodeTaints: ['gpu=true:Never'] }), 'InvalidParameter agentPoolProfiles[0].nodeTaints[0]'],
  [pool({ nodeTaints: ['bad key!=true:NoSchedule'] }), 'InvalidParameter agentPoolProfiles[0].nodeTaints[0]'],
  [
    pool({ nodeTaints: ['app=1:NoSchedule', 'app=2:NoExecute', 'app=3:NoSchedule'] }),
    'InvalidParameter agentPoolProfiles[0].nodeTaints[2]',
  ],
])('refused: %#', (settings, refusal) => {
  expect(codes(settings)).toEqual([refusal]);
});

test('Azure keeps five addresses of a subnet', () => {
  expect(codes(subnet('10.10.12.0/29', 3))).toEqual([]);
  expect(codes(subnet('10.10.12.0/29', 4))).toEqual(['InsufficientSubnetSize agentPoolProfiles[0].count']);
});

test('overlay counts 256 addresses a node and reserves none, in the words of AKS', () => {
  expect(
    codes({ ...pool({ count: 4 }), networkProfile: network({ podCidr: '10.240.100.0/22' }).networkProfile }),
  ).toEqual([]);
  const five = { ...pool({ count: 5 }), networkProfile: network({ podCidr: '10.240.100.0/22' }).networkProfile };
  expect(validateManagedCluster(five)).toMatchObject([
    {
      code: 'InsufficientSubnetSize',
      message:
        'Pre-allocated IPs 1280 exceeds IPs available 1024 in Subnet Cidr 10.240.100.0/22, Subnet Name networkProfile.podCIDR.',
      field: 'networkProfile.podCidr',
    },
  ]);
});

test('several mistakes are told at once', () => {
  expect(
    codes({ ...pool({ name: '1st' }), networkProfile: network({ dnsServiceIP: '10.97.0.1' }).networkProfile }),
  ).toHaveLength(2);
});
