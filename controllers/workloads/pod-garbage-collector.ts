/**
 * Removes pods that no kubelet will remove: those of nodes that are gone, those that are being deleted without ever having
 * had a node or on a node that is out of service, and finished ones beyond a number.
 * Source: kubernetes pkg/controller/podgc/gc_controller.go.
 *
 * The real one looks through all pods every 20 seconds. Here a change names what to look at, and that is done at the next
 * multiple of 20 seconds. Since when a node is missing is kept in the dataplane, as all that views do not show, and so
 * outlives a restart, after which the real one begins the quarantine anew.
 */
import {
  type Condition,
  fileByNodeName,
  findCondition,
  isPodTerminal,
  type Key,
  type KubernetesObject,
  keyOf,
  type Moment,
  type Node,
  type Pod,
  timestampOf,
} from '../../src/model/index.ts';
import type { Controller, Intent, ProjectionDeclaration, View } from '../../src/reconcile/index.ts';
import { byName } from './ownership.ts';

/** `gcCheckPeriod` */
export const POD_GC_PERIOD_MS = 20_000;
/** `quarantineTime`: how long a node must have been missed before its pods are orphans */
export const NODE_QUARANTINE_MS = 40_000;
/** `--terminated-pod-gc-threshold` */
export const TERMINATED_PODS_MAX = 12_500;

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const NO_KEYS: readonly Key[] = [];
const TERMINATED: Key = 'terminated';
const NODE_PREFIX = 'node/';
const POD_PREFIX = 'pod/';

export interface PodGarbageCollectorOptions {
  /** finished pods that are kept; 0 keeps them all */
  readonly terminatedPodsMax?: number;
}

export function podGarbageCollector({
  terminatedPodsMax = TERMINATED_PODS_MAX,
}: PodGarbageCollectorOptions = {}): Controller {
  return {
    name: 'pod-garbage-collector-controller',
    program: 'kube-controller-manager',
    projections: [TERMINATED_PODS],
    indexes: { Pod: { nodeName: fileByNodeName } },
    watches: {
      Node: concernedByNode,
      Pod: (pod, view, key) => {
        const keys = concernedByPod(pod, view, key);
        const tooMany = isPodTerminal(pod) && exceeds(view, terminatedPodsMax);
        return tooMany ? [...keys, TERMINATED] : keys;
      },
    },
    leftovers: (view) => [...view.dataplane.nodeQuarantine.keys()].map((name) => NODE_PREFIX + name),
    reconcile(view, key, at) {
      if (key.startsWith(NODE_PREFIX)) return collectOrphans(view, key.slice(NODE_PREFIX.length), at);
      const sinceCheckMs = at % POD_GC_PERIOD_MS;
      if (sinceCheckMs > 0) return [{ do: 'again', afterMs: POD_GC_PERIOD_MS - sinceCheckMs }];
      if (key === TERMINATED) return collectTerminated(view, terminatedPodsMax, at);
      const pod = view.get('Pod', key.slice(POD_PREFIX.length));
      return pod !== undefined && isAbandoned(pod, view) ? failAndDelete(pod, undefined, at) : [];
    },
  };
}

function concernedByNode(node: Node, view: View): readonly Key[] {
  const { name } = node.metadata;
  if (view.get('Node', name) === undefined) return [NODE_PREFIX + name];
  const returned = view.dataplane.nodeQuarantine.has(name) ? [NODE_PREFIX + name] : [];
  return isOutOfService(node) ? [...returned, ...abandonedOn(name, view)] : returned;
}

function concernedByPod(pod: Pod, view: View, key: Key): readonly Key[] {
  const { nodeName } = pod.spec;
  const keys = isAbandoned(pod, view) ? [POD_PREFIX + key] : NO_KEYS;
  return nodeName === undefined || view.get('Node', nodeName) !== undefined ? keys : [...keys, NODE_PREFIX + nodeName];
}

function abandonedOn(node: string, view: View): readonly Key[] {
  const pods = [...view.byIndex('Pod', 'nodeName', node)].filter((pod) => isAbandoned(pod, view));
  return pods.map((pod) => POD_PREFIX + keyOf(pod)).sort();
}

/** Told to go, and nobody is there to see it off: never given a node, or the node is out of service. */
function isAbandoned({ metadata, spec }: Pod, view: View): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  if (spec.nodeName === undefined) return true;
  const node = view.get('Node', spec.nodeName);
  return node !== undefined && isOutOfService(node);
}

