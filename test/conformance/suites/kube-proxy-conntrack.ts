/**
 * kube-proxy's clean-up of tracked connections: which it deletes, how it names them to the kernel, and when it begins.
 * One case a file. Format: the README of the kube-proxy recordings.
 */
import {
  ChangeTracker,
  flowFilter,
  healthCheckOf,
  staleFlows,
  withoutFlows,
} from '../../../controllers/kube-proxy/index.ts';
import type { ServiceEndpoint } from '../../../src/dataplane/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { flowOf, recordedFlow } from './kube-proxy-conntrack/flows.ts';
import {
  type RecordedEndpoint,
  type RecordedOf,
  type Recording,
  recordingOf,
} from './kube-proxy-conntrack/recording.ts';

function familyOf({ ipFamily }: { readonly ipFamily: 'IPv4' | 'IPv6' }) {
  return ipFamily === 'IPv4' ? 4 : 6;
}

/** Compared as lists: flows are deleted in the order in which the kernel lists them. */
function cleanUpDiffers({ config, steps }: RecordedOf<'clean-stale-entries'>): Difference | undefined {
  const family = familyOf(config);
  let tracker = ChangeTracker.empty(family);
  for (const [i, { services, endpointSlices, conntrackBefore, deleted, kept }] of steps.entries()) {
    tracker = tracker.update({ services, slices: endpointSlices }).tracker;
    const table = conntrackBefore.map(flowOf);
    const stale = staleFlows(table, tracker.services, family);
    const difference =
      firstDifference(deleted, stale.map(recordedFlow), `steps[${i}].deleted`) ??
      firstDifference(kept, withoutFlows(table, stale).map(recordedFlow), `steps[${i}].kept`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function deletionDiffers({ steps }: RecordedOf<'delete-entries'>): Difference | undefined {
  for (const [i, { conntrackBefore, requested, deletedCount, kept }] of steps.entries()) {
    const left = withoutFlows(conntrackBefore.map(flowOf), requested.map(flowOf));
    const got = { deletedCount: conntrackBefore.length - left.length, kept: left.map(recordedFlow) };
    const difference = firstDifference({ deletedCount, kept }, got, `steps[${i}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function filterDiffers({ steps }: RecordedOf<'flow-filter'>): Difference | undefined {
  for (const [i, { filterFlows, flow, match }] of steps.entries()) {
    const difference = firstDifference(match, flowFilter(filterFlows.map(flowOf))(flowOf(flow)), `steps[${i}].match`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function recordedEndpoint({ text, nodeName, ready, serving, terminating }: ServiceEndpoint, node: string) {
  return { endpoint: text, local: nodeName === node, ready, serving, terminating } satisfies RecordedEndpoint;
}

/** `ns1/ep1:p11 UDP`; a port without a name has no colon. */
function servicePortName(key: string, port: string): string {
  const slash = port.lastIndexOf('/');
  const name = port.slice(0, slash);
  return `${key}${name === '' ? '' : `:${name}`} ${port.slice(slash + 1)}`;
}

function endpointsMap(tracker: ChangeTracker, node: string) {
  const entries = [...tracker.endpointsByPort()].flatMap(([key, byPort]) =>
    [...byPort].map(([port, endpoints]) => ({
      servicePort: servicePortName(key, port),
      endpoints: [...endpoints.values()]
        .map((endpoint) => recordedEndpoint(endpoint, node))
        .sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
    })),
  );
  const found = entries.filter(({ endpoints }) => endpoints.length > 0);
  return found.sort((a, b) => (a.servicePort < b.servicePort ? -1 : 1));
}

function triggerDiffers({ config, steps }: RecordedOf<'cleanup-trigger'>): Difference | undefined {
  const family = familyOf(config);
  const [before, after] = steps;
  const { tracker } = ChangeTracker.empty(family).update({ services: [], slices: before.endpointSlices });
  const changes = tracker.update({ services: [], slices: after.endpointSlices });
  const node = { name: config.nodeName, addresses: [], podCidrs: [] };
  const got = {
    conntrackCleanupRequired: changes.conntrackCleanupRequired,
    updatedServices: changes.updatedServices,
    endpointsMap: endpointsMap(changes.tracker, config.nodeName),
    localReadyEndpoints: healthCheckOf(changes.tracker, node, family).localReadyEndpoints,
  };
  const { conntrackCleanupRequired, updatedServices, endpointsMap: map, localReadyEndpoints } = after;
  const expected = {
    conntrackCleanupRequired,
    updatedServices: [...updatedServices].sort(),
    endpointsMap: map,
    localReadyEndpoints,
  };
  return firstDifference(expected, got, 'steps[1]');
}

function differenceIn(recording: Recording): Difference | undefined {
  switch (recording.kind) {
    case 'clean-stale-entries':
      return cleanUpDiffers(recording);
    case 'delete-entries':
      return deletionDiffers(recording);
    case 'flow-filter':
      return filterDiffers(recording);
    case 'cleanup-trigger':
      return triggerDiffers(recording);
    default:
      return recording satisfies never;
  }
}

export const kubeProxyConntrackSuite: Suite = {
  name: 'kube-proxy-conntrack',
  *run({ name, json }): Iterable<CaseResult> {
    const difference = differenceIn(recordingOf(json));
    if (difference === undefined) yield { case: name, outcome: 'passed' };
    else yield { case: name, outcome: 'failed', difference };
  },
};
