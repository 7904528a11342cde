/**
 * Gives pods their nodes: the node with the fewest pods that the pod may run on.
 * Source: kubernetes pkg/scheduler (schedule_one.go) with the filters NodeUnschedulable, TaintToleration, NodeAffinity
 * (nodeSelector only), NodePorts and NodeResourcesFit (number of pods only). Scores and preemption are left out.
 *
 * One key, `pending`, stands for all pods that wait. A pod that fits nowhere is marked so, and not looked at again before
 * something changes that can help; then it is asked for its whole class at once whether there is room.
 *
 * The Event Scheduled is left out: it would be one more write for each pod.
 */
import { type Key, type Moment, type Node, type Pod, timestampOf } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { fitError } from './fit-error.ts';
import { NODE_LEDGER, type NodeLedger, occupied } from './node-ledger.ts';
import { Assumed, NodePicker } from './node-picker.ts';
import { isPending, isUnschedulable, PENDING_PODS, SCHEDULER_NAME } from './pending-pods.ts';
import { classOf, type PodClass } from './pod-class.ts';

const PENDING = 'pending';
const WOKEN: readonly Key[] = [PENDING];
const NOTHING_WOKEN: readonly Key[] = [];

/** Pods bound or judged in one reconcile. */
export const PODS_AT_ONCE_MAX = 1000;

export const scheduler: Controller = {
  name: SCHEDULER_NAME,
  program: 'kube-scheduler',
  projections: [NODE_LEDGER, PENDING_PODS],
  watches: { Pod: wokenByPod, Node: wokenByNode },
  reconcile(view, _key, at) {
    const { unseen, unschedulable } = view.projection(PENDING_PODS);
    if (unseen.size === 0 && unschedulable.size === 0) return [];
    const round = new Round(view.projection(NODE_LEDGER), at);
    for (const queue of unschedulable.values()) round.retry(queue.entries());
    for (const [key, pod] of unseen.entries()) {
      if (round.isFull) break;
      round.schedule(key, pod);
    }
    return round.intents;
  },
};

function wokenByPod(pod: Pod, view: View, key: Key): readonly string[] {
  if (isPending(pod)) return isUnschedulable(pod) ? NOTHING_WOKEN : WOKEN;
  const { unschedulable } = view.projection(PENDING_PODS);
  if (unschedulable.size === 0 || pod.spec.nodeName === undefined) return NOTHING_WOKEN;
  // A pod that gives its room back can help those that found none.
  const now = view.get('Pod', key);
  return occupied(now?.metadata.uid === pod.metadata.uid ? now : undefined) === undefined ? WOKEN : NOTHING_WOKEN;
}

function wokenByNode(_node: Node, view: View): readonly string[] {
  const { unseen, unschedulable } = view.projection(PENDING_PODS);
  return unseen.size > 0 || unschedulable.size > 0 ? WOKEN : NOTHING_WOKEN;
}

/** One reconcile's work: what has been assumed, and what is to be written. */
class Round {
  readonly #ledger: NodeLedger;
  readonly #at: Moment;
  readonly #assumed = new Assumed();
  readonly #pickers = new Map<string, NodePicker>();
  readonly #errors = new Map<string, string>();
  readonly #intents: Intent[] = [];
  #handled = 0;

  constructor(ledger: NodeLedger, at: Moment) {
    this.#ledger = ledger;
    this.#at = at;
  }

  get isFull(): boolean {
    return this.#handled >= PODS_AT_ONCE_MAX;
  }

  get intents(): readonly Intent[] {
    return this.isFull ? [...this.#intents, { do: 'again', afterMs: 0 }] : this.#intents;
  }

  /** Places pods of one class that did not fit before, until the first that still does not. */
  retry(pods: Iterable<[Key, Pod]>): void {
    for (const [key, pod] of pods) if (this.isFull || !this.#place(key, pod, classOf(pod))) return;
  }

  schedule(key: Key, pod: Pod): void {
    const podClass = classOf(pod);
    if (this.#place(key, pod, podClass)) return;
    this.#handled++;
    const message = this.#errorOf(podClass, pod.spec.preemptionPolicy);
    this.#intents.push(
      { do: 'event', about: pod, type: 'Warning', reason: 'FailedScheduling', message },
      markUnschedulable(key, pod, message, this.#at),
    );
  }

  #place(key: Key, pod: Pod, podClass: PodClass): boolean {
    let picker = this.#pickers.get(podClass.signature);
    if (picker === undefined) {
      picker = new NodePicker(podClass, this.#ledger, this.#assumed);
      this.#pickers.set(podClass.signature, picker);
    }
    const node = picker.pick();
    if (node === undefined) return false;
    this.#handled++;
    this.#intents.push({ do: 'bind', pod: key, uid: pod.metadata.uid, node: node.name });
    return true;
  }

  #errorOf(podClass: PodClass, preemptionPolicy: string | undefined): string {
    const key = `${preemptionPolicy} ${podClass.signature}`;
    const known = this.#errors.get(key);
    if (known !== undefined) return known;
    const message = fitError(podClass, this.#ledger, this.#assumed, preemptionPolicy);
    this.#errors.set(key, message);
    return message;
  }
}

function markUnschedulable(key: Key, pod: Pod, message: string, at: Moment): Intent {
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: timestampOf(at),
    reason: 'Unschedulable',
    message,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  const patch = { status: { conditions: [...others, condition] } };
  return { do: 'patch', kind: 'Pod', key, patch, status: true, precondition: { uid: pod.metadata.uid } };
}
