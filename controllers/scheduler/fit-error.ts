/**
 * Why a pod fits nowhere, in the real scheduler's words.
 * Source: `FitError.Error`, kubernetes pkg/scheduler/framework/types.go; the plugins' reasons; framework/preemption.
 * Since 1.34 the DynamicResources plugin is asked before preemption and says "no new claims to deallocate".
 */
import type { NodeEntry, NodeLedger, TaintGroup } from './node-ledger.ts';
import { type Assumed, rarestLabel } from './node-picker.ts';
import { type PodClass, refusalOf, selects } from './pod-class.ts';

const UNSCHEDULABLE = 'node(s) were unschedulable';
const TAINTED = 'node(s) had untolerated taint(s)';
const NOT_SELECTED = "node(s) didn't match Pod's node affinity/selector";
const NO_FREE_PORTS = "node(s) didn't have free ports for the requested pod ports";
const FULL = 'Too many pods';
const NOT_HELPFUL = 'Preemption is not helpful for scheduling';
const NO_VICTIMS = 'No preemption victims found for incoming pod';

/** The message of the condition PodScheduled and of the Event FailedScheduling. Each node counts for the first reason only. */
export function fitError(
  podClass: PodClass,
  ledger: NodeLedger,
  assumed: Assumed,
  preemptionPolicy: string | undefined,
): string {
  if (ledger.size === 0) return 'no nodes available to schedule pods';
  const reasons = new Map<string, number>();
  const selected = selectedByGroup(podClass, ledger);
  const withoutPorts = withoutPortsByGroup(podClass, ledger, assumed);
  for (const group of ledger.groups) {
    const refusal = refusalOf(podClass, group.unschedulable, group.taints);
    const admitted = selected?.get(group) ?? (selected === undefined ? group.size : 0);
    if (refusal !== undefined) count(reasons, refusal === 'tainted' ? TAINTED : UNSCHEDULABLE, group.size);
    else {
      count(reasons, NOT_SELECTED, group.size - admitted);
      const conflicting = withoutPorts.get(group) ?? 0;
      count(reasons, NO_FREE_PORTS, conflicting);
      count(reasons, FULL, admitted - conflicting);
    }
  }
  const preemptible = (reasons.get(FULL) ?? 0) + (reasons.get(NO_FREE_PORTS) ?? 0);
  const preemption = new Map<string, number>();
  count(preemption, NOT_HELPFUL, ledger.size - preemptible);
  count(preemption, NO_VICTIMS, preemptible);
  const helps =
    preemptionPolicy === 'Never'
      ? 'not eligible due to preemptionPolicy=Never.'
      : `0/${ledger.size} nodes are available: ${listed(preemption)}.`;
  const available = `0/${ledger.size} nodes are available: ${listed(reasons)}.`;
  return `${available} no new claims to deallocate, preemption: ${helps}`;
}

/** How many nodes of each group the selector admits; undefined without a selector. */
function selectedByGroup(podClass: PodClass, ledger: NodeLedger): Map<TaintGroup, number> | undefined {
  const rarest = rarestLabel(podClass, ledger);
  if (rarest === undefined) return undefined;
  const selected = new Map<TaintGroup, number>();
  for (const { node, group } of rarest as ReadonlySet<NodeEntry>) {
    if (group !== undefined && selects(podClass, node?.metadata.labels))
      selected.set(group, (selected.get(group) ?? 0) + 1);
  }
  return selected;
}

/** How many nodes of each group the selector admits and another pod's port rules out. */
function withoutPortsByGroup(podClass: PodClass, ledger: NodeLedger, assumed: Assumed): Map<TaintGroup, number> {
  const holders = new Set<NodeEntry>();
  for (const port of podClass.hostPorts) {
    for (const entry of ledger.holding(port).keys()) holders.add(entry);
    for (const entry of assumed.holding(port)) holders.add(entry);
  }
  const conflicting = new Map<TaintGroup, number>();
  for (const { node, group } of holders) {
    if (group !== undefined && selects(podClass, node?.metadata.labels))
      conflicting.set(group, (conflicting.get(group) ?? 0) + 1);
  }
  return conflicting;
}

function count(reasons: Map<string, number>, reason: string, nodes: number): void {
  if (nodes > 0) reasons.set(reason, (reasons.get(reason) ?? 0) + nodes);
}

/** Sorted as texts, so "10 ..." comes before "2 ...". */
function listed(reasons: ReadonlyMap<string, number>): string {
  return [...reasons]
    .map(([reason, nodes]) => `${nodes} ${reason}`)
    .sort()
    .join(', ');
}
