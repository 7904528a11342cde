import { describe, expect, it } from 'vitest';
import { aCluster, aDeployment, aService } from '../../test/support/cluster.ts';
import { Emulator } from './emulator.ts';

const isProgrammed = (emulator: Emulator) => emulator.dataplane.service.get('default/a') !== undefined;

function aRunningCluster(): Emulator {
  const emulator = new Emulator(aCluster(), { seed: 1 });
  emulator.boot();
  emulator.apply([aDeployment('a', 1), aService('a')]);
  emulator.settle();
  return emulator;
}

describe('a program that crashes', () => {
  it('drops, when it is back, what it had programmed for objects that went meanwhile', () => {
    const emulator = aRunningCluster();
    expect(isProgrammed(emulator)).toBe(true);
    emulator.inject({ fault: 'crash', program: 'kube-proxy', downMs: 2000 });
    emulator.remove('Service', 'default/a');
    emulator.advance(1999);
    expect(isProgrammed(emulator)).toBe(true);
    emulator.advance(1);
    expect(isProgrammed(emulator)).toBe(false);
  });

  it('comes back when its last crash says, however many there were', () => {
    const emulator = aRunningCluster();
    for (const downMs of [1000, 5000]) emulator.inject({ fault: 'crash', program: 'kube-proxy', downMs });
    emulator.remove('Service', 'default/a');
    emulator.advance(4999);
    expect(isProgrammed(emulator)).toBe(true);
    emulator.advance(1);
    expect(isProgrammed(emulator)).toBe(false);
  });
});

describe('a program that lags', () => {
  it('hears so much later, and as soon as before once that is healed', () => {
    const emulator = aRunningCluster();
    emulator.inject({ fault: 'lag', program: 'kube-proxy', lagMs: 3000 });
    emulator.remove('Service', 'default/a');
    emulator.advance(2999);
    expect(isProgrammed(emulator)).toBe(true);
    emulator.advance(1);
    expect(isProgrammed(emulator)).toBe(false);
    emulator.inject({ fault: 'lag', program: 'kube-proxy', lagMs: 0 });
    emulator.apply([aService('a')]);
    expect(isProgrammed(emulator)).toBe(false);
    emulator.advance(1);
    expect(isProgrammed(emulator)).toBe(true);
  });
});
