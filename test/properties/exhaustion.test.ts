/** Addresses run out, and come back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Emulator, INVARIANTS, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import { cidrOf, contains, findCondition, type Pod, parseAddress } from '../../src/model/index.ts';
import { aCluster, aDeployment, aService } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';

const ADDRESSES_OF_A_NODE = 256;
/** The longest that a kubelet waits before it asks for an address again: 5 minutes. */
const RETRY_LONGEST_MS = 300_000;

interface Size {
  readonly nodes: number;
  readonly maxPods: number;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
}

/** Without system pods: all room is the tests'. */
function aTightCluster({ nodes, maxPods, podCidr = '10.244.0.0/16', serviceCidr = '10.96.0.0/16' }: Size): Emulator {
  const settings = aCluster({ nodes, systemPods: false });
  const emulator = new Emulator(
    {
      ...settings,
      networkProfile: { ...settings.networkProfile, podCidr, serviceCidr },
      agentPoolProfiles: settings.agentPoolProfiles.map((pool) => ({ ...pool, maxPods })),
    },
    { seed: 1 },
  );
  emulator.boot();
  emulator.settle();
  return emulator;
}

function brokenBy(emulator: Emulator, invariants: typeof INVARIANTS): readonly string[] {
  return invariants.flatMap((invariant) => invariant(emulator));
}

function running(emulator: Emulator): readonly Pod[] {
  return emulator.list('Pod').filter(({ status }) => status.phase === 'Running');
}

function reasons(emulator: Emulator): ReadonlySet<string> {
  return new Set(emulator.list('Event').map(({ reason }) => reason ?? ''));
}

describe('pods', () => {
  const sizes = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 6 });

  test('beyond the maxPods of all nodes wait, and run as soon as others have gone', () => {
    const nodes = fc.integer({ min: 1, max: 3 });
    const maxPods = fc.integer({ min: 1, max: 10 });
    holds(
      fc.property(nodes, maxPods, sizes, (count, most, replicas) => {
        const emulator = aTightCluster({ nodes: count, maxPods: most });
        emulator.apply([aDeployment('a', 0), aDeployment('b', 0)]);
        for (const [index, wanted] of replicas.entries()) {
          emulator.scale('Deployment', index % 2 === 0 ? 'default/a' : 'default/b', wanted);
          emulator.settle();
          const asked = emulator.list('Deployment').reduce((sum, { spec }) => sum + spec.replicas, 0);
          expect(running(emulator).length).toBe(Math.min(asked, count * most));
          expect(brokenBy(emulator, INVARIANTS_AT_REST)).toEqual([]);
          for (const pod of emulator.list('Pod')) {
            const told = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
            expect(told?.status).toBe(pod.spec.nodeName === undefined ? 'False' : 'True');
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('beyond the 256 addresses of a node are told so, keep asking, and get what others give back', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.boolean(), (beyond, crashes) => {
        const emulator = aTightCluster({ nodes: 1, maxPods: 400 });
        emulator.apply([aDeployment('first', ADDRESSES_OF_A_NODE), aDeployment('late', beyond)]);
        emulator.settle();
        if (crashes) emulator.inject({ fault: 'crash-after', program: 'kubelet', intents: 1 + (beyond % 7) });
        expect(running(emulator).length).toBe(ADDRESSES_OF_A_NODE);
        expect(emulator.list('Pod').length).toBe(ADDRESSES_OF_A_NODE + beyond);
        expect(reasons(emulator)).toContain('FailedCreatePodSandBox');
        expect(brokenBy(emulator, INVARIANTS_AT_REST)).toEqual([]);
        emulator.scale('Deployment', 'default/first', ADDRESSES_OF_A_NODE - beyond);
        emulator.advance(RETRY_LONGEST_MS);
        emulator.settle();
        expect(running(emulator).length).toBe(ADDRESSES_OF_A_NODE);
        expect(emulator.list('Pod').length).toBe(ADDRESSES_OF_A_NODE);
        expect(brokenBy(emulator, INVARIANTS_AT_REST)).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

describe('nodes', () => {
  // A /22 holds four /24.
  const BLOCKS = 4;
  const deed = fc.oneof(
    fc.record({ scaleTo: fc.integer({ min: 5, max: 9 }) }),
    fc.record({ scaleTo: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ remove: fc.nat({ max: 8 }) }),
  );

  test('beyond the blocks of the pod CIDR are not ready, and get the block of a node that goes', () => {
    holds(
      fc.property(fc.array(deed, { minLength: 1, maxLength: 8 }), fc.nat({ max: 12 }), (deeds, replicas) => {
        const emulator = aTightCluster({ nodes: 2, maxPods: 250, podCidr: '10.244.0.0/22' });
        emulator.apply([aDeployment('a', replicas)]);
        for (const each of deeds) {
          const names = emulator.list('Node').map(({ metadata }) => metadata.name);
          if ('scaleTo' in each) emulator.scaleNodePool('nodepool1', each.scaleTo);
          else if (names.length > 1) emulator.remove('Node', names[each.remove % names.length]!);
          emulator.settle();
          const nodes = emulator.list('Node');
          const ready = nodes.filter(({ status }) => findCondition(status.conditions, 'Ready')?.status === 'True');
          expect(ready.length).toBe(Math.min(nodes.length, BLOCKS));
          expect(ready.every(({ spec }) => spec.podCIDR !== undefined)).toBe(true);
          if (nodes.length > 0) expect(running(emulator).length).toBe(replicas);
          expect(brokenBy(emulator, INVARIANTS_AT_REST)).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a tiny Service CIDR', () => {
  // Of the 16 addresses of a /28 the first and the last belong to nobody, and the next is default/kubernetes' own.
  const CIDR = '10.96.0.0/28';
  const ROOM = 13;
  const deeds = fc.array(fc.record({ create: fc.boolean(), name: fc.nat({ max: 19 }) }), {
    maxLength: 60,
    size: 'max',
  });

  test('is used to its last address, then refuses, and takes again what a deleted Service gave back', () => {
    holds(
      fc.property(deeds, (steps) => {
        const emulator = aTightCluster({ nodes: 1, maxPods: 30, serviceCidr: CIDR });
        const living = new Set<string>();
        for (const { create, name } of steps) {
          const service = `s${name}`;
          if (!create) {
            expect(emulator.remove('Service', `default/${service}`).ok).toBe(living.delete(service));
            continue;
          }
          const [outcome] = emulator.apply([aService(service)]);
          const fits = living.has(service) || living.size < ROOM;
          expect(outcome?.ok).toBe(fits);
          if (outcome?.ok === false) {
            expect(outcome.status.code).toBe(500);
            expect(outcome.status.message).toBe(
              'Internal error occurred: failed to allocate a serviceIP: range is full',
            );
          } else living.add(service);
          expect(brokenBy(emulator, INVARIANTS)).toEqual([]);
        }
        const addresses = emulator.list('Service').map(({ spec }) => spec.clusterIP);
        expect(addresses.every((address) => contains(cidrOf(CIDR), parseAddress(address ?? '')!))).toBe(true);
        emulator.settle();
        expect(brokenBy(emulator, INVARIANTS_AT_REST)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
