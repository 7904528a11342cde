/**
 * Whole clusters: manifests in; Services, Pods, EndpointSlices and each node's iptables and nftables rules out. One case a file.
 * Format: the README of the recorded clusters.
 */
import { firstDifference } from '../difference.ts';
import { normalTables } from '../iptables-save.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { nameOf, normalObject, normalSlices } from './cluster/observed.ts';
import { type Recording, recordingOf } from './cluster/recording.ts';
import { ReplayedCluster } from './cluster/replay.ts';
import { inListOrder } from './kube-proxy-nftables/normal-form.ts';

function byName(objects: readonly object[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(objects.map((object) => [nameOf(object), normalObject(object)]));
}

function objectsDiffer(recording: Recording, cluster: ReplayedCluster): Difference | undefined {
  const { observed } = recording;
  const pods = cluster.list('Pod');
  const uids = new Map(pods.map((pod) => [nameOf(pod), pod.metadata.uid]));
  return (
    firstDifference(byName(observed.Pod), byName(pods), 'observed.Pod') ??
    firstDifference(byName(observed.Service), byName(cluster.list('Service')), 'observed.Service') ??
    firstDifference(
      normalSlices(observed.EndpointSlice),
      normalSlices(cluster.list('EndpointSlice'), uids),
      'observed.EndpointSlice',
    )
  );
}

function rulesDiffer(recording: Recording, cluster: ReplayedCluster): Difference | undefined {
  for (const [name, { iptables, nftables }] of Object.entries(recording.rules)) {
    const node = recording.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) return { path: `rules.${name}`, expected: 'one of the nodes', got: undefined };
    const expected = normalTables(iptables);
    if (Object.keys(expected).length === 0)
      return { path: `rules.${name}.iptables`, expected: 'tables', got: iptables };
    const difference =
      firstDifference(expected, normalTables(cluster.iptables(node)), `rules.${name}.iptables`) ??
      nftablesDiffer(nftables, cluster.nftables(node), `rules.${name}.nftables`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function nftablesDiffer(recorded: string | undefined, got: string, path: string): Difference | undefined {
  if (recorded === undefined) return undefined;
  return firstDifference(inListOrder(recorded).split('\n'), inListOrder(got).split('\n'), path);
}

function replay(name: string, json: unknown): CaseResult {
  const recording = recordingOf(json);
  const cluster = new ReplayedCluster(recording);
  const difference = objectsDiffer(recording, cluster) ?? rulesDiffer(recording, cluster);
  if (difference === undefined) return { case: name, outcome: 'passed' };
  return { case: name, outcome: 'failed', difference };
}

export const clusterSuite: Suite = {
  name: 'cluster',
  *run({ name, json }) {
    yield replay(name, json);
  },
};
