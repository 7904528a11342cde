/** What holds of every cluster, whatever befalls it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Emulator, INVARIANTS, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import { isPodActive, isPodReady } from '../../src/model/index.ts';
import { holds } from '../support/seed.ts';
import { act, anEstablishedCluster, APPS, type Deed, heal, portOf, someDeeds } from './churn.ts';

function brokenBy(emulator: Emulator, invariants: typeof INVARIANTS): readonly string[] {
  return invariants.flatMap((invariant) => invariant(emulator));
}

/** Lets everything happen to a cluster, and brings it to rest. */
function run(seed: number, deeds: readonly Deed[]): Emulator {
  const emulator = anEstablishedCluster(seed);
  for (const deed of deeds) act(emulator, deed);
  heal(emulator);
  return emulator;
}

/** As `run`; says what broke after each single write, and when. */
function breaches(seed: number, deeds: readonly Deed[]): readonly string[] {
  const emulator = anEstablishedCluster(seed);
  const broken: string[] = [];
  // Nothing may be thrown here: RxJS would throw it again later, where nobody could tell which case it was.
  emulator.happenings.subscribe((happening) => {
    if (happening.what !== 'event' || happening.kind === 'Event') return;
    for (const sentence of brokenBy(emulator, INVARIANTS)) broken.push(`${happening.at} ms: ${sentence}`);
  });
  for (const deed of deeds) act(emulator, deed);
  heal(emulator);
  return [...broken, ...brokenBy(emulator, INVARIANTS_AT_REST).map((sentence) => `at rest: ${sentence}`)];
}

/** The endpoints of an app as the API tells them, by pod. */
function readyTargets(emulator: Emulator, app: string): readonly string[] {
  return emulator
    .list('EndpointSlice', 'default')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === app)
    .flatMap((slice) => slice.endpoints ?? [])
    .filter(({ conditions }) => conditions.ready)
    .map(({ targetRef }) => targetRef?.name ?? 'nobody')
    .sort();
}

describe('a cluster under churn', () => {
  test('keeps its invariants after every write, and leaks nothing at rest', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        expect(breaches(seed, deeds)).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  test('has nothing left to write: every program starts anew and changes nothing', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = run(seed, deeds);
        const { revision } = emulator.store;
        const { dataplane } = emulator;
        for (const program of emulator.programs) emulator.inject({ fault: 'crash', program, downMs: 5 });
        emulator.settle();
        expect(emulator.store.revision).toBe(revision);
        expect(emulator.dataplane).toBe(dataplane);
      }),
      { numRuns: 120 },
    );
  });

  test('ready pods are endpoints, to the API and to kube-proxy, and nothing else is', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = run(seed, deeds);
        for (const app of APPS) {
          if (emulator.get('Service', `default/${app}`) === undefined) continue;
          const ready = emulator
            .list('Pod', 'default')
            .filter((pod) => pod.metadata.labels?.['app'] === app && isPodReady(pod) && isPodActive(pod));
          expect(readyTargets(emulator, app)).toEqual(ready.map(({ metadata }) => metadata.name).sort());
          // Pods on their node's network share its address: one endpoint to kube-proxy, however many they are.
          const addresses = new Set(ready.map(({ status }) => `${status.podIP}:${portOf(app)}`));
          const programmed = emulator.dataplane.service.get(`default/${app}`)?.ports[0]?.endpoints ?? [];
          expect(programmed.map(({ text }) => text).sort()).toEqual([...addresses].sort());
        }
      }),
      { numRuns: 120 },
    );
  });

  test('comes to have what was asked for: every app has its replicas where a node can take them', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = run(seed, deeds);
        if (emulator.list('Node').length === 0) return;
        for (const { metadata, spec, status } of emulator.list('Deployment')) {
          expect([metadata.name, status.readyReplicas ?? 0]).toEqual([metadata.name, spec.replicas]);
          expect(status.updatedReplicas ?? 0).toBe(spec.replicas);
        }
      }),
      { numRuns: 120 },
    );
  });
});
