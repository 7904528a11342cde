/** A recording that says something else fails, and the line names it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Suite } from '../../suite.ts';
import { kubeProxyConntrackSuite } from '../kube-proxy-conntrack.ts';
import { kubeProxyIpvsSuite } from '../kube-proxy-ipvs.ts';
import { kubeProxyTopologySuite } from '../kube-proxy-topology.ts';

const DATA = join(import.meta.dirname, '../../data');

interface Recorded {
  config: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into recordings of several formats.
  steps: any[];
}

const RANGES = 'TestLoadBalancerSourceRanges.json';
const REPLACED = 'extra__endpoint-replaced.json';
const RENAMED = 'TestUpdateEndpointsMap__rename-a-port.json';
const CONFLICT = 'TestCategorizeEndpoints__conflicting-topology-and-localness-require-merging-allEndpoints.json';

function replay(suite: Suite, name: string, change: (recorded: Recorded) => void) {
  const json = JSON.parse(readFileSync(join(DATA, suite.name, name), 'utf8')) as Recorded;
  change(json);
  const [result] = suite.run({ name, json });
  return result!;
}

const changes: readonly (readonly [string, Suite, string, string, (recorded: Recorded) => void])[] = [
  [
    'a real server less',
    kubeProxyIpvsSuite,
    RANGES,
    'realServers',
    (r) => r.steps[0].virtualServers[0].realServers.pop(),
  ],
  ['another scheduler', kubeProxyIpvsSuite, RANGES, 'scheduler', (r) => (r.config['ipvsScheduler'] = 'lc')],
  ['an element of a set', kubeProxyIpvsSuite, RANGES, 'ipsets', (r) => r.steps[0].ipsets[0].entries.push('10.0.0.1')],
  [
    'an address of the device',
    kubeProxyIpvsSuite,
    RANGES,
    'dummyDeviceAddresses',
    (r) => r.steps[0].dummyDeviceAddresses.pop(),
  ],
  [
    'a rule less',
    kubeProxyIpvsSuite,
    RANGES,
    'restoreInput',
    (r) => (r.steps[0].restoreInput = r.steps[0].restoreInput.replace('-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ\n', '')),
  ],
  [
    'two rules the other way round',
    kubeProxyIpvsSuite,
    RANGES,
    'ruleset',
    (r) =>
      (r.steps[0].ruleset = r.steps[0].ruleset.replace(
        /(-A KUBE-IPVS-FILTER .*KUBE-LOAD-BALANCER .*\n)(-A KUBE-IPVS-FILTER .*\n)/,
        '$2$1',
      )),
  ],
  ['a flow that was kept', kubeProxyConntrackSuite, REPLACED, 'deleted', (r) => r.steps[0].deleted.pop()],
  [
    'no clean-up',
    kubeProxyConntrackSuite,
    RENAMED,
    'conntrackCleanupRequired',
    (r) => (r.steps[1].conntrackCleanupRequired = false),
  ],
  [
    'an endpoint less',
    kubeProxyTopologySuite,
    CONFLICT,
    'clusterEndpoints',
    (r) => r.steps[0].expected.clusterEndpoints.pop(),
  ],
  [
    'a policy not used',
    kubeProxyTopologySuite,
    CONFLICT,
    'localEndpoints',
    (r) => (r.steps[0].expected.localEndpoints = null),
  ],
];

test.each(changes)('%s', (_, suite, name, place, change) => {
  const result = replay(suite, name, change);
  expect(result).toMatchObject({ outcome: 'failed', difference: { path: expect.stringContaining(place) } });
  expect(replay(suite, name, () => {})).toMatchObject({ outcome: 'passed' });
});

test.each([
  [kubeProxyIpvsSuite, RANGES],
  [kubeProxyConntrackSuite, REPLACED],
  [kubeProxyTopologySuite, CONFLICT],
])('what is not in the format is refused: %#', (suite, name) => {
  expect(() => replay(suite, name, (r) => (r.steps[0].surprise = 1))).toThrow('surprise');
});
