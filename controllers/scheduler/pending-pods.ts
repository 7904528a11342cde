/**
 * The pods that wait for a node: those that nobody has looked at yet, in the order to take them, and those that did not fit,
 * by class. In place of the real scheduler's queues (kubernetes pkg/scheduler/backend/queue).
 */
import { findCondition, isPodTerminal, type Key, type Pod } from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';
import { classOf } from './pod-class.ts';

export const SCHEDULER_NAME = 'default-scheduler';

/** Pods by key, handed out by priority, then age. Pods come in that order nearly always, so it is kept by keeping theirs. */
class PodQueue {
  #pods = new Map<Key, Pod>();
  #last: Pod | undefined;
  #sorted = true;

  get size(): number {
    return this.#pods.size;
  }

  add(key: Key, pod: Pod): void {
    if (this.#last !== undefined && compare(this.#last, pod) > 0) this.#sorted = false;
    this.#last = pod;
    this.#pods.set(key, pod);
  }

  delete(key: Key): void {
    this.#pods.delete(key);
    if (this.#pods.size > 0) return;
    this.#last = undefined;
    this.#sorted = true;
  }

  /** The pods in order, each with its key. Sorting is put off until somebody looks. */
  entries(): Iterable<[Key, Pod]> {
    if (!this.#sorted) {
      const sorted = [...this.#pods].sort(([, a], [, b]) => compare(a, b));
      this.#pods = new Map(sorted);
      this.#last = sorted.at(-1)?.[1];
      this.#sorted = true;
    }
    return this.#pods.entries();
  }
}

export interface PendingPods {
  readonly unseen: PodQueue;
  /** those with the condition Unschedulable, by the signature of their class */
  readonly unschedulable: Map<string, PodQueue>;
}

export const PENDING_PODS: ProjectionDeclaration<PendingPods> = {
  name: 'scheduler pending pods',
  kinds: ['Pod'],
  create: () => ({ unseen: new PodQueue(), unschedulable: new Map() }),
  apply: (value, before, after, key) => {
    if (before !== undefined && isPending(before as Pod)) remove(value, key, before as Pod);
    if (after !== undefined && isPending(after as Pod)) add(value, key, after as Pod);
  },
};

/** Whether the pod is for this scheduler to place. */
export function isPending(pod: Pod): boolean {
  const { spec, metadata } = pod;
  if (spec.nodeName !== undefined || spec.schedulerName !== SCHEDULER_NAME) return false;
  return metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

export function isUnschedulable({ status }: Pod): boolean {
  const scheduled = findCondition(status.conditions, 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
}

function add({ unseen, unschedulable }: PendingPods, key: Key, pod: Pod): void {
  if (!isUnschedulable(pod)) {
    unseen.add(key, pod);
    return;
  }
  const { signature } = classOf(pod);
  let queue = unschedulable.get(signature);
  if (queue === undefined) {
    queue = new PodQueue();
    unschedulable.set(signature, queue);
  }
  queue.add(key, pod);
}

function remove({ unseen, unschedulable }: PendingPods, key: Key, pod: Pod): void {
  if (!isUnschedulable(pod)) {
    unseen.delete(key);
    return;
  }
  const { signature } = classOf(pod);
  const queue = unschedulable.get(signature);
  queue?.delete(key);
  if (queue?.size === 0) unschedulable.delete(signature);
}

/** Higher priority first, then the older; within a second the one that was written first. */
function compare(a: Pod, b: Pod): number {
  const [atA, atB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return (
    (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
    (atA === atB ? 0 : atA < atB ? -1 : 1) ||
    Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)
  );
}
