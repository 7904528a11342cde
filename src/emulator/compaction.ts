/** Keeps the store from growing for ever. */
import type { SchedulerAction } from 'rxjs';
import type { KubernetesObject } from '../model/index.ts';
import type { Store } from '../store/index.ts';

export const COMPACT_EVERY_MS = 300_000;

/** Forgets what is older than one period, as kube-apiserver has etcd do (`--etcd-compaction-interval`, 5 minutes). */
export function compactRegularly(
  store: Store<KubernetesObject>,
): (this: SchedulerAction<number>, revision?: number) => void {
  return function compact(before = 0) {
    store.compact(before);
    this.schedule(store.revision, COMPACT_EVERY_MS);
  };
}
