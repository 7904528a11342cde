import { expect, test } from 'vitest';
import { aLargeCluster, aService, NOTHING_AROUND } from '../../../test/support/cluster.ts';
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

test('a node may go while its interface is being written', () => {
  const emulator = new Emulator({ ...aLargeCluster(2), azure: NOTHING_AROUND }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  emulator.apply([aService('web', { type: 'LoadBalancer', ports: [{ port: 80 }] })]);
  const nic = () => emulator.cloud!.named('nic', 'node2');
  while (nic()?.properties.provisioningState !== 'Updating') emulator.advance(100);
  emulator.scaleNodePool('nodepool1', 1);
  while (emulator.list('Node').length > 1) emulator.advance(1);
  expect(nic()).toBeUndefined();
  emulator.advance(60_000);
  const members = emulator.cloud!.arm.list('nic').map(({ name }) => name);
  expect(members).toEqual(['node1']);
  expect(emulator.get('Service', 'default/web')?.status.loadBalancer.ingress).toHaveLength(1);
});

test.each([
  ['10.99.0.1', 'PrivateIPAddressNotInSubnet'],
  ['10.224.0.', 'InvalidRequestFormat'],
])('an internal load balancer at %s is refused, and the Service says so', (address, code) => {
  const emulator = new Emulator({ ...aLargeCluster(1), azure: NOTHING_AROUND }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  const annotations = {
    'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
    'service.beta.kubernetes.io/azure-load-balancer-ipv4': address,
  };
  const service = aService('web', { type: 'LoadBalancer', ports: [{ port: 80 }] });
  emulator.apply([{ ...service, metadata: { name: 'web', namespace: 'default', annotations } }]);
  emulator.advance(20_000);
  const told = emulator.list('Event', 'default').map(({ message }) => message ?? '');
  expect(told.some((message) => message.includes(code) && message.includes(address))).toBe(true);
  expect(emulator.get('Service', 'default/web')?.status.loadBalancer.ingress).toBeUndefined();
});
