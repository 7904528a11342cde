/** One seed, one run: the same script gives the same bytes, in any process and on any machine. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Emulator } from '../../src/emulator/index.ts';
import { aCluster } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';
import { APPS, act, anAppsDeployment, anAppsService, type Deed, heal, someDeeds } from './churn.ts';

/** A line for everything that happened in a cluster, from its first moment on, and for everything that was sent in it. */
function transcript(seed: number, deeds: readonly Deed[], jitterMs: number): readonly string[] {
  const lines: string[] = [];
  const emulator = new Emulator(aCluster(), { seed, jitterMs });
  emulator.happenings.subscribe((happening) => lines.push(JSON.stringify(happening)));
  emulator.boot();
  for (const [index, app] of APPS.entries()) emulator.apply([anAppsDeployment(app, index + 2), anAppsService(app)]);
  emulator.settle();
  for (const deed of deeds) act(emulator, deed);
  heal(emulator);
  for (const { metadata } of emulator.list('Node')) {
    lines.push(emulator.dump('iptables', metadata.name), emulator.dump('routes', metadata.name));
    for (const { spec } of emulator.list('Service')) {
      const to = `tcp://${spec.clusterIP}:${spec.ports?.[0]?.port}`;
      lines.push(JSON.stringify(emulator.send({ from: `node/${metadata.name}`, to })));
    }
  }
  lines.push(emulator.dump('zone', ''));
  return lines;
}

test('two emulators of one seed write the same transcript, byte for byte', () => {
  holds(
    fc.property(fc.integer(), someDeeds, fc.nat({ max: 50 }), (seed, deeds, jitterMs) => {
      const [once, again] = [transcript(seed, deeds, jitterMs), transcript(seed, deeds, jitterMs)];
      // A whole transcript is no help to whoever reads the failure: the first line that differs is.
      const first = once.findIndex((line, index) => line !== again[index]);
      expect([again[first], again.length]).toEqual([once[first], once.length]);
    }),
    { numRuns: 40 },
  );
});

test('another seed writes another transcript', () => {
  expect(transcript(2, [], 20)).not.toEqual(transcript(1, [], 20));
});

const DEEDS: readonly Deed[] = [
  { deed: 'expose', app: 'a', type: 'NodePort' },
  { deed: 'lag', program: 'kube-proxy', ms: 2500 },
  { deed: 'scale', app: 'a', replicas: 7 },
  { deed: 'crash-after', program: 'kube-controller-manager', intents: 4 },
  { deed: 'deploy', app: 'b', replicas: 4, hostNetwork: true },
  { deed: 'advance', ms: 3000 },
  { deed: 'kill', app: 'c', force: true },
  { deed: 'crash', program: 'coredns', ms: 700 },
  { deed: 'hide', app: 'b' },
  { deed: 'silence', node: 1, on: true },
  { deed: 'advance', ms: 70_000 },
  { deed: 'nodes', count: 4 },
  { deed: 'delete-node', node: 0 },
  { deed: 'advance', ms: 90_000 },
];

// What this script comes to on another machine or another Node. Where it differs after a change of code that was meant to
// change it, `npx vitest run test/properties/transcript.test.ts -u` writes it anew.
test('one seed and one script come to the bytes that they came to before', async () => {
  const lines = transcript(20_260_101, DEEDS, 20);
  const kinds = ['event', 'reconcile', 'refused', 'fault', 'log'];
  const digests = kinds.map((kind) =>
    digestOf(
      kind,
      lines.filter((line) => line.startsWith(`{"what":"${kind}"`)),
    ),
  );
  const others = lines.filter((line) => !line.startsWith('{"what"'));
  const written = [...digests, digestOf('dumps and packets', others), digestOf('all', lines), ''];
  await expect(written.join('\n')).toMatchFileSnapshot('transcript.digest.txt');
});

function digestOf(name: string, lines: readonly string[]): string {
  return `${name}: ${lines.length} ${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}
