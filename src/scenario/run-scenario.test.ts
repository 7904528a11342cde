import { expect, test } from 'vitest';
import type { SendResult } from '../emulator/index.ts';
import type { KubernetesObject } from '../model/index.ts';
import type { EmulatedCluster } from './emulated-cluster.ts';
import type { Entry } from './entry.ts';
import { formatProblem } from './problem.ts';
import { readScenario } from './read-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { TextTranscript } from './text-transcript.ts';

const object = (kind: string, name: string, more: object = {}) =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'default', ...more } }) as unknown as KubernetesObject;

const OBJECTS: { readonly [name: string]: KubernetesObject } = {
  'Pod default/api-x-1': object('Pod', 'api-x-1', {
    labels: { app: 'api' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'api-x' }],
  }),
  'ReplicaSet default/api-x': object('ReplicaSet', 'api-x', { ownerReferences: [{ kind: 'Deployment', name: 'api' }] }),
  'Service default/api': {
    ...object('Service', 'api'),
    spec: { selector: { app: 'api' } },
  } as unknown as KubernetesObject,
};

const CONNECTED: SendResult = {
  traces: [],
  outcome: 'connected',
  deliveredTo: 'pod/default/api-x-1',
  sourceSeen: '10.244.1.10:40000',
};

/** A cluster of fixed answers: what the runner makes of them is what is tested. */
function fixedCluster(change: Partial<EmulatedCluster> = {}): EmulatedCluster {
  const accepted = { ok: true as const, object: OBJECTS['Pod default/api-x-1']!, changed: true };
  return {
    now: 1500,
    boot: () => {},
    cloud: undefined,
    happenings: { subscribe: () => ({ unsubscribe: () => {} }) },
    apply: (manifests) => manifests.map(() => accepted),
    remove: () => accepted,
    scale: () => accepted,
    patch: () => accepted,
    cordon: () => accepted,
    operate: () => undefined,
    settle: () => ({ at: 1500, revision: 9, reconciles: 4 }),
    advance: () => ({ at: 1500, revision: 9, reconciles: 4 }),
    resolve: () => ({
      resolvConf: '',
      exchanges: [],
      rcode: 'NOERROR',
      tookMs: 0,
      addresses: ['10.96.0.51', '10.96.0.50'],
    }),
    send: () => CONNECTED,
    inject: () => {},
    get: (kind, key) => OBJECTS[`${kind} ${key}`],
    list: (kind) => Object.values(OBJECTS).filter((each) => each.kind === kind),
    query: () => undefined,
    dump: () => '',
    ...change,
  };
}

function run(steps: string, cluster = fixedCluster()) {
  const text = `apiVersion: orrery/v1\nkind: Scenario\nmetadata: { name: s }\nspec:\n  steps:\n${steps}`;
  const read = readScenario({ file: 's.yaml', text, readFile: () => undefined });
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  const entries: Entry[] = [];
  const report = runScenario(read.scenario, cluster, { listener: (entry) => entries.push(entry) });
  const checks = entries.flatMap((entry) =>
    entry.what === 'expectation' ? [`${entry.met ? 'ok' : 'no'} ${entry.text}`] : [],
  );
  return { report, entries, checks };
}

test.each([
  ['{ outcome: connected }', 'ok outcome connected'],
  ['{ outcome: refused }', 'no outcome refused, but found connected'],
  ['{ delivered: pod/api-x-1 }', 'ok delivered pod/api-x-1'],
  ['{ delivered: deployment/api }', 'ok delivered deployment/api'],
  ['{ delivered: deployment/other }', 'no delivered deployment/other, but found pod/default/api-x-1'],
  ['{ delivered: service/api }', 'ok delivered service/api'],
  ['{ delivered: app=api }', 'ok delivered app=api'],
  ['{ delivered: app=other }', 'no delivered app=other, but found pod/default/api-x-1'],
  ['{ delivered: [pod/b, pod/api-x-1] }', 'ok delivered pod/b or pod/api-x-1'],
  ['{ sourceSeen: 10.244.1.10 }', 'ok source seen 10.244.1.10'],
  ['{ sourceSeen: 10.244.1.1 }', 'no source seen 10.244.1.1, but found 10.244.1.10:40000'],
  ['{ httpStatus: 200 }', 'no HTTP status 200, but found nothing'],
])('send expects %s', (expectation, check) => {
  const { checks, report } = run(`    - send: { from: pod/a, to: "tcp://10.96.0.50:80", expect: ${expectation} }\n`);
  expect(checks).toEqual([check]);
  expect(report.failures).toBe(check.startsWith('no') ? 1 : 0);
});

