/** From anywhere in a cluster, whatever befell it before, Services answer for themselves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emulator, SendResult } from '../../src/emulator/index.ts';
import { isPodActive, isPodReady, keyOf, type Pod, type Service, type Trace } from '../../src/model/index.ts';
import { aDeployment, aPod, aService } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';
import { act, anAppsDeployment, anEstablishedCluster, type Deed, heal, someDeeds, someUsersDeeds } from './churn.ts';

/** A cluster after churn, with clients of each sort beside the apps, and a Service that nobody stands behind. */
function aCityOf(seed: number, deeds: readonly Deed[]): Emulator {
  const emulator = anEstablishedCluster(seed);
  for (const deed of deeds) act(emulator, deed);
  // More machines than any deed asks for: some are new, and have their nodes.
  emulator.scaleNodePool('nodepool1', 7);
  heal(emulator);
  emulator.apply([
    aDeployment('udp', 2, {
      containers: [{ name: 'u', image: 'x', ports: [{ containerPort: 5353, protocol: 'UDP' }] }],
    }),
    aService('udp', { ports: [{ port: 53, targetPort: 5353, protocol: 'UDP' }] }),
    aService('nobody'),
    aPod('client'),
    aPod('host-client', { hostNetwork: true, containers: [{ name: 'c', image: 'x' }] }),
  ]);
  emulator.settle();
  return emulator;
}

/** Every network that a process may be in: each running pod, on its node's network or its own, and each node. */
function clientsOf(emulator: Emulator): readonly string[] {
  const running = emulator.list('Pod').filter((pod) => pod.status.phase === 'Running' && isPodActive(pod));
  const nodes = emulator.list('Node').map(({ metadata }) => `node/${metadata.name}`);
  return [...running.map((pod) => `pod/${keyOf(pod)}`), ...nodes];
}

/** The ready pods that a Service selects; all of them where it has no selector. */
function backendsOf(emulator: Emulator, { metadata, spec }: Service): readonly Pod[] {
  const selector = Object.entries(spec.selector ?? {});
  const pods = emulator.list('Pod', metadata.namespace).filter((pod) => isPodReady(pod) && isPodActive(pod));
  return pods.filter((pod) => selector.every(([key, value]) => pod.metadata.labels?.[key] === value));
}

interface Asked {
  readonly service: Service;
  readonly url: string;
  readonly address: string;
  /** the hosts that may answer; empty where none stands behind the Service */
  readonly answerers: readonly string[];
}

/** Each port of each Service at its ClusterIP, as URLs, and who ought to answer. */
function questionsOf(emulator: Emulator): readonly Asked[] {
  return emulator.list('Service').flatMap((service) =>
    (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => {
      const address = `${service.spec.clusterIP}:${port}`;
      const pods = backendsOf(emulator, service).map((pod) => `pod/${keyOf(pod)}`);
      const { apiServer } = emulator.settings;
      const answerers = keyOf(service) === 'default/kubernetes' ? [`external/${apiServer.address}`] : pods;
      return { service, url: `${protocol.toLowerCase()}://${address}`, address, answerers };
    }),
  );
}

/** What is wrong with an answer; undefined where it is as it must be. */
function complaint(result: SendResult, { address, answerers }: Asked): string | undefined {
  const { outcome, answeredFrom, deliveredTo } = result;
  if (answerers.length === 0) return outcome === 'refused' ? undefined : `${outcome} where nobody stands behind it`;
  if (outcome !== 'connected') return outcome;
  if (answeredFrom !== address) return `answered from ${answeredFrom}`;
  return answerers.includes(deliveredTo ?? '') ? undefined : `answered by ${deliveredTo}`;
}

function complaints(emulator: Emulator): readonly string[] {
  const asked = questionsOf(emulator);
  return clientsOf(emulator).flatMap((from) =>
    asked.flatMap((question) => {
      const wrong = complaint(emulator.send({ from, to: question.url, record: false }), question);
      return wrong === undefined ? [] : [`${from} asked ${question.url} of ${keyOf(question.service)}: ${wrong}`];
    }),
  );
}

