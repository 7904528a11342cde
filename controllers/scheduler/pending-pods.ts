/**
 * The pods that wait for a node: those that nobody has looked at yet, in the order to take them, and those that did not fit,
 * by class. In place of the real scheduler's queues (kubernetes pkg/scheduler/backend/queue).
 */
import { findCondition, isPodTerminal, type Pod } from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';
import { classOf } from './pod-class.ts';

export const SCHEDULER_NAME = 'default-scheduler';

/** Pods by uid, handed out by priority, then age. Pods come in that order nearly always, so it is kept by keeping theirs. */
class PodQueue {
  #pods = new Map<string, Pod>();
  #last: Pod | undefined;
  #sorted = true;

  get size(): number {
    return this.#pods.size;
  }

  add(pod: Pod): void {
    if (this.#last !== undefined && compare(this.#last, pod) > 0) this.#sorted = false;
    this.#last = pod;
    this.#pods.set(pod.metadata.uid, pod);
  }

  delete({ metadata }: Pod): void {
    this.#pods.delete(metadata.uid);
    if (this.#pods.size > 0) return;
    this.#last = undefined;
    this.#sorted = true;
  }

  /** The pods in order. Sorting is put off until somebody looks. */
  values(): Iterable<Pod> {
    if (!this.#sorted) {
      const sorted = [...this.#pods.values()].sort(compare);
      this.#pods = new Map(sorted.map((pod) => [pod.metadata.uid, pod]));
      this.#last = sorted.at(-1);
      this.#sorted = true;
    }
    return this.#pods.values();
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
  apply: (value, before, after) => {
    if (before !== undefined && isPending(before as Pod)) remove(value, before as Pod);
    if (after !== undefined && isPending(after as Pod)) add(value, after as Pod);
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

function add({ unseen, unschedulable }: PendingPods, pod: Pod): void {
  if (!isUnschedulable(pod)) {
    unseen.add(pod);
    return;
  }
  const { signature } = classOf(pod);
  let queue = unschedulable.get(signature);
  if (queue === undefined) {
    queue = new PodQueue();
    unschedulable.set(signature, queue);
  }
  queue.add(pod);
}

function remove({ unseen, unschedulable }: PendingPods, pod: Pod): void {
  if (!isUnschedulable(pod)) {
    unseen.delete(pod);
    return;
  }
  const { signature } = classOf(pod);
  const queue = unschedulable.get(signature);
  queue?.delete(pod);
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
