/**
 * Containers whose processes are run, and not only told of: CoreDNS's. The kubelet says when one starts and when it is to
 * stop; the process says how it is.
 */
import type { Moment } from '../model/index.ts';

export interface ContainerRun {
  /** the pod's */
  readonly uid: string;
  /** when the kubelet began with the pod, and so with its probes */
  readonly since: Moment;
  /** SIGTERM, and how long until SIGKILL; undefined before */
  readonly stop?: { readonly at: Moment; readonly graceMs: number };
}

export interface ProcessState {
  /** the pod's */
  readonly uid: string;
  /** false while it has ended, for good or until it is started again */
  readonly running: boolean;
  /** what the container's readiness probe finds; true where it has none */
  readonly ready: boolean;
}
