/** What holds of every cluster, whatever befalls it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Emulator, INVARIANTS, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import { isPodActive, isPodReady } from '../../src/model/index.ts';
import { aCluster, aDeployment, aService } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';
import { act, aDeed, APPS, type Deed, heal } from './churn.ts';
import { quiescentState } from './quiescent.ts';

function run(seed: number, deeds: readonly Deed[], check: (emulator: Emulator) => void = () => {}): Emulator {
  const emulator = new Emulator(aCluster(), { seed, jitterMs: 20 });
  emulator.boot();
  for (const deed of deeds) {
    act(emulator, deed);
    check(emulator);
  }
  heal(emulator);
  return emulator;
}

function broken(emulator: Emulator, invariants: typeof INVARIANTS): readonly string[] {
  return invariants.flatMap((invariant) => invariant(emulator));
}

function sorted(texts: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return [...texts].sort();
}

function transcript(seed: number, deeds: readonly Deed[]): string {
  const lines: string[] = [];
  const emulator = new Emulator(aCluster(), { seed });
  emulator.happenings.subscribe((happening) => lines.push(JSON.stringify(happening)));
  emulator.boot();
  for (const deed of deeds) act(emulator, deed);
  heal(emulator);
  return lines.join('\n');
}

describe('a cluster under churn', () => {
  const deeds = fc.array(aDeed, { minLength: 1, maxLength: 25 });

  test('keeps its invariants at every moment, and leaks nothing at rest', () => {
    holds(
      fc.property(fc.integer(), deeds, (seed, list) => {
        const emulator = run(seed, list, (at) => expect(broken(at, INVARIANTS)).toEqual([]));
        expect(broken(emulator, INVARIANTS_AT_REST)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('runs the same for the same seed, byte for byte', () => {
    holds(
      fc.property(fc.integer(), deeds, (seed, list) => {
        expect(transcript(seed, list)).toBe(transcript(seed, list));
      }),
      { numRuns: 20 },
    );
  });

  test('has nothing left to write: every controller starts anew and changes nothing', () => {
    holds(
      fc.property(fc.integer(), deeds, (seed, list) => {
        const emulator = run(seed, list);
        const { revision } = emulator.store;
        const { dataplane } = emulator;
        for (const program of emulator.programs) emulator.inject({ fault: 'crash', program, downMs: 5 });
        emulator.settle();
        expect(emulator.store.revision).toBe(revision);
        expect(emulator.dataplane).toBe(dataplane);
      }),
      { numRuns: 40 },
    );
  });

  test('ready pods are endpoints, and nothing else is', () => {
    holds(
      fc.property(fc.integer(), deeds, (seed, list) => {
        const emulator = run(seed, list);
        for (const app of APPS) {
          if (emulator.get('Service', `default/${app}`) === undefined) continue;
          const ready = emulator
            .list('Pod', 'default')
            .filter((pod) => pod.metadata.labels?.['app'] === app && isPodReady(pod) && isPodActive(pod));
          const slices = emulator
            .list('EndpointSlice', 'default')
            .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === app);
          const endpoints = slices.flatMap((slice) => slice.endpoints ?? []).filter((each) => each.conditions.ready);
          expect(sorted(endpoints.map(({ targetRef }) => targetRef?.name))).toEqual(
            sorted(ready.map(({ metadata }) => metadata.name)),
          );
          // Pods on their node's network share its address: one endpoint to kube-proxy, however many they are.
          const addresses = new Set(ready.map(({ status }) => `${status.podIP}:8080`));
          const programmed = emulator.dataplane.service.get(`default/${app}`)?.ports[0]?.endpoints ?? [];
          expect(sorted(programmed.map(({ text }) => text))).toEqual(sorted([...addresses]));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the order of things', () => {
  const clusterIPs = new Map(APPS.map((name, index) => [name, `10.96.0.${50 + index}`]));
  const objects = APPS.flatMap((name, index) => [aDeployment(name, index + 2), aService(name, { clusterIP: clusterIPs.get(name) })]);

  test('does not matter: any order of writes, any interleaving of informers, the same state at rest', () => {
    const expected = settled(objects, [], 1, 0);
    const shuffled = fc.shuffledSubarray(objects, { minLength: objects.length });
    const pauses = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: objects.length, maxLength: objects.length });
    holds(
      fc.property(fc.integer(), shuffled, pauses, fc.integer({ min: 0, max: 400 }), (seed, order, pausesMs, jitterMs) => {
        expect(settled(order, pausesMs, seed, jitterMs)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  function settled(order: readonly object[], pausesMs: readonly number[], seed: number, jitterMs: number): readonly string[] {
    const emulator = new Emulator(aCluster(), { seed, jitterMs });
    emulator.boot();
    for (const [index, object] of order.entries()) {
      emulator.apply([object]);
      emulator.advance(pausesMs[index] ?? 0);
    }
    emulator.settle();
    return quiescentState(emulator);
  }
});
