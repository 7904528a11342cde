/** Which controllers run in which program, and the faults that befall a program: lag, lost watches, death between two writes. */
import type { Subscription } from 'rxjs';
import type { Piece, Program } from '../dataplane/index.ts';
import type { Dice, Key, Kind, KubernetesObject } from '../model/index.ts';
import {
  type Controller,
  type ProgramName,
  type ProgramObserver,
  RunningProgram,
  type Targets,
} from '../reconcile/index.ts';
import type { Store } from '../store/index.ts';
import type { VirtualClock } from './clock.ts';

/** How long a watch event takes from the apiserver to an informer when nothing is wrong. */
export const WATCH_LATENCY_MS = 1;

export interface ProgramsOptions {
  readonly controllers: readonly Controller[];
  readonly store: Store<KubernetesObject>;
  readonly clock: VirtualClock;
  readonly targets: Omit<Targets, 'crashes'>;
  readonly observer: ProgramObserver;
  /** a program has listed everything: at the cluster's start, or after a crash */
  readonly started: (program: ProgramName) => void;
  /** each delivery takes up to this much longer, by the dice: another interleaving for each seed */
  readonly jitterMs: number;
  readonly dice: Dice;
}

export class Programs {
  readonly #options: ProgramsOptions;
  readonly #programs = new Map<ProgramName, RunningProgram>();
  readonly #hearing = new Map<Piece, Controller[]>();
  readonly #lagMs = new Map<ProgramName, number>();
  /** programs to die after so many more intents */
  readonly #crashAfter = new Map<ProgramName, number>();
  /** the start that each crashed program waits for, or last waited for */
  readonly #restarts = new Map<RunningProgram, Subscription>();

  constructor(options: ProgramsOptions) {
    this.#options = options;
    for (const name of new Set(options.controllers.map(({ program }) => program))) {
      this.#programs.set(name, this.#programNamed(name));
    }
    for (const controller of options.controllers) {
      for (const piece of Object.keys(controller.pieces ?? {}) as Piece[])
        this.#hearing.set(piece, [...(this.#hearing.get(piece) ?? []), controller]);
    }
  }

  get names(): readonly ProgramName[] {
    return [...this.#programs.keys()];
  }

  get reconciles(): number {
    let sum = 0;
    for (const program of this.#programs.values()) sum += program.reconciles;
    return sum;
  }

  start(): void {
    for (const program of this.#programs.values()) this.#startNow(program);
  }

  /** Whether a program runs: it has listed everything then. */
  isRunning(name: ProgramName): boolean {
    return this.#programs.get(name)?.isRunning === true;
  }

  /** Wakes the controller that is called as its program is, where there is such a program. */
  wake(name: ProgramName, key: Key): void {
    this.#programs.get(name)?.wake(name, key);
  }

  /** Tells the controllers that hear of this piece that it has been programmed. */
  programmed({ piece, key, value }: Program): void {
    if (value === undefined) return;
    for (const { program, name, pieces } of this.#hearing.get(piece) ?? []) {
      for (const concerned of pieces?.[piece]?.(key) ?? []) this.#programs.get(program)?.wake(name, concerned);
    }
  }

  named(name: string): RunningProgram {
    const program = this.#programs.get(name as ProgramName);
    if (program === undefined) throw new Error(`no program named ${name}; there are ${this.names.join(', ')}`);
    return program;
  }

  /** 0 heals: the program hears as soon as it does without a fault. */
  setLag(name: string, lagMs: number): void {
    this.#lagMs.set(this.named(name).name, Math.max(lagMs, WATCH_LATENCY_MS));
  }

  /** Stops a program at once and starts it again, with empty caches, after `downMs`. The last crash says when. */
  crash(name: string, downMs: number): void {
    this.named(name).stop();
    this.#startAfter(this.named(name), downMs);
  }

  #startNow(program: RunningProgram): void {
    program.start();
    this.#options.started(program.name);
  }

  #startAfter(program: RunningProgram, downMs: number): void {
    this.#restarts.get(program)?.unsubscribe();
    this.#restarts.set(
      program,
      this.#options.clock.schedule(() => this.#startNow(program), downMs),
    );
  }

  /** Stops a program after `intents` more of its intents were carried out, between that one and the next. */
  crashAfter(name: string, intents: number): void {
    this.#crashAfter.set(this.named(name).name, intents);
  }

  #programNamed(name: ProgramName): RunningProgram {
    const { controllers, store, clock, targets, observer, jitterMs, dice } = this.#options;
    const jitter = dice.split(`watch of ${name}`);
    return new RunningProgram({
      name,
      controllers: controllers.filter(({ program }) => program === name),
      store,
      scheduler: clock,
      targets: { ...targets, crashes: () => this.#crashesNow(name) },
      lagMs: (_kind: Kind) =>
        (this.#lagMs.get(name) ?? WATCH_LATENCY_MS) + (jitterMs === 0 ? 0 : jitter.below(jitterMs + 1)),
      observer: {
        get observing() {
          return observer.observing;
        },
        reconciled: (by, key, because, intents) => observer.reconciled(by, key, because, intents),
        refused: (by, key, status) => observer.refused(by, key, status),
        crashed: () => this.#died(name),
      },
    });
  }

  #crashesNow(name: ProgramName): boolean {
    const left = this.#crashAfter.get(name);
    if (left === undefined) return false;
    if (left > 1) {
      this.#crashAfter.set(name, left - 1);
      return false;
    }
    this.#crashAfter.delete(name);
    return true;
  }

  #died(name: ProgramName): void {
    this.#options.observer.crashed(name);
    this.#startAfter(this.named(name), WATCH_LATENCY_MS);
  }
}
