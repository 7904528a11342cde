/**
 * How the cluster's CPU is spread over zones, kept up to date from the nodes' informer.
 * Source: k8s.io/endpointslice topologycache/topologycache.go (`SetNodes`).
 */
import { findCondition, type KubernetesObject, milliValueOf, type Node } from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'] as const;

export interface ZoneCapacity {
  /** allocatable CPU of ready nodes, in thousandths, and their number, by zone */
  readonly zones: Map<string, { milliCpu: number; nodes: number }>;
  /** ready nodes that do not say their zone or their CPU: one is enough for nobody to know the shares */
  unknown: number;
}

export const ZONE_CAPACITY: ProjectionDeclaration<ZoneCapacity> = {
  name: 'CPU by zone',
  kinds: ['Node'],
  create: () => ({ zones: new Map(), unknown: 0 }),
  apply: (capacity, before, after) => {
    if (before !== undefined) count(capacity, before as KubernetesObject & Node, -1);
    if (after !== undefined) count(capacity, after as KubernetesObject & Node, 1);
  },
};

function count(capacity: ZoneCapacity, { metadata, status }: Node, by: 1 | -1): void {
  const { labels = {} } = metadata;
  const isCounted = findCondition(status.conditions, 'Ready')?.status === 'True';
  if (!isCounted || CONTROL_PLANE.some((label) => label in labels)) return;
  const zone = labels[ZONE] ?? '';
  const milliCpu = milliValueOf(status.allocatable?.['cpu'] ?? '0') ?? 0;
  if (zone === '' || milliCpu === 0) {
    capacity.unknown += by;
    return;
  }
  const entry = capacity.zones.get(zone) ?? { milliCpu: 0, nodes: 0 };
  entry.milliCpu += by * milliCpu;
  entry.nodes += by;
  if (entry.nodes === 0) capacity.zones.delete(zone);
  else capacity.zones.set(zone, entry);
}

/** Each zone's share of the CPU, by name in order; undefined where a node does not tell, or where there are not two zones. */
export function sharesOf({ zones, unknown }: ZoneCapacity): ReadonlyMap<string, number> | undefined {
  if (unknown > 0 || zones.size < 2) return undefined;
  let total = 0;
  for (const { milliCpu } of zones.values()) total += milliCpu;
  const sorted = [...zones].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([zone, { milliCpu }]) => [zone, milliCpu / total]));
}