/** An administrator says that the machine is off, and the kubelet does not say otherwise. */
function isOutOfService({ spec, status }: Node): boolean {
  const ready = findCondition(status.conditions, 'Ready')?.status === 'True';
  return !ready && (spec.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false);
}

/** Notices that a node is missing at one check, and takes its pods for orphans once its quarantine is over. */
function collectOrphans(view: View, name: string, at: Moment): readonly Intent[] {
  const since = view.dataplane.nodeQuarantine.get(name);
  const pods = [...view.byIndex('Pod', 'nodeName', name)];
  const missing = pods.length > 0 && view.get('Node', name) === undefined;
  if (!missing) return since === undefined ? [] : [quarantine(name, undefined)];
  const dueAt = nextCheck(since === undefined ? at : Math.max(at, since + NODE_QUARANTINE_MS));
  if (at < dueAt) return [{ do: 'again', afterMs: dueAt - at }];
  if (since === undefined) return [quarantine(name, at), { do: 'again', afterMs: NODE_QUARANTINE_MS }];
  const orphans = pods.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return [...orphans.flatMap((pod) => failAndDelete(pod, ORPHANED, at)), quarantine(name, undefined)];
}

function nextCheck(at: Moment): Moment {
  return Math.ceil(at / POD_GC_PERIOD_MS) * POD_GC_PERIOD_MS;
}

function quarantine(node: string, since: Moment | undefined): Intent {
  return { do: 'program', piece: 'nodeQuarantine', key: node, value: since };
}

const ORPHANED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
} as const;

/** The status first, so that whoever counts pods by phase sees that it ended; then the object, without grace. */
function failAndDelete(pod: Pod, why: Condition | undefined, at: Moment): readonly Intent[] {
  const key = keyOf(pod);
  const precondition = { uid: pod.metadata.uid };
  const deletion: Intent = { do: 'delete', kind: 'Pod', key, precondition, gracePeriodSeconds: 0 };
  if (isPodTerminal(pod)) return [deletion];
  const status = { phase: 'Failed', ...(why === undefined ? {} : { conditions: withCondition(pod, why, at) }) };
  return [{ do: 'patch', kind: 'Pod', key, patch: { status }, status: true, precondition }, deletion];
}

/** As `UpdatePodCondition` (kubernetes pkg/api/v1/pod/util.go): in the place of the one of its type, else at the end. */
function withCondition({ metadata, status }: Pod, told: Condition, at: Moment): readonly Condition[] {
  const before = status.conditions ?? [];
  const current = findCondition(before, told.type);
  const since = current?.status === told.status ? current.lastTransitionTime : undefined;
  const { type, ...said } = told;
  const condition: Condition = {
    type,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...said,
    lastProbeTime: null,
    lastTransitionTime: since ?? timestampOf(at),
  };
  return current === undefined
    ? [...before, condition]
    : before.map((other) => (other === current ? condition : other));
}

/** The oldest finished pods beyond the number that is kept, those that were evicted before all others. */
function collectTerminated(view: View, kept: number, at: Moment): readonly Intent[] {
  if (!exceeds(view, kept)) return [];
  const pods = [...view.projection(TERMINATED_PODS).values()].sort(inTurn);
  return pods.slice(0, pods.length - kept).flatMap((pod) => failAndDelete(pod, undefined, at));
}

function exceeds(view: View, kept: number): boolean {
  return kept > 0 && view.projection(TERMINATED_PODS).size > kept;
}

function inTurn(a: Pod, b: Pod): number {
  const [evictedA, evictedB] = [isEvicted(a), isEvicted(b)];
  if (evictedA !== evictedB) return evictedA ? -1 : 1;
  const [atA, atB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (atA !== atB) return atA < atB ? -1 : 1;
  return a.metadata.name === b.metadata.name ? (keyOf(a) < keyOf(b) ? -1 : 1) : byName(a, b);
}

function isEvicted({ status }: Pod): boolean {
  return status.phase === 'Failed' && status.reason === 'Evicted';
}

/** The finished pods, by key. */
const TERMINATED_PODS: ProjectionDeclaration<Map<Key, Pod>> = {
  name: 'terminated pods',
  kinds: ['Pod'],
  create: () => new Map(),
  apply: (value, before, after) => {
    if (before !== undefined && isTerminated(before)) value.delete(keyOf(before));
    if (after !== undefined && isTerminated(after)) value.set(keyOf(after), after);
  },
};

function isTerminated(object: KubernetesObject): object is Pod {
  return object.kind === 'Pod' && isPodTerminal(object);
}
