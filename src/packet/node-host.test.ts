import { expect, test } from 'vitest';
import { ConntrackTable, EMPTY_DATAPLANE, NodeNetworks, PodNetworks } from '../dataplane/index.ts';
import { addressOf, type ClusterSettings, cidrOf } from '../model/index.ts';
import { worldOf } from './cluster-world.ts';
import { RecentLists } from './recent.ts';
import { deliver, segment } from './testing.ts';

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'kubenet',
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    dnsServiceIP: '10.96.0.10',
  },
  virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix: '10.10.12.0/24' }] },
  agentPoolProfiles: [{ name: 'nodepool1', count: 1, maxPods: 110, vnetSubnet: 'aks' }],
  apiServer: { address: '10.10.12.250', port: 443 },
  systemPods: false,
};

/** A kubenet node with one pod, 10.244.0.2, on its bridge. */
function bridgedNode() {
  const facts = {
    name: 'node1',
    addresses: [addressOf('10.10.12.4')],
    podCidrs: [cidrOf('10.244.0.0/24')],
    bridge: addressOf('10.244.0.1'),
  };
  const addresses = [addressOf('10.244.0.2')];
  const pod = PodNetworks.EMPTY.set('default/a', { pod: 'default/a', uid: '00000000-0000', node: 'node1', addresses });
  const [conntrack, recent] = [new ConntrackTable(4), new RecentLists()];
  const world = worldOf(
    { ...EMPTY_DATAPLANE, node: NodeNetworks.EMPTY.set('node1', facts), pod },
    { settings: SETTINGS, rulesetOf: () => undefined, conntrackOf: () => conntrack, recentOf: () => recent },
  );
  return { world, table: () => conntrack };
}

test('the address of its bridge is a node’s own, as is that of eth0', () => {
  const node = bridgedNode();
  for (const address of ['10.244.0.1', '10.10.12.4']) {
    const { verdict } = deliver(node, 'pod/default/a', segment('10.244.0.2:40000', `${address}:10250`));
    expect(verdict).toMatchObject({ verdict: 'delivered', host: 'node/node1' });
  }
});
