import { expect, test } from 'vitest';
import { aLargeCluster, NOTHING_AROUND } from '../../../test/support/cluster.ts';
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
