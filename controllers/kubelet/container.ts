/**
 * Containers whose processes are run: the kubelet has them started and stopped, and hears how they are.
 * Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go (`killContainer`: SIGTERM, then SIGKILL after the grace period).
 */
import type { Dataplane } from '../../src/dataplane/index.ts';
import { isNameServer, type Key, type Moment, type Pod } from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';

const NOTHING: readonly Intent[] = [];

/** Has the container started; none where it is, or where the pod's process is only told of. Its process wakes the pod. */
export function startContainer(pod: Pod, key: Key, since: Moment, { container }: Dataplane): readonly Intent[] {
  const { uid } = pod.metadata;
  if (!isNameServer(pod) || container.get(key)?.uid === uid) return NOTHING;
  return [{ do: 'program', piece: 'container', key, value: { uid, since } }];
}

/** Has the container stopped, and waits for its process, at most until the grace period is over; nothing once it has ended. */
export function stopContainer(
  key: Key,
  graceMs: number,
  { container, process: processes }: Dataplane,
  at: Moment,
): readonly Intent[] {
  const run = container.get(key);
  if (run === undefined || processes.get(key)?.running !== true) return [];
  if (run.stop === undefined) {
    const value = { ...run, stop: { at, graceMs } };
    return [
      { do: 'program', piece: 'container', key, value },
      { do: 'again', afterMs: graceMs },
    ];
  }
  const leftMs = run.stop.at + run.stop.graceMs - at;
  return leftMs > 0 ? [{ do: 'again', afterMs: leftMs }] : [];
}

/** The sandbox goes, and the container with it. */
export function forgetContainer(key: Key, { container }: Dataplane): readonly Intent[] {
  return container.has(key) ? [{ do: 'program', piece: 'container', key, value: undefined }] : NOTHING;
}

/** Whether the process lets the pod be ready: always, where it is only told of. */
export function isProcessReady({ metadata }: Pod, key: Key, { process: processes }: Dataplane): boolean {
  const state = processes.get(key);
  return state === undefined || state.uid !== metadata.uid || state.ready;
}
