/** What holds of every cluster, whatever befalls it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Emulator, INVARIANTS, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import { findCondition, isPodActive, isPodReady, keyOf, type Pod } from '../../src/model/index.ts';
import { holds } from '../support/seed.ts';
import { APPS, act, anEstablishedCluster, type Deed, heal, portOf, someDeeds } from './churn.ts';

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

function hostPortsOf(containers: Pod['spec']['containers']): readonly number[] {
  return containers.flatMap(({ ports = [] }) => ports.flatMap(({ hostPort }) => hostPort ?? []));
}

/** The nodes that could take a pod which is not ready: those where no other pod has a port that it wants. */
function nodesFor(emulator: Emulator, pod: Pod): readonly string[] {
  const wanted = hostPortsOf(pod.spec.containers);
  const takes = ({ spec }: Pod) => hostPortsOf(spec.containers).some((port) => wanted.includes(port));
  const takers = new Set(
    emulator
      .list('Pod')
      .filter(takes)
      .map(({ spec }) => spec.nodeName),
  );
  return emulator
    .list('Node')
    .map(({ metadata }) => metadata.name)
    .filter((name) => !takers.has(name));
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
          const addresses = ready.map(({ status }) => `${status.podIP}:${portOf(app)}`);
          const programmed = emulator.dataplane.service.get(`default/${app}`)?.ports[0]?.endpoints ?? [];
          expect(programmed.map(({ text }) => text).sort()).toEqual(addresses.sort());
        }
      }),
      { numRuns: 120 },
    );
  });

  test('comes to have what was asked for: every replica, where a node can take it', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = run(seed, deeds);
        for (const { metadata, status } of emulator.list('Node')) {
          expect([metadata.name, findCondition(status.conditions, 'Ready')?.status]).toEqual([metadata.name, 'True']);
        }
        for (const pod of emulator.list('Pod')) {
          if (!isPodReady(pod)) expect([keyOf(pod), nodesFor(emulator, pod)]).toEqual([keyOf(pod), []]);
        }
        if (emulator.list('Node').length === 0) return;
        for (const { metadata, spec, status } of emulator.list('Deployment')) {
          // One pod a node can have a port of it: of such an app no more may run than there are nodes.
          const { hostNetwork, containers } = spec.template.spec;
          if (hostNetwork === true || hostPortsOf(containers).length > 0) continue;
          const { readyReplicas = 0, updatedReplicas = 0 } = status;
          expect([metadata.name, readyReplicas, updatedReplicas]).toEqual([
            metadata.name,
            spec.replicas,
            spec.replicas,
          ]);
        }
      }),
      { numRuns: 120 },
    );
  });
});
