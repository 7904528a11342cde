/** Runs the suites over the recordings beside this file, and shows that a recording that says something else fails. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSuite } from './run.ts';
import type { CaseResult } from './suite.ts';
import { clusterSuite } from './suites/cluster.ts';
import { SUITES } from './suites/index.ts';

const DATA = join(import.meta.dirname, 'data');

describe('every recording is reproduced', () => {
  for (const suite of SUITES.filter(({ name }) => existsSync(join(DATA, name)))) {
    it(suite.name, () => {
      const lines: string[] = [];
      const { passed, failed } = runSuite(suite, join(DATA, suite.name), (line) => lines.push(line));
      expect(failed, lines.join('\n')).toBe(0);
      expect(passed).toBeGreaterThan(0);
    });
  }
});

interface Recorded {
  apply: { kind: string; metadata: { name: string }; spec: object }[];
  observed: { EndpointSlice: RecordedSlice[]; Service: { spec: { clusterIP: string } }[]; Pod: object[] };
  rules: Record<string, { iptables: string }>;
  [field: string]: unknown;
}

interface RecordedSlice {
  metadata: { name: string; annotations?: unknown; labels: Record<string, string> };
  endpoints: { addresses: string[]; zone: string; conditions: { ready: boolean }; targetRef: { name: string } }[];
  ports: object[];
}

function recorded(name: string): Recorded {
  return JSON.parse(readFileSync(join(DATA, 'cluster', name), 'utf8'));
}

const THREE_ENDPOINTS = '02-three-endpoints.json';
const PORTS_IN_HASH_ORDER = '10-udp-sctp.json';

function replay(name: string, change: (recording: Recorded) => void): CaseResult {
  const json = recorded(name);
  change(json);
  const [result] = clusterSuite.run({ name, json });
  return result!;
}

function pathOfFailure(result: CaseResult): string {
  return result.outcome === 'failed' ? result.difference.path : result.outcome;
}

const webSlice = ({ observed }: Recorded) =>
  observed.EndpointSlice.find(({ metadata }) => metadata.name.startsWith('web-'))!;
const kubernetesSlice = ({ observed }: Recorded) =>
  observed.EndpointSlice.find((s) => s.metadata.name === 'kubernetes')!;

function changeRules(recording: Recorded, change: (lines: string[]) => void): void {
  const [node] = Object.values(recording.rules);
  const lines = node!.iptables.split('\n');
  change(lines);
  node!.iptables = lines.join('\n');
}

const indexOfRule = (lines: readonly string[], text: string) => {
  const index = lines.findIndex((line) => line.startsWith('-A') && line.includes(text));
  if (index < 0) throw new Error(`the recording has no rule with ${text}`);
  return index;
};

describe('a recorded cluster that says something else fails, and the line names it', () => {
  const changes: readonly (readonly [string, string, (recording: Recorded) => void])[] = [
    ['an address', 'EndpointSlice', (r) => webSlice(r).endpoints[0]!.addresses.splice(0, 1, '10.244.0.99')],
    ['an endpoint less', 'EndpointSlice', (r) => webSlice(r).endpoints.pop()],
    ['an endpoint twice', 'EndpointSlice', (r) => webSlice(r).endpoints.push(webSlice(r).endpoints[0]!)],
    ['a zone', 'zone', (r) => (webSlice(r).endpoints[1]!.zone = 'z9')],
    ['a condition', 'ready', (r) => (webSlice(r).endpoints[2]!.conditions.ready = false)],
    ['a target', 'targetRef', (r) => (webSlice(r).endpoints[0]!.targetRef.name = 'other')],
    ['an annotation less', 'EndpointSlice', (r) => delete webSlice(r).metadata.annotations],
    ['a label', 'EndpointSlice', (r) => (webSlice(r).metadata.labels['team'] = 'a')],
    ['a slice less', 'EndpointSlice', (r) => r.observed.EndpointSlice.pop()],
    ['the address of the apiserver', 'kubernetes', (r) => (kubernetesSlice(r).endpoints[0]!.addresses = ['10.0.0.1'])],
    ['a pod less', 'observed.Pod', (r) => r.observed.Pod.pop()],
    ['a cluster IP', 'observed.Service', (r) => (r.observed.Service[0]!.spec.clusterIP = '10.96.0.77')],
    [
      'a rule less',
      'KUBE-SEP-',
      (r) => changeRules(r, (lines) => lines.splice(indexOfRule(lines, '--to-destination'), 1)),
    ],
    [
      'a probability',
      'KUBE-SVC-',
      (r) =>
        changeRules(r, (lines) => {
          const index = indexOfRule(lines, '0.50000000000');
          lines[index] = lines[index]!.replace('0.50000000000', '0.25000000000');
        }),
    ],
    [
      'two rules the other way round',
      'KUBE-SVC-',
      (r) =>
        changeRules(r, (lines) => {
          const index = indexOfRule(lines, '-m statistic');
          lines.splice(index, 2, lines[index + 1]!, lines[index]!);
        }),
    ],
    ['a chain more', 'KUBE-SVC-X', (r) => changeRules(r, (lines) => lines.splice(1, 0, ':KUBE-SVC-X - [0:0]'))],
    [
      'a policy',
      'FORWARD',
      (r) => changeRules(r, (lines) => lines.splice(lines.indexOf('*filter') + 2, 1, ':FORWARD DROP [0:0]')),
    ],
    ['a node that does not exist', 'rules.node9', (r) => (r.rules['node9'] = r.rules['node1']!)],
  ];

  it.each(changes)('%s', (_, named, change) => {
    const result = replay(THREE_ENDPOINTS, change);
    expect(result.outcome).toBe('failed');
    expect(pathOfFailure(result)).toContain(named);
  });

  it('ports in another order', () => {
    const result = replay(PORTS_IN_HASH_ORDER, ({ observed }) => {
      observed.EndpointSlice.find(({ metadata }) => metadata.name.startsWith('m-'))!.ports.reverse();
    });
    expect(result.outcome).toBe('failed');
  });
});

describe('a recorded cluster passes whatever the real program leaves to chance', () => {
  it('the order of endpoints and of the rules that list Services', () => {
    const result = replay(THREE_ENDPOINTS, (recording) => {
      webSlice(recording).endpoints.reverse();
      changeRules(recording, (lines) => {
        const index = indexOfRule(lines, 'cluster IP');
        lines.splice(index, 2, lines[index + 1]!, lines[index]!);
      });
    });
    expect(result).toMatchObject({ outcome: 'passed' });
  });
});

describe('what is not in the format is refused', () => {
  it.each<readonly [string, (recording: Recorded) => void]>([
    ['surprise', (r) => (r['surprise'] = 1)],
    ['colour', (r) => Object.assign(r.apply.at(-1)!.spec, { colour: 'red' })],
    ['Gizmo', (r) => r.apply.push({ apiVersion: 'v1', kind: 'Gizmo', metadata: { name: 'a' } } as never)],
    ['rules', (r) => (r.rules = {})],
    ['observed', (r) => Reflect.deleteProperty(r, 'observed')],
  ])('%s', (named, change) => {
    expect(() => replay(THREE_ENDPOINTS, change)).toThrow(named);
  });
});
