/**
 * A pod's status as its kubelet writes it.
 * Source: kubernetes pkg/kubelet/kubelet_pods.go (`generateAPIPodStatus`, `convertStatusToAPIStatus`) and status/generate.go.
 */
import {
  type Condition,
  findCondition,
  keyOf,
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

export interface Observed {
  /** as texts, the primary one first */
  readonly podIPs: readonly string[];
  readonly startedAt: Moment;
  readonly ready: boolean;
}

/** The one patch that brings the status to what was observed; none where it is that already. */
export function statusIntents(pod: Pod, node: Node, observed: Observed, at: Moment): readonly Intent[] {
  const conditions = conditionsOf(pod, observed.ready, at);
  const hostIPs = (node.status.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address);
  const { podIPs } = observed;
  const { status } = pod;
  const settled =
    status.phase === 'Running' &&
    status.podIP === podIPs[0] &&
    status.hostIP === hostIPs[0] &&
    conditions.every((condition) => status.conditions?.includes(condition));
  if (settled) return [];
  const { generation } = pod.metadata;
  const patch = {
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      phase: 'Running',
      conditions,
      ...(hostIPs.length === 0 ? {} : { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
      ...(podIPs.length === 0 ? {} : { podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) }),
      startTime: status.startTime ?? timestampOf(observed.startedAt),
    },
  };
  const { uid } = pod.metadata;
  return [{ do: 'patch', kind: 'Pod', key: keyOf(pod), patch, status: true, precondition: { uid } }];
}

/** The kubelet's five conditions, then those that others have set. What did not change is the very same object. */
function conditionsOf(pod: Pod, ready: boolean, at: Moment): readonly Condition[] {
  const before = pod.status.conditions ?? [];
  const names = pod.spec.containers.map(({ name }) => name).join(' ');
  const unready = { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  const own = CONDITION_TYPES.map((type): Condition => {
    const current = findCondition(before, type);
    const holds = ready || (type !== 'Ready' && type !== 'ContainersReady');
    const status = holds ? 'True' : 'False';
    if (current?.status === status && current.message === (holds ? undefined : unready.message)) return current;
    const { generation } = pod.metadata;
    return {
      type,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status,
      lastProbeTime: null,
      lastTransitionTime: (current?.status === status ? current.lastTransitionTime : undefined) ?? timestampOf(at),
      ...(holds ? {} : unready),
    };
  });
  return [...own, ...before.filter(({ type }) => !CONDITION_TYPES.some((name) => name === type))];
}
