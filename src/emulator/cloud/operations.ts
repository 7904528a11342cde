/**
 * Calls to the resource manager, which take time on the virtual clock, and what goes wrong with them by fault: throttling,
 * and operations that fail after they were accepted.
 */
import type { SchedulerLike } from 'rxjs';
import type { ResourceManager } from '../../arm/index.ts';
import { azure, type Moment } from '../../model/index.ts';
import type { CloudTarget } from '../../reconcile/index.ts';

/** About what Azure takes: an address and a load balancer a few seconds, an interface less. */
const OPERATION_MS: { readonly [N in azure.ResourceName]?: number } = { 'public-ip': 2000, lb: 3000, nsg: 2000 };
const OPERATION_DEFAULT_MS = 1000;

export interface CloudFailure {
  /** which operations fail; all where it is not given */
  readonly resource?: azure.ResourceName;
  /** how many of them */
  readonly times: number;
}

export interface OperationsParts {
  readonly arm: ResourceManager;
  readonly clock: SchedulerLike;
  /** told whenever a resource has changed */
  readonly changed: () => void;
}

export class CloudOperations implements CloudTarget {
  readonly #parts: OperationsParts;
  readonly #calls = new Map<string, number>();
  #throttledUntil: Moment = 0;
  #failure: CloudFailure | undefined;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  get view(): azure.CloudView {
    return this.#parts.arm;
  }

  /** How many calls of each kind were made, refused ones included: `PUT lb`. */
  get calls(): ReadonlyMap<string, number> {
    return this.#calls;
  }

  /** Refuses every call with 429 until then. */
  throttle(forMs: number): void {
    this.#throttledUntil = this.#parts.clock.now() + forMs;
  }

  /** Has the next operations fail after they were accepted. */
  fail(failure: CloudFailure): void {
    this.#failure = failure.times > 0 ? failure : undefined;
  }

  call(call: azure.CloudCall, ended: (failure: azure.CloudError | undefined) => void): azure.CloudError | undefined {
    const { arm, clock, changed } = this.#parts;
    const name = call.method === 'PUT' ? azure.nameOfType(call.resource.type) : call.resource;
    const kind = `${call.method} ${name}`;
    this.#calls.set(kind, (this.#calls.get(kind) ?? 0) + 1);
    const throttled = this.#throttled();
    if (throttled !== undefined) return throttled;
    const begun = arm.begin(call);
    if (!begun.ok) return begun.error;
    changed();
    const failure = this.#takeFailure(name);
    clock.schedule(() => {
      const failed = arm.finish(begun.operation, failure);
      changed();
      ended(failed);
    }, OPERATION_MS[name] ?? OPERATION_DEFAULT_MS);
    return undefined;
  }

  #throttled(): azure.CloudError | undefined {
    const leftMs = this.#throttledUntil - this.#parts.clock.now();
    if (leftMs <= 0) return undefined;
    const retryAfterSeconds = Math.ceil(leftMs / 1000);
    const message = `The request was throttled. Retry after ${retryAfterSeconds} seconds.`;
    return { status: 429, code: 'TooManyRequests', message, retryAfterSeconds };
  }

  #takeFailure(name: azure.ResourceName): azure.CloudError | undefined {
    const failure = this.#failure;
    if (failure === undefined || (failure.resource !== undefined && failure.resource !== name)) return undefined;
    this.fail({ ...failure, times: failure.times - 1 });
    return { status: 500, code: 'InternalServerError', message: 'An error occurred.' };
  }
}
