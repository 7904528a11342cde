import { describe, expect, test } from 'vitest';
import { addressOf, cidrOf } from '../model/index.ts';
import { NodeNetworks } from './node-networks.ts';
import { longestPrefix, type Route } from './routes.ts';

function facts(name: string, addresses: readonly string[], podCidrs: readonly string[]) {
  return { name, addresses: addresses.map(addressOf), podCidrs: podCidrs.map(cidrOf) };
}

const TWO = NodeNetworks.EMPTY.set('a', facts('a', ['10.0.0.1', 'fd00::1'], ['10.244.0.0/24', 'fd01::/64'])).set(
  'b',
  facts('b', ['10.0.0.2'], ['10.244.2.0/23']),
);

describe('nodes by place in the network', () => {
  test.each([
    ['10.0.0.2', 'b', undefined],
    ['fd00::1', 'a', undefined],
    ['10.244.0.255', undefined, 'a'],
    ['10.244.1.0', undefined, undefined],
    ['10.244.3.9', undefined, 'b'],
    ['fd01::9', undefined, 'a'],
    ['fd02::9', undefined, undefined],
  ])('%s is the address of %s and lies in the pod range of %s', (text, at, owning) => {
    expect(TWO.at(addressOf(text))?.name).toBe(at);
    expect(TWO.owning(addressOf(text))?.name).toBe(owning);
  });

  test('forgets what a node had when it changes or goes; older values stay as they were', () => {
    const moved = TWO.set('b', facts('b', ['10.0.0.3'], ['10.244.8.0/24']));
    expect(moved.at(addressOf('10.0.0.2'))).toBeUndefined();
    expect(moved.owning(addressOf('10.244.2.1'))).toBeUndefined();
    expect(moved.owning(addressOf('10.244.8.1'))?.name).toBe('b');
    const gone = moved.delete('a');
    expect([gone.size, gone.at(addressOf('10.0.0.1')), gone.owning(addressOf('fd01::1'))]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    expect(TWO.at(addressOf('10.0.0.2'))?.name).toBe('b');
  });

  test('an address that has passed to another node stays with that one when the first goes', () => {
    const passed = TWO.set('c', facts('c', ['10.0.0.1'], ['10.244.0.0/24'])).delete('a');
    expect(passed.at(addressOf('10.0.0.1'))?.name).toBe('c');
    expect(passed.owning(addressOf('10.244.0.7'))?.name).toBe('c');
  });
});

describe('the longest prefix', () => {
  const route = (destination: string, device: string, metric?: number): Route => ({
    destination: cidrOf(destination),
    device,
    ...(metric === undefined ? {} : { metric }),
  });
  const routes = [
    route('0.0.0.0/0', 'far', 200),
    route('0.0.0.0/0', 'near', 100),
    route('10.0.0.0/8', 'wide'),
    route('10.1.0.0/16', 'narrow'),
  ];

  test.each([
    ['10.1.2.3', 'narrow'],
    ['10.2.2.3', 'wide'],
    ['11.0.0.1', 'near'],
  ])('leads %s out of %s', (address, device) => {
    expect(longestPrefix(routes, addressOf(address))?.device).toBe(device);
  });

  test('leads nowhere where no route holds the address', () => {
    expect(longestPrefix(routes.slice(2), addressOf('11.0.0.1'))).toBeUndefined();
  });
});
