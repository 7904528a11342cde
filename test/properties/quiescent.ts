/**
 * The state of a cluster at rest, without what may differ between two fair runs: names that end at random, uids, revisions,
 * times, and which address was picked. Two runs that ought to agree are compared by it.
 */
import type { Emulator } from '../../src/emulator/index.ts';
import { keyOf } from '../../src/model/index.ts';

const RANDOM_SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Counts how often each line occurs, sorted. */
function tally(lines: Iterable<string>): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => `${count} x ${line}`).sort();
}

function pods(emulator: Emulator): readonly string[] {
  return tally(
    emulator.list('Pod').map((pod) => {
      const ready = pod.status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
      const address = pod.status.podIP === undefined ? 'without address' : 'with address';
      return `pod ${keyOf(pod).replace(RANDOM_SUFFIX, '')} ${pod.status.phase} ready=${ready} ${address}`;
    }),
  );
}

function services(emulator: Emulator): readonly string[] {
  return [...emulator.dataplane.service.records()]
    .flatMap(({ ports }) => ports.map((port) => `${port.name}/${port.protocol} ${port.endpoints.filter(({ ready }) => ready).length} ready of ${port.endpoints.length}`))
    .sort();
}

function slices(emulator: Emulator): readonly string[] {
  const endpoints = new Map<string, number>();
  for (const slice of emulator.list('EndpointSlice')) {
    const service = `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name']}`;
    endpoints.set(service, (endpoints.get(service) ?? 0) + (slice.endpoints ?? []).filter(({ conditions }) => conditions.ready).length);
  }
  return [...endpoints].map(([service, count]) => `slices of ${service}: ${count} ready`).sort();
}

function workloads(emulator: Emulator): readonly string[] {
  return emulator
    .list('Deployment')
    .map(({ metadata, status }) => `deployment ${metadata.name} ready=${status.readyReplicas ?? 0} available=${status.availableReplicas ?? 0} updated=${status.updatedReplicas ?? 0}`)
    .sort();
}

function podsPerNode(emulator: Emulator): readonly string[] {
  const counts = new Map(emulator.list('Node').map(({ metadata }) => [metadata.name, 0]));
  for (const { spec } of emulator.list('Pod')) counts.set(spec.nodeName ?? 'no node', (counts.get(spec.nodeName ?? 'no node') ?? 0) + 1);
  return [[...counts.values()].sort((a, b) => a - b).join(' ')];
}

/** Lines that two fair runs have in common. */
export function quiescentState(emulator: Emulator): readonly string[] {
  return [...workloads(emulator), ...pods(emulator), ...slices(emulator), ...services(emulator), ...podsPerNode(emulator)];
}
