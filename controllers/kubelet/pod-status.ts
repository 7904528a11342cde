/**
 * A pod's status as its kubelet writes it.
 * Source: kubernetes pkg/kubelet/kubelet_pods.go (`generateAPIPodStatus`, `convertStatusToAPIStatus`) and status/generate.go.
 *
 * Thousands of pods become ready at one moment, and what is said of them is the same: it is made once, frozen, and shared.
 */
import {
  type Condition,
  deepFreeze,
  findCondition,
  type Key,
  type Moment,
  type Node,
  type Pod,
  timestampOf,
} from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';

/** In the order that the kubelet writes them. */
const CONDITION_TYPES = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
] as const;

const NOTHING: readonly Intent[] = [];
const NO_CONDITIONS: readonly Condition[] = Object.freeze([]);

export interface Observed {
  /** as texts, the primary one first */
  readonly podIPs: readonly string[];
  readonly startedAt: Moment;
  readonly ready: boolean;
}

/** The one patch that brings the status to what was observed; none where it is that already. */
export function statusIntents(
  pod: Pod,
  key: Key,
  node: Node,
  { podIPs, startedAt, ready }: Observed,
  at: Moment,
): readonly Intent[] {
  const { status } = pod;
  const hostIPs = hostIPsOf(node);
  const before = status.conditions ?? NO_CONDITIONS;
  const told: Told = { ready, unready: ready ? '' : unreadyMessage(pod), generation: pod.metadata.generation };
  const settled =
    status.phase === 'Running' &&
    status.podIP === podIPs[0] &&
    status.hostIP === hostIPs[0]?.ip &&
    sayAll(before, told);
  if (settled) return NOTHING;
  // Field by field, in the order they are written: a literal with parts left out by spreads is slow, and this is for every pod.
  const next: { -readonly [K in keyof Pod['status']]?: Pod['status'][K] } = {};
  if (told.generation !== undefined) next.observedGeneration = told.generation;
  next.phase = 'Running';
  next.conditions = conditionsFrom(before, told, timestampOf(at));
  if (hostIPs.length > 0) {
    next.hostIP = hostIPs[0]!.ip;
    next.hostIPs = hostIPs;
  }
  if (podIPs.length > 0) {
    next.podIP = podIPs[0]!;
    next.podIPs = podIPs.length === 1 ? [{ ip: podIPs[0]! }] : podIPs.map((ip) => ({ ip }));
  }
  next.startTime = status.startTime ?? timestampOf(startedAt);
  const { uid } = pod.metadata;
  return [{ do: 'patch', kind: 'Pod', key, patch: { status: next }, status: true, precondition: { uid } }];
}

type HostIPs = NonNullable<Pod['status']['hostIPs']>;

const hostIPsOfAddresses = new WeakMap<object, HostIPs>();
const NO_HOST_IPS: HostIPs = Object.freeze([]);

/** The node's internal addresses, one list for all of its pods. */
function hostIPsOf({ status: { addresses } }: Node): HostIPs {
  if (addresses === undefined) return NO_HOST_IPS;
  let hostIPs = hostIPsOfAddresses.get(addresses);
  if (hostIPs === undefined) {
    const internal = addresses.filter(({ type }) => type === 'InternalIP');
    hostIPs = deepFreeze(internal.map(({ address }) => ({ ip: address })));
    hostIPsOfAddresses.set(addresses, hostIPs);
  }
  return hostIPs;
}

/** What the five conditions are made of, beside those that are there. */
interface Told {
  readonly ready: boolean;
  /** empty where the pod is ready */
  readonly unready: string;
  readonly generation: number | undefined;
}

function unreadyMessage({ spec }: Pod): string {
  return `containers with unready status: [${spec.containers.map(({ name }) => name).join(' ')}]`;
}

/** Whether the conditions that are there say all that is told. */
function sayAll(conditions: readonly Condition[], told: Told): boolean {
  // For every pod that changes: no closure, no iterator.
  for (let i = 0; i < CONDITION_TYPES.length; i++) {
    const type = CONDITION_TYPES[i]!;
    if (!says(findCondition(conditions, type), type, told)) return false;
  }
  return true;
}

function holds(type: string, { ready }: Told): boolean {
  return ready || (type !== 'Ready' && type !== 'ContainersReady');
}

function says(condition: Condition | undefined, type: string, told: Told): boolean {
  return holds(type, told)
    ? condition?.status === 'True' && condition.message === undefined
    : condition?.status === 'False' && condition.message === told.unready;
}

interface Made extends Told {
  readonly now: string;
  readonly conditions: readonly Condition[];
}

/** What was made last of each list of conditions. */
const madeFrom = new WeakMap<readonly Condition[], Made>();

/** The kubelet's five conditions, then those that others have set. What did not change is the very same object. */
function conditionsFrom(before: readonly Condition[], told: Told, now: string): readonly Condition[] {
  const made = madeFrom.get(before);
  const same =
    made !== undefined &&
    made.now === now &&
    made.ready === told.ready &&
    made.unready === told.unready &&
    made.generation === told.generation;
  if (same) return made.conditions;
  const own = CONDITION_TYPES.map((type) => conditionOf(type, findCondition(before, type), told, now));
  const others = before.filter(({ type }) => !CONDITION_TYPES.some((name) => name === type));
  const conditions = deepFreeze([...own, ...others]);
  madeFrom.set(before, { ...told, now, conditions });
  return conditions;
}

function conditionOf(type: string, current: Condition | undefined, told: Told, now: string): Condition {
  if (current !== undefined && says(current, type, told)) return current;
  const { generation, unready } = told;
  const status = holds(type, told) ? 'True' : 'False';
  const since = current?.status === status ? current.lastTransitionTime : undefined;
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status,
    lastProbeTime: null,
    lastTransitionTime: since ?? now,
    ...(status === 'True' ? {} : { reason: 'ContainersNotReady', message: unready }),
  };
}