test('addresses are compared without their order, which CoreDNS shuffles', () => {
  const { checks } = run(
    '    - resolve: { from: pod/a, name: b, expect: { addresses: [10.96.0.50, 10.96.0.51], queries: 1 } }\n',
  );
  expect(checks).toEqual(['ok addresses [10.96.0.50, 10.96.0.51]', 'no queries 1, but found 0']);
});

test.each([
  [[1000, 1010, 990], 'ok'],
  [[1100, 1000, 900], 'no'],
  [[1500, 1500, 0], 'no'],
])('3,000 connections to three pods as %j', (counts, verdict) => {
  let n = 0;
  const ends = counts.flatMap((count, i) => Array<string>(count).fill(`pod/default/p${i}`));
  const cluster = fixedCluster({ send: () => ({ ...CONNECTED, deliveredTo: ends[n++]! }) });
  const shares = '{ pod/p0: 1/3, pod/p1: 1/3, pod/p2: 0.3333333333 }';
  const { checks } = run(
    `    - send: { from: pod/a, to: "tcp://10.96.0.50:80", count: 3000, expect: { shares: ${shares}, chiSquareAbove: 0.001 } }\n`,
    cluster,
  );
  expect(checks).toHaveLength(1);
  expect(checks[0]).toMatch(new RegExp(`^${verdict} chi-square probability above 0.001`));
});

test('one connection that is unlike the others fails the expectation', () => {
  let n = 0;
  const cluster = fixedCluster({ send: () => (n++ === 7 ? { traces: [], outcome: 'refused' } : CONNECTED) });
  const { checks } = run(
    '    - send: { from: pod/a, to: "tcp://10.96.0.50:80", count: 20, expect: { outcome: connected } }\n',
    cluster,
  );
  expect(checks).toEqual(['no outcome connected, but found refused']);
});

test.each([
  ['{ apiVersion: v1, kind: Pod, metadata: { name: api-x-1, labels: { app: api } } }', 'ok Pod api-x-1 as described'],
  [
    '{ apiVersion: v1, kind: Pod, metadata: { name: api-x-1, labels: { app: b } } }',
    'no Pod api-x-1: metadata.labels.app is "api", not "b"',
  ],
  ['{ apiVersion: v1, kind: Pod, metadata: { name: c } }', 'no Pod c as described, but it does not exist'],
  ['{ apiVersion: v1, kind: Pod, metadata: { name: c }, absent: true }', 'ok Pod c is absent'],
  ['{ apiVersion: v1, kind: Pod, metadata: { labels: { app: api } } }', 'ok some Pod as described'],
  ['{ apiVersion: v1, kind: Pod, metadata: { labels: { app: api } }, absent: true }', 'no no Pod as described'],
])('assert %s', (expected, check) => {
  expect(run(`    - assert: ${expected}\n`).checks).toEqual([check]);
});

test("the apiserver's refusal names the field's line and ends the run", () => {
  const status = {
    code: 422 as const,
    reason: 'Invalid',
    message: 'Service "b" is invalid: spec.ports[0].port: Invalid value: 99999',
    details: { causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value', field: 'spec.ports[0].port' }] },
  };
  const steps =
    '    - apply:\n        apiVersion: v1\n        kind: Service\n        metadata: { name: b }\n        spec:\n          ports:\n            - port: 99999\n    - settle: {}\n';
  const { report, entries } = run(steps, fixedCluster({ apply: () => [{ ok: false, status }] }));
  expect(report.problems.map(formatProblem)).toEqual([
    's.yaml:12:15 spec.steps[0].apply.spec.ports[0].port: Service "b" is invalid: spec.ports[0].port: Invalid value: 99999',
  ]);
  expect(entries.some((entry) => entry.what === 'settled')).toBe(false);
});

test('the text of a run', () => {
  const { entries } = run(
    '    - title: first\n      settle: {}\n    - send: { from: pod/a, to: "tcp://10.96.0.50:80", expect: { outcome: refused } }\n',
  );
  const lines: string[] = [];
  const transcript = new TextTranscript((line) => lines.push(line), { trace: false });
  for (const entry of entries) transcript.add(entry);
  expect(lines.slice(3)).toEqual([
    '',
    '     1.500s step 1 of 2: first (settle)',
    '     1.500s   settled at revision 9 after 4 reconciles',
    '',
    '     1.500s step 2 of 2: send from pod/a to tcp://10.96.0.50:80',
    '     1.500s   outcome: connected, delivered to pod/default/api-x-1, which saw 10.244.1.10:40000',
    '     1.500s   FAILED: expected outcome refused, but found connected',
    '',
    '     1.500s end: 1 expectations, 1 failed',
  ]);
});
