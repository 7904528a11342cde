/**
 * Watches over nodes: notices a kubelet that has fallen silent, and keeps pods away from nodes that are not ready.
 * Source: kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go (`monitorNodeHealth`).
 */
import {
  type Condition,
  fileByNodeName,
  findCondition,
  isPodReady,
  type Key,
  keyOf,
  kubeletDownSince,
  type Moment,
  type Node,
  type Pod,
  timestampOf,
} from '../../src/model/index.ts';
import type { Controller, Intent, ProjectionDeclaration, View } from '../../src/reconcile/index.ts';
import { nodesThat } from './node-set.ts';
import { taintsOf } from './taints.ts';

/** `--node-monitor-grace-period`: 50 s by default since 1.32, 40 s before (kubernetes/kubernetes issues 121793, 127352). */
export const NODE_MONITOR_GRACE_PERIOD_MS = 50_000;

const REPORTED_BY_KUBELET = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

const NO_KEYS: readonly Key[] = [];
const SILENT_NODES = nodesThat('silent nodes', isSilent);

export const nodeLifecycle: Controller = {
  name: 'node-controller',
  program: 'kube-controller-manager',
  watches: {
    Node: ({ metadata }) => [metadata.name],
    // A pod that says it is ready on a silent node was told so too late: that is looked at again.
    Pod: (pod, view) => {
      const silent = view.projection(SILENT_NODES);
      if (silent.size === 0) return NO_KEYS;
      const { nodeName } = pod.spec;
      return nodeName !== undefined && silent.has(nodeName) && isPodReady(pod) ? [nodeName] : NO_KEYS;
    },
  },
  projections: [SILENT_NODES as ProjectionDeclaration<unknown>],
  indexes: { Pod: { nodeName: fileByNodeName } },
  reconcile(view, key, at) {
    const node = view.get('Node', key);
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return [];
    const silence = noticeSilence(node, at);
    const { name } = node.metadata;
    return [...taintIntents(node, at), ...silence, ...(isSilent(node) ? unreadyPods(view, name, at) : [])];
  },
};

/** Both kinds of taints in one write, where the real controller makes one for each. */
function taintIntents(node: Node, at: Moment): readonly Intent[] {
  const before = node.spec.taints ?? [];
  const taints = taintsOf(node, at);
  if (taints.length === before.length && taints.every((taint, i) => taint === before[i])) return [];
  const { name, uid, resourceVersion } = node.metadata;
  const patch = { spec: { taints: taints.length === 0 ? null : taints } };
  return [{ do: 'patch', kind: 'Node', key: name, patch, precondition: { uid, resourceVersion } }];
}

function isSilent({ status }: Node): boolean {
  return findCondition(status.conditions, 'Ready')?.status === 'Unknown';
}

/** Once the grace period is over nothing is known of the node any more. */
function noticeSilence(node: Node, at: Moment): readonly Intent[] {
  const since = kubeletDownSince(node);
  if (since === undefined || isSilent(node)) return [];
  const leftMs = since + NODE_MONITOR_GRACE_PERIOD_MS - at;
  if (leftMs > 0) return [{ do: 'again', afterMs: leftMs }];
  const before = node.status.conditions ?? [];
  const others = before.filter(({ type }) => !REPORTED_BY_KUBELET.some((name) => name === type));
  const unknown = REPORTED_BY_KUBELET.map((type) => unknownCondition(type, findCondition(before, type), node, at));
  const patch = { status: { conditions: [...others, ...unknown] } };
  const { name, uid } = node.metadata;
  return [
    {
      do: 'event',
      about: node,
      type: 'Normal',
      reason: 'NodeNotReady',
      message: `Node ${name} status is now: NodeNotReady`,
    },
    { do: 'patch', kind: 'Node', key: name, patch, status: true, precondition: { uid } },
  ];
}

function unknownCondition(type: string, before: Condition | undefined, { metadata }: Node, at: Moment): Condition {
  const now = timestampOf(at);
  return {
    type,
    status: 'Unknown',
    lastHeartbeatTime: before?.lastHeartbeatTime ?? metadata.creationTimestamp,
    lastTransitionTime: before?.status === 'Unknown' ? (before.lastTransitionTime ?? now) : now,
    reason: before === undefined ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
    message: before === undefined ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
  };
}

/** Pods on a silent node are not ready any more, so that no Service leads to them (`MarkPodsNotReady`). */
function unreadyPods(view: View, node: string, at: Moment): readonly Intent[] {
  const ready = [...view.byIndex('Pod', 'nodeName', node)].filter(isPodReady);
  return ready.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map((pod) => unreadyPod(pod, at));
}

function unreadyPod(pod: Pod, at: Moment): Intent {
  const conditions = pod.status.conditions?.map((condition) =>
    condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: timestampOf(at) } : condition,
  );
  const { uid } = pod.metadata;
  return {
    do: 'patch',
    kind: 'Pod',
    key: keyOf(pod),
    patch: { status: { conditions } },
    status: true,
    precondition: { uid },
  };
}
