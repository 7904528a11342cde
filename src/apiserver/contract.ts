/** What every request to the apiserver carries, and how it answers. */
import type { Dice, Moment } from '../model/index.ts';

/** Time and chance of one request: the apiserver owns neither. */
export interface RequestContext {
  readonly at: Moment;
  readonly dice: Dice;
  /** fields that the API does not have: refused, told of in a warning (unset), or dropped without a word */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** answers as if it were done, and does nothing */
  readonly dryRun?: boolean;
}

export interface StatusCause {
  /** FieldValueInvalid, FieldValueRequired, ... as in metav1.CauseType; empty where the real one leaves it out */
  readonly reason: string;
  readonly message: string;
  /** `spec.ports[0].port`; empty where the real one leaves it out */
  readonly field: string;
}

/** A refusal, as the `Status` body of the real apiserver. */
export interface StatusError {
  readonly code: 400 | 403 | 404 | 405 | 409 | 410 | 422 | 429 | 500;
  /** metav1.StatusReason: NotFound, AlreadyExists, Conflict, Invalid, BadRequest, Forbidden, InternalError, ... */
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
  };
}

export type Outcome<T> =
  /** `changed` is false where the write changed nothing: no revision was made, no event sent */
  | { readonly ok: true; readonly object: T; readonly changed: boolean; readonly warnings?: readonly string[] }
  | { readonly ok: false; readonly status: StatusError };

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** what becomes of its dependents; Background where nothing is said, and the garbage collector sees to it */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface PatchOptions {
  /** `merge` (RFC 7386) where nothing is said */
  readonly type?: 'merge' | 'strategic';
  /** patches /status */
  readonly status?: boolean;
  /** patches /finalize of a namespace: the only way to its spec.finalizers */
  readonly finalize?: boolean;
  /** what the object must be */
  readonly precondition?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface ApiserverOptions {
  /** Service CIDRs, the first is the primary one: `['10.96.0.0/16']` */
  readonly serviceCidrs: readonly string[];
  /** inclusive; 30000-32767 by default */
  readonly nodePortRange?: readonly [number, number];
}
