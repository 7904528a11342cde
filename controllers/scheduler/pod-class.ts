/**
 * What a pod asks of a node. Pods that ask the same are one class: where one of them fits, all do.
 * Source: kubernetes pkg/scheduler/framework/plugins (nodeunschedulable, tainttoleration, nodeaffinity, nodeports);
 * `ToleratesTaint` and `FindMatchingUntoleratedTaint`, component-helpers scheduling/corev1.
 */
import { type Labels, type Pod, type Taint, type Toleration, tolerates } from '../../src/model/index.ts';

export interface PodClass {
  readonly signature: string;
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
  readonly hostPorts: readonly HostPort[];
}

/** A port that the pod takes on its node, as `TCP/8080`. Addresses (`hostIP`) are not told apart: all count as 0.0.0.0. */
export type HostPort = string;

const NO_PORTS: readonly HostPort[] = [];

export function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  let found = NO_PORTS;
  // Asked for every pod that is bound, and nearly none has any: no iterator.
  for (let i = 0; i < spec.containers.length; i++) {
    const ports = spec.containers[i]!.ports;
    if (ports === undefined) continue;
    for (let j = 0; j < ports.length; j++) {
      const { hostPort = 0, protocol } = ports[j]!;
      if (hostPort > 0) found = [...found, `${protocol}/${hostPort}`];
    }
  }
  return found;
}

/** The taint that the unschedulable flag stands for. */
const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Pods of one template share their frozen spec until they are bound. */
const classes = new WeakMap<Pod['spec'], PodClass>();

export function classOf(pod: Pod): PodClass {
  let podClass = classes.get(pod.spec);
  if (podClass === undefined) {
    const { nodeSelector = {}, tolerations = [] } = pod.spec;
    const hostPorts = hostPortsOf(pod);
    const signature = JSON.stringify([nodeSelector, tolerations, hostPorts]);
    podClass = { signature, nodeSelector, tolerations, hostPorts };
    classes.set(pod.spec, podClass);
  }
  return podClass;
}

/** Why the class may not run on a node so tainted; undefined where it may. */
export function refusalOf(
  { tolerations }: PodClass,
  unschedulable: boolean,
  taints: readonly Taint[],
): 'unschedulable' | 'tainted' | undefined {
  if (unschedulable && !tolerates(tolerations, UNSCHEDULABLE)) return 'unschedulable';
  return taints.every((taint) => tolerates(tolerations, taint)) ? undefined : 'tainted';
}

export function selects({ nodeSelector }: PodClass, labels: Labels = {}): boolean {
  for (const key in nodeSelector) if (labels[key] !== nodeSelector[key]) return false;
  return true;
}