describe('a Service with ready endpoints', () => {
  test('answers every pod and every node, from the address that was asked, and one without refuses', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        expect(complaints(aCityOf(seed, deeds))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('answers its only pod, from the address that was asked: the packet turns round at the node', () => {
    holds(
      fc.property(fc.integer(), someUsersDeeds, (seed, deeds) => {
        const emulator = aCityOf(seed, deeds);
        emulator.apply([aDeployment('alone', 1), aService('alone')]);
        emulator.settle();
        const [pod] = emulator.list('Pod', 'default').filter(({ metadata }) => metadata.labels?.['app'] === 'alone');
        const { clusterIP } = emulator.get('Service', 'default/alone')!.spec;
        const name = `pod/${keyOf(pod!)}`;
        const result = emulator.send({ from: name, to: `http://${clusterIP}/`, record: false });
        expect(result).toMatchObject({
          outcome: 'connected',
          deliveredTo: name,
          answeredFrom: `${clusterIP}:80`,
          httpStatus: 200,
        });
        // It must not see its own address as the sender's: it would answer itself past the node, from the wrong address.
        expect(result.sourceSeen).not.toContain(`${pod!.status.podIP}:`);
      }),
      { numRuns: 20 },
    );
  });

  test('is found by its name from every pod, and answers by it', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = aCityOf(seed, deeds);
        const services = emulator
          .list('Service', 'default')
          .filter((service) => service.spec.selector !== undefined && backendsOf(emulator, service).length > 0);
        const clients = emulator
          .list('Pod', 'default')
          .filter((pod) => isPodReady(pod) && pod.spec.hostNetwork !== true);
        for (const { metadata, spec } of services.filter(({ metadata: { name } }) => name !== 'udp')) {
          for (const client of clients) {
            const result = emulator.send({
              from: `pod/${keyOf(client)}`,
              to: `http://${metadata.name}/`,
              record: false,
            });
            expect(result).toMatchObject({
              outcome: 'connected',
              answeredFrom: `${spec.clusterIP}:80`,
              httpStatus: 200,
            });
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('of type NodePort answers at every node, wherever its pods are', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = aCityOf(seed, [...deeds, { deed: 'expose', app: 'a', type: 'NodePort' }]);
        emulator.apply([anAppsDeployment('a', 2)]);
        emulator.settle();
        const { nodePort } = emulator.get('Service', 'default/a')!.spec.ports![0]!;
        for (const node of emulator.list('Node')) {
          const address = node.status.addresses!.find(({ type }) => type === 'InternalIP')!.address;
          for (const from of ['pod/client', 'pod/host-client', 'node/' + node.metadata.name]) {
            const result = emulator.send({ from, to: `http://${address}:${nodePort}/`, record: false });
            expect([from, address, result]).toMatchObject([
              from,
              address,
              { outcome: 'connected', answeredFrom: `${address}:${nodePort}` },
            ]);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** Where each packet of a trace was last, and what it was then: a verdict that says otherwise contradicts its own trace. */
function lastPlaceOf({ steps }: Trace): string | undefined {
  const last = steps.findLast((step) => 'host' in step || step.step === 'forward');
  if (last === undefined) return undefined;
  return last.step === 'forward' ? last.to : last.host;
}

const OUTCOMES_BY_VERDICT = {
  delivered: ['connected', 'refused', 'timed-out'],
  rejected: ['refused', 'unreachable', 'timed-out'],
  dropped: ['timed-out'],
  unroutable: ['unreachable', 'timed-out'],
} as const;

describe('a trace', () => {
  test('ends in one verdict with its reason, where its last step was, at any moment of any misfortune', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const emulator = anEstablishedCluster(seed);
        for (const deed of deeds) {
          act(emulator, deed);
          for (const from of clientsWithNetworks(emulator)) {
            for (const { url } of questionsOf(emulator)) {
              const { traces, outcome } = emulator.send({ from, to: url });
              expect(traces.length).toBeGreaterThan(0);
              for (const trace of traces) {
                expect(trace.verdict.reason).not.toBe('');
                // What nobody takes ends between the hosts.
                const place = trace.verdict.host === 'VNet' ? 'VNet' : lastPlaceOf(trace);
                expect([trace.verdict, place]).toEqual([trace.verdict, trace.verdict.host]);
              }
              expect(OUTCOMES_BY_VERDICT[traces[0]!.verdict.verdict]).toContain(outcome);
            }
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  test('is the same walk whether it is recorded or not', () => {
    holds(
      fc.property(fc.integer(), someDeeds, (seed, deeds) => {
        const [recorded, silent] = [aCityOf(seed, deeds), aCityOf(seed, deeds)];
        for (const from of clientsOf(recorded)) {
          for (const { url } of questionsOf(recorded)) {
            const { traces, ...seen } = recorded.send({ from, to: url, record: true });
            const { traces: none, ...unseen } = silent.send({ from, to: url, record: false });
            expect([traces.length > 0, none.length]).toEqual([true, 0]);
            expect(unseen).toEqual(seen);
          }
        }
      }),
      { numRuns: 10 },
    );
  });
});

/** The first few clients that have a network just now. */
function clientsWithNetworks(emulator: Emulator): readonly string[] {
  const { pod, node } = emulator.dataplane;
  const pods = emulator.list('Pod').filter((each) => pod.get(keyOf(each))?.uid === each.metadata.uid);
  const nodes = emulator.list('Node').filter(({ metadata }) => node.get(metadata.name) !== undefined);
  return [
    ...pods.slice(0, 2).map((each) => `pod/${keyOf(each)}`),
    ...nodes.slice(0, 1).map(({ metadata }) => `node/${metadata.name}`),
  ];
}
