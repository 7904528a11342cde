/**
 * The taints that follow from a node's conditions.
 * Source: kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go (`nodeConditionToTaintKeyStatusMap`,
 * `doNoScheduleTaintingPass`, `processTaintBaseEviction`).
 */
import { findCondition, type Moment, type Node, type Taint, timestampOf } from '../../src/model/index.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

const PRESSURES = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
] as const;

const OWN_KEYS: ReadonlySet<string> = new Set([
  NOT_READY,
  UNREACHABLE,
  UNSCHEDULABLE,
  ...PRESSURES.map(([, key]) => key),
]);

const NO_TAINTS: readonly Taint[] = [];

/** The taints that the node should have; the very list that it has where nothing changes. */
export function taintsOf(node: Node, at: Moment): readonly Taint[] {
  const before = node.spec.taints ?? NO_TAINTS;
  const wanted = wantedTaints(node);
  if (before.length === 0 && wanted.length === 0) return before;
  const isWanted = ({ key, effect }: Taint) => wanted.some((taint) => taint.key === key && taint.effect === effect);
  const kept = before.filter((taint) => !isOwn(taint) || isWanted(taint));
  const added = wanted.filter(
    ({ key, effect }) => !before.some((taint) => taint.key === key && taint.effect === effect),
  );
  if (kept.length === before.length && added.length === 0) return before;
  const timeAdded = timestampOf(at);
  // Field by field: a spread is slow, and every new node comes through here.
  return [...kept, ...added.map(({ key, effect }) => ({ key, effect, timeAdded }))];
}

function isOwn({ key, effect }: Taint): boolean {
  return effect === 'NoSchedule'
    ? OWN_KEYS.has(key)
    : effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE);
}

function wantedTaints({ status, spec }: Node): readonly Taint[] {
  const { conditions } = status;
  const wanted: Taint[] = [];
  const ready = findCondition(conditions, 'Ready')?.status;
  // A node that has never told of itself keeps the taint that admission gave it when it was made (TaintNodesByCondition).
  if (ready === undefined || ready === 'False') wanted.push({ key: NOT_READY, effect: 'NoSchedule' });
  if (ready === 'Unknown') wanted.push({ key: UNREACHABLE, effect: 'NoSchedule' });
  for (const [type, key] of PRESSURES) {
    if (findCondition(conditions, type)?.status === 'True') wanted.push({ key, effect: 'NoSchedule' });
  }
  if (spec.unschedulable === true) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  if (ready === 'False') wanted.push({ key: NOT_READY, effect: 'NoExecute' });
  if (ready === 'Unknown') wanted.push({ key: UNREACHABLE, effect: 'NoExecute' });
  return wanted;
}
