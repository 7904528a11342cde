/** Flows that Azure carries end when they have been idle, whatever the kernels' connection tracking makes of them. */
import { expect, test } from 'vitest';
import { aLargeCluster, aPod, aService, NOTHING_AROUND } from '../../../test/support/cluster.ts';
import { ACK, type AzureSurroundings, type NetworkProfile, RST } from '../../model/index.ts';
import { Emulator } from '../emulator.ts';

const MINUTE_MS = 60_000;
const OUTSIDE = '198.51.100.7';

function aClusterWith(profile: Partial<NetworkProfile>, around: Partial<AzureSurroundings> = {}): Emulator {
  const settings = aLargeCluster(1);
  const networkProfile = { ...settings.networkProfile, ...profile };
  const azure = { ...NOTHING_AROUND, ...around };
  const emulator = new Emulator({ ...settings, networkProfile, systemPods: false, azure }, { seed: 1 });
  emulator.boot();
  emulator.settle();
  return emulator;
}

const PORTS = 8;
const dial = (emulator: Emulator) => emulator.send({ from: 'node/node1', to: `http://${OUTSIDE}/` }).outcome;

test('an outbound rule lends a port for as long as its flow is not idle for too long', () => {
  const emulator = aClusterWith({ loadBalancerProfile: { allocatedOutboundPorts: PORTS, idleTimeoutInMinutes: 20 } });
  const outcomes = Array.from({ length: PORTS + 1 }, () => dial(emulator));
  expect(outcomes).toEqual([...Array.from({ length: PORTS }, () => 'connected'), 'timed-out']);
  emulator.advance(19 * MINUTE_MS);
  expect(dial(emulator)).toBe('timed-out');
  emulator.advance(MINUTE_MS);
  expect(dial(emulator)).toBe('connected');
});

test('a NAT gateway waits four minutes for UDP, whatever it does for TCP', () => {
  const natGateways = [{ name: 'natgw', subnets: ['aks'], publicIpAddresses: ['20.1.2.3'], idleTimeoutInMinutes: 60 }];
  const emulator = aClusterWith({}, { natGateways });
  const portOf = (to: string) => emulator.send({ from: 'node/node1', to }).sourceSeen;
  expect([portOf(`udp://${OUTSIDE}:53`), portOf(`tcp://${OUTSIDE}:443`)]).toEqual(['20.1.2.3:1024', '20.1.2.3:1024']);
  emulator.advance(4 * MINUTE_MS);
  expect([portOf(`udp://${OUTSIDE}:53`), portOf(`tcp://${OUTSIDE}:443`)]).toEqual(['20.1.2.3:1024', '20.1.2.3:1025']);
});

test('with TCP reset, both ends are told', () => {
  const emulator = aClusterWith({});
  emulator.apply([aPod('web'), aService('web', { type: 'LoadBalancer' })]);
  emulator.settle();
  emulator.advance(10_000);
  const address = emulator.get('Service', 'default/web')?.status.loadBalancer.ingress?.[0]?.ip;
  const idle = { forMs: 5 * MINUTE_MS };
  const { outcome, traces } = emulator.send({ from: `external/${OUTSIDE}`, to: `http://${address}/`, idle });
  expect(outcome).toBe('reset');
  const resets = traces.slice(-2).map(({ seen, verdict }) => `${verdict.host} ${seen.flags}`);
  expect(resets).toEqual([`pod/default/web ${RST | ACK}`, `external/${OUTSIDE} ${RST | ACK}`]);
});
