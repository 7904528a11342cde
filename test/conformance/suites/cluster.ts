/**
 * Whole clusters: manifests in; Services, Pods, EndpointSlices and each node's iptables rules out. One case a file.
 * Format: the README of the recorded clusters.
 */
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { nameOf, normalObject, normalSlices } from './cluster/observed.ts';
import { type Recording, recordingOf } from './cluster/recording.ts';
import { ReplayedCluster } from './cluster/replay.ts';
import { normalTables } from './iptables-save.ts';

const NFTABLES_NOTE = 'nftables: not compared yet';

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
  for (const [name, { iptables }] of Object.entries(recording.rules)) {
    const node = recording.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) return { path: `rules.${name}`, expected: 'one of the nodes', got: undefined };
    const expected = normalTables(iptables);
    if (Object.keys(expected).length === 0)
      return { path: `rules.${name}.iptables`, expected: 'tables', got: iptables };
    const difference = firstDifference(expected, normalTables(cluster.iptables(node)), `rules.${name}.iptables`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function replay(name: string, json: unknown): CaseResult {
  const recording = recordingOf(json);
  const cluster = new ReplayedCluster(recording);
  const notes = Object.values(recording.rules).some(({ nftables }) => nftables !== undefined) ? [NFTABLES_NOTE] : [];
  const difference = objectsDiffer(recording, cluster) ?? rulesDiffer(recording, cluster);
  if (difference === undefined) return { case: name, notes, outcome: 'passed' };
  return { case: name, notes, outcome: 'failed', difference };
}

export const clusterSuite: Suite = {
  name: 'cluster',
  *run({ name, json }) {
    yield replay(name, json);
  },
};
