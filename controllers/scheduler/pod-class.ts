/**
 * What a pod asks of a node. Pods that ask the same are one class: where one of them fits, all do.
 * Source: kubernetes pkg/scheduler/framework/plugins (nodeunschedulable, tainttoleration, nodeaffinity);
 * `ToleratesTaint` and `FindMatchingUntoleratedTaint`, component-helpers scheduling/corev1.
 */
import { type Labels, type Pod, type Taint, type Toleration, tolerates } from '../../src/model/index.ts';

export interface PodClass {
  readonly signature: string;
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
}

/** The taint that the unschedulable flag stands for. */
const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export function classOf({ spec }: Pod): PodClass {
  const { nodeSelector = {}, tolerations = [] } = spec;
  return { signature: JSON.stringify([nodeSelector, tolerations]), nodeSelector, tolerations };
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
