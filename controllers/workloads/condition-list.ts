/** A status's conditions while a reconcile works on them, with the times that Kubernetes keeps in them. */
import { type Condition, findCondition, type Moment, timestampOf } from '../../src/model/index.ts';

export interface ConditionChange {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** The conditions of a Deployment. Source: `SetDeploymentCondition`, kubernetes pkg/controller/deployment/util. */
export class ConditionList {
  #conditions: readonly Condition[];
  readonly #now: string;

  constructor(conditions: readonly Condition[], at: Moment) {
    this.#conditions = conditions;
    this.#now = timestampOf(at);
  }

  get all(): readonly Condition[] {
    return this.#conditions;
  }

  find(type: string): Condition | undefined {
    return findCondition(this.#conditions, type);
  }

  /** Sets a condition. One of the same status and reason is left as it is, times and message included. */
  set(change: ConditionChange): void {
    const current = this.find(change.type);
    if (current?.status !== change.status || current.reason !== change.reason) this.renew(change);
  }

  /** Sets a condition and notes that it was looked at now, even where it says the same as before. */
  renew(change: ConditionChange): void {
    const current = this.find(change.type);
    const since = current?.status === change.status ? current.lastTransitionTime : undefined;
    this.remove(change.type);
    const { type, status, reason, message } = change;
    const lastTransitionTime = since ?? this.#now;
    const condition = { type, status, reason, message, lastUpdateTime: this.#now, lastTransitionTime };
    this.#conditions = [...this.#conditions, condition];
  }

  remove(type: string): void {
    if (this.find(type) !== undefined)
      this.#conditions = this.#conditions.filter((condition) => condition.type !== type);
  }
}
