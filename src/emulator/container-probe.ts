/**
 * One probe of a container, as its kubelet's worker runs it: it asks when the container has started, then at regular times,
 * and takes as many answers in a row as it has thresholds before it changes its mind. Nothing is asked while nothing changes.
 *
 * Source: kubernetes pkg/kubelet/prober/{worker,prober_manager}.go, pkg/probe/http/http.go (200 to 399 is success).
 */
import type { Moment, Probe } from '../model/index.ts';

export interface ProbeOptions {
  readonly probe: Probe;
  /** when the worker began: its ticks are counted from there */
  readonly since: Moment;
  readonly now: () => Moment;
  readonly later: (ms: number, action: () => void) => void;
  /** what the probe finds until it has asked, and while the container does not run */
  readonly initially: boolean;
  /** the probe has changed its mind */
  readonly changed: () => void;
}

const PERIOD_SECONDS = 10;
const FAILURES = 3;

export class ContainerProbe {
  readonly #options: ProbeOptions;
  #found: boolean;
  /** what the container would answer now */
  #answers = false;
  #startedAt: Moment = 0;
  /** counts what has changed: what was planned before is void */
  #plan = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#found = options.initially;
  }

  /** whether the container is well, by this probe */
  get found(): boolean {
    return this.#found;
  }

  /** The container has started, and would answer this: it is asked at once, unless the probe is to wait at first. */
  started(answers: boolean): void {
    const { probe, now, initially } = this.#options;
    this.#plan++;
    this.#startedAt = now();
    this.#answers = answers;
    this.#found = initially;
    if (answers === initially) return;
    const asksAtOnce = (probe.initialDelaySeconds ?? 0) === 0;
    if (asksAtOnce && this.#threshold() === 1) this.#found = answers;
    else this.#planChange(asksAtOnce ? 1 : 0);
  }

  /** The container has ended: what was found of it is forgotten. */
  ended(): void {
    this.#plan++;
    this.#found = this.#options.initially;
  }

  /** The container answers otherwise than before, perhaps. */
  answers(answers: boolean): void {
    if (answers === this.#answers) return;
    this.#plan++;
    this.#answers = answers;
    if (answers !== this.#found) this.#planChange(0);
  }

  #threshold(): number {
    const { probe } = this.#options;
    return this.#answers ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? FAILURES);
  }

  /** Changes its mind once the threshold is reached, of which so many answers have come already. */
  #planChange(had: number): void {
    const { probe, since, now, later, changed } = this.#options;
    const periodMs = (probe.periodSeconds ?? PERIOD_SECONDS) * 1000;
    const asksFrom = Math.max(now(), this.#startedAt + (probe.initialDelaySeconds ?? 0) * 1000);
    const firstTick = since + (Math.floor((asksFrom - since) / periodMs) + 1) * periodMs;
    const plan = this.#plan;
    later(firstTick + (this.#threshold() - had - 1) * periodMs - now(), () => {
      if (plan !== this.#plan) return;
      this.#found = this.#answers;
      changed();
    });
  }
}
