/** The steps of a script, ready to be carried out. */
import type { AksOperation, CloudChange, Fault } from '../emulator/index.ts';
import type { Manifest } from './manifest.ts';
import type { Problem } from './problem.ts';
import type { Reference } from './reference.ts';
import type { ResolveStep, SendStep, StepDocument } from './schema.ts';

export type Action =
  | { readonly verb: 'apply'; readonly sources: readonly string[]; readonly manifests: readonly Manifest[] }
  | { readonly verb: 'settle' }
  | { readonly verb: 'advance'; readonly ms: number }
  | { readonly verb: 'resolve'; readonly request: ResolveStep }
  | { readonly verb: 'send'; readonly request: SendStep }
  | { readonly verb: 'fault'; readonly faults: readonly Fault[] }
  | { readonly verb: 'scale'; readonly targets: readonly { readonly target: Reference; readonly replicas: number }[] }
  | { readonly verb: 'aks'; readonly requests: readonly AksRequest[] }
  | { readonly verb: 'delete'; readonly targets: readonly Reference[]; readonly gracePeriodSeconds?: number }
  | { readonly verb: 'patch'; readonly patches: readonly { readonly target: Reference; readonly patch: object }[] }
  | { readonly verb: 'az'; readonly changes: readonly CloudChange[] }
  | { readonly verb: 'cordon' | 'uncordon'; readonly node: string }
  | { readonly verb: 'assert'; readonly expected: NonNullable<StepDocument['assert']> };

/** Something asked of AKS; with `expect` it must be refused. */
export interface AksRequest {
  readonly operation: AksOperation;
  readonly expect?: { readonly code: string; readonly message?: string | undefined };
}

export interface Step {
  readonly action: Action;
  readonly title?: string;
  /** a problem with this step, at its place in the script */
  problem(message: string): Problem;
}

export const VERBS = [
  'apply',
  'settle',
  'advance',
  'resolve',
  'send',
  'fault',
  'scale',
  'scaleNodePool',
  'upgradeNodePool',
  'updateNodePool',
  'updateCluster',
  'drain',
  'replaceNode',
  'delete',
  'patch',
  'az',
  'cordon',
  'uncordon',
  'assert',
] as const satisfies readonly (keyof StepDocument)[];
