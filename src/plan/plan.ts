/** A plan, read and checked: a cluster, and how it is to grow. */
import type { ClusterSettings } from '../model/index.ts';

/** One thing that grows. Counts are totals, not additions; they never go down. */
export type Growth =
  | { readonly of: 'nodes' | 'pods'; readonly pool: string; readonly count: number }
  /** nodes are replaced by new ones, and for as long as that takes the pool has its surge on top */
  | { readonly of: 'surge'; readonly pool: string; readonly count: number }
  | { readonly of: 'services'; readonly count: number };

export interface GrowthStep {
  /** where it stands in the file: `growth[0].nodes.nodepool1`; `cluster` for what the cluster begins with */
  readonly at: string;
  readonly growth: Growth;
}

export interface Requirements {
  /** whether somebody outside of the cluster must reach pods by their own addresses */
  readonly podsReachedByAddress: boolean;
}

export interface Plan {
  readonly name: string;
  readonly title?: string;
  /** agent pools begin with their `count`, which is the growth's first steps */
  readonly settings: ClusterSettings;
  readonly requirements: Requirements;
  readonly steps: readonly GrowthStep[];
}
