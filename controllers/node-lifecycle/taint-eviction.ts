/**
 * Deletes pods from nodes whose NoExecute taints they do not, or no longer, tolerate.
 * Source: kubernetes pkg/controller/tainteviction/taint_eviction.go.
 */
import {
  fileByNodeName,
  isPodTerminal,
  type Key,
  keyOf,
  type Moment,
  momentOf,
  type Node,
  type Pod,
  type Taint,
  timestampOf,
  tolerates,
} from '../../src/model/index.ts';
import type { Controller, Intent, ProjectionDeclaration } from '../../src/reconcile/index.ts';
import { nodesThat } from './node-set.ts';

const NO_KEYS: readonly Key[] = [];
const EVICTING_NODES = nodesThat('nodes that evict', evicts);

export const taintEviction: Controller = {
  name: 'taint-eviction-controller',
  program: 'kube-controller-manager',
  watches: {
    Node: (node, view) => {
      if (!evicts(node)) return NO_KEYS;
      return [...view.byIndex('Pod', 'nodeName', node.metadata.name)].map(keyOf).sort();
    },
    Pod: (pod, view, key) => {
      const evicting = view.projection(EVICTING_NODES);
      if (evicting.size === 0) return NO_KEYS;
      const { nodeName } = pod.spec;
      return nodeName !== undefined && evicting.has(nodeName) ? [key] : NO_KEYS;
    },
  },
  projections: [EVICTING_NODES as ProjectionDeclaration<unknown>],
  indexes: { Pod: { nodeName: fileByNodeName } },
  reconcile(view, key, at) {
    const pod = view.get('Pod', key);
    if (pod?.spec.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod))
      return [];
    const node = view.get('Node', pod.spec.nodeName);
    if (node === undefined) return [];
    const evictAt = evictionOf(pod, noExecuteTaints(node), at);
    if (evictAt === undefined) return [];
    return at < evictAt ? [{ do: 'again', afterMs: evictAt - at }] : evict(pod, at);
  },
};

const NO_TAINTS: readonly Taint[] = [];

function evicts({ spec }: Node): boolean {
  return spec.taints?.some(({ effect }) => effect === 'NoExecute') === true;
}

function noExecuteTaints({ spec }: Node): readonly Taint[] {
  return spec.taints?.filter(({ effect }) => effect === 'NoExecute') ?? NO_TAINTS;
}

/** When the pod has to go: the shortest of the tolerations that it makes use of; undefined where it may stay for good. */
function evictionOf({ spec }: Pod, taints: readonly Taint[], at: Moment): Moment | undefined {
  let evictAt: Moment | undefined;
  for (const taint of taints) {
    const used = (spec.tolerations ?? []).filter((toleration) => tolerates([toleration], taint));
    if (used.length === 0) return at;
    const since = taint.timeAdded === undefined ? at : momentOf(taint.timeAdded);
    for (const { tolerationSeconds } of used) {
      if (tolerationSeconds === undefined) continue;
      evictAt = Math.min(evictAt ?? Number.POSITIVE_INFINITY, since + Math.max(0, tolerationSeconds) * 1000);
    }
  }
  return evictAt;
}

function evict(pod: Pod, at: Moment): readonly Intent[] {
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestampOf(at),
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  const precondition = { uid: pod.metadata.uid };
  const patch = { status: { conditions: [...others, condition] } };
  const message = `Marking for deletion Pod ${keyOf(pod)}`;
  return [
    { do: 'event', about: pod, type: 'Normal', reason: 'TaintManagerEviction', message },
    { do: 'patch', kind: 'Pod', key: keyOf(pod), patch, status: true, precondition },
    { do: 'delete', kind: 'Pod', key: keyOf(pod), precondition },
  ];
}
