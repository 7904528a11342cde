/** How IPVS shares out connections, scheduler by scheduler. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import {
  type RealServer,
  SCHEDULER_HASHES_PORT,
  type SchedulerName,
  type VirtualServer,
} from '../../dataplane/index.ts';
import { addressOf, formatEndpoint, TCP } from '../../model/index.ts';
import { halfSiphash } from './half-siphash.ts';
import { type Client, FRESH_STATE, type SchedulerState, schedule } from './scheduler.ts';

const VIP = addressOf('10.96.0.50');

function real(host: number, weight = 1, active = 0, inactive = 0): RealServer {
  const address = addressOf(`10.244.0.${host}`);
  return { address, port: 80, weight, activeConnections: active, inactiveConnections: inactive };
}

function virtual(scheduler: SchedulerName, servers: readonly RealServer[], flags = 0): VirtualServer {
  const realServers = new Map(servers.map((server) => [formatEndpoint(server.address, server.port), server]));
  return { address: VIP, port: 80, protocol: TCP, scheduler, flags, timeoutSeconds: 0, realServers };
}

function client(host: number, sourcePort = 40_000): Client {
  return { source: addressOf(`192.0.2.${host}`), sourcePort, destination: VIP };
}

/** The last part of the address of each server chosen in turn. */
function chosen(
  server: VirtualServer,
  count: number,
  from: SchedulerState = FRESH_STATE,
): readonly (number | undefined)[] {
  const hosts: (number | undefined)[] = [];
  let state = from;
  for (let i = 0; i < count; i++) {
    const scheduled = schedule(server, state, client(i + 1));
    const address = scheduled.realServer?.address;
    hosts.push(typeof address === 'number' ? address & 255 : undefined);
    state = scheduled.state;
  }
  return hosts;
}

describe('rr', () => {
  test('takes turns, and passes over a server without weight', () => {
    expect(chosen(virtual('rr', [real(3), real(2, 0), real(1)]), 5)).toEqual([3, 1, 3, 1, 3]);
  });

  test('goes on after the server before the one that went', () => {
    const { state } = schedule(virtual('rr', [real(3), real(2), real(1)]), FRESH_STATE, client(1));
    const second = schedule(virtual('rr', [real(3), real(2), real(1)]), state, client(1)).state;
    expect(chosen(virtual('rr', [real(3), real(1)]), 2, second)).toEqual([1, 3]);
  });

  test('gives each of n servers the same share', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), (servers, rounds) => {
        const hosts = Array.from({ length: servers }, (_, i) => real(i + 1));
        const counts = new Map<number | undefined, number>();
        for (const host of chosen(virtual('rr', hosts), servers * rounds))
          counts.set(host, (counts.get(host) ?? 0) + 1);
        expect([...counts.values()]).toEqual(Array.from({ length: servers }, () => rounds));
      }),
    );
  });
});

test('wrr gives the heavier server more: the order of a cycle with weights 4, 3 and 2', () => {
  // The cycle of the LVS handbook's example.
  expect(chosen(virtual('wrr', [real(1, 4), real(2, 3), real(3, 2)]), 9)).toEqual([1, 1, 2, 1, 2, 3, 1, 2, 3]);
});

describe('servers are chosen by what they have to do', () => {
  test.each<readonly [SchedulerName, readonly RealServer[], number]>([
    ['lc', [real(1, 1, 1, 0), real(2, 1, 0, 255)], 2],
    ['lc', [real(1, 1, 1, 0), real(2, 1, 0, 257)], 1],
    ['wlc', [real(1, 1, 2), real(2, 3, 5)], 2],
    ['wlc', [real(1, 1, 2), real(2, 3, 6)], 1],
    ['sed', [real(1, 1, 0), real(2, 3, 1)], 2],
    ['nq', [real(2, 9, 1), real(1, 1, 0)], 1],
  ])('%s', (scheduler, servers, host) => {
    expect(chosen(virtual(scheduler, servers), 1)).toEqual([host]);
  });
});

describe('hashing', () => {
  const servers = [real(1), real(2), real(3)];

  test.each<SchedulerName>(['sh', 'mh'])(
    '%s sends a client to one server, whatever its port, and uses all servers',
    (name) => {
      const server = virtual(name, servers);
      const hosts = Array.from({ length: 100 }, (_, i) => schedule(server, FRESH_STATE, client(i)).realServer);
      const again = Array.from(
        { length: 100 },
        (_, i) => schedule(server, FRESH_STATE, client(i, 50_000 + i)).realServer,
      );
      expect(again).toEqual(hosts);
      expect(new Set(hosts).size).toBe(3);
    },
  );

  test('dh sends all that goes to one address to one server', () => {
    expect(new Set(chosen(virtual('dh', servers), 50)).size).toBe(1);
  });

  test('mh as kube-proxy sets it tells the connections of one client apart by port', () => {
    const server = virtual('mh', servers, SCHEDULER_HASHES_PORT);
    const hosts = Array.from({ length: 50 }, (_, i) => schedule(server, FRESH_STATE, client(1, 40_000 + i)).realServer);
    expect(new Set(hosts).size).toBe(3);
  });

  test('mh moves few clients when a server goes', () => {
    const before = virtual('mh', [...servers, real(4)]);
    const after = virtual('mh', servers);
    const moved = Array.from({ length: 200 }, (_, i) => client(i)).filter((from) => {
      const was = schedule(before, FRESH_STATE, from).realServer;
      return (
        was?.address !== addressOf('10.244.0.4') &&
        was?.address !== schedule(after, FRESH_STATE, from).realServer?.address
      );
    });
    expect(moved.length).toBeLessThan(20);
  });

  test('the bucket of a server without weight takes nothing, and nothing takes its place', () => {
    const hosts = chosen(virtual('sh', [real(1), real(2, 0)]), 100);
    expect(new Set(hosts)).toEqual(new Set([1, undefined]));
  });
});

test('the hash is the one of the kernel: a vector of its own test', () => {
  // lib/tests/siphash_kunit.c, test_vectors_hsiphash[4] on 64-bit machines: the bytes 0, 1, 2, 3.
  expect(halfSiphash(0x03020100, [0x0706050403020100n, 0x0f0e0d0c0b0a0908n])).toBe(0x88d38328);
});

test('no server, no connection', () => {
  for (const name of ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'mh'] as const)
    expect(schedule(virtual(name, []), FRESH_STATE, client(1)).realServer).toBeUndefined();
});
