import { expect, test } from 'vitest';
import { aLargeCluster, NOTHING_AROUND } from '../../../test/support/cluster.ts';
import { cidrOf, formatAddress, type Ipv4 } from '../../model/index.ts';
import { Emulator } from '../emulator.ts';

test('without a way out the internet is not reached, Azure’s own name servers are', () => {
  const settings = aLargeCluster(1);
  const networkProfile = { ...settings.networkProfile, outboundType: 'none' } as const;
  const emulator = new Emulator({ ...settings, networkProfile, azure: NOTHING_AROUND }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  const away = emulator.send({ from: 'node/node1', to: 'tcp://198.51.100.7:443' });
  expect(away.traces[0]?.verdict.reason).toBe('no route: the subnet has no outbound method');
  const platform = emulator.send({ from: 'node/node1', to: 'udp://168.63.129.16:53' });
  expect(platform).toMatchObject({ outcome: 'connected', deliveredTo: 'external/168.63.129.16' });
});

test('a machine among the nodes keeps its address from them', () => {
  const settings = aLargeCluster(2);
  const [subnet] = settings.virtualNetwork.subnets;
  const first = formatAddress((cidrOf(subnet!.addressPrefix).network as Ipv4) + 4);
  const virtualMachines = [{ name: 'jump-host', subnet: subnet!.name, privateIPAddress: first }];
  const emulator = new Emulator({ ...settings, azure: { ...NOTHING_AROUND, virtualMachines } }, { seed: 1 });
  emulator.boot();
  const taken = emulator.list('Node').flatMap(({ status }) => (status.addresses ?? []).map(({ address }) => address));
  expect(taken).not.toContain(first);
});
