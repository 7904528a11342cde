/**
 * One program's informer of one kind: lists, then watches, and hands changes on when they are due. It may lag behind the
 * store, lose its watch to compaction and list again; what it hands on is always the state of some revision, never skipped
 * backwards.
 */
import type { SchedulerLike, Subscription } from 'rxjs';
import { type Key, KIND_INFO, type Kind, type KubernetesObject, type Moment } from '../model/index.ts';
import { CompactedError, type Store, type WatchEvent } from '../store/index.ts';

/** A change as the cache takes it in. */
export type Deliver = (key: Key, after: KubernetesObject | undefined, revision: number) => void;

export interface InformerOptions {
  readonly kind: Kind;
  readonly store: Store<KubernetesObject>;
  readonly scheduler: SchedulerLike;
  /** how much later than the write this informer hears of a change made now */
  readonly lagMs: () => number;
  readonly deliver: Deliver;
  /** what was handed on before and not taken back: asked for when everything is listed anew */
  readonly known: () => Iterable<Key>;
  /** called once after each batch of deliveries */
  readonly delivered: () => void;
}

/** Changes that are due together: thousands can be on their way, and nearly all were made at one moment. */
interface Batch {
  readonly dueAt: Moment;
  readonly events: WatchEvent<KubernetesObject>[];
}

export class Informer {
  readonly #options: InformerOptions;
  readonly #prefix: string;
  #pending: Batch[] = [];
  #subscription: Subscription | undefined;
  #wake: Subscription | undefined;
  #wakeAt: Moment = Number.POSITIVE_INFINITY;
  #revision = 0;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.#prefix = `${KIND_INFO[options.kind].plural}/`;
  }

  /** the revision of the last change handed on */
  get revision(): number {
    return this.#revision;
  }

  /** Lists everything as it is now, then follows. What was known and is gone is handed on as deleted. */
  start(): void {
    const { store, deliver, delivered, known } = this.#options;
    const revision = store.revision;
    const listed = new Set<Key>();
    for (const entry of store.list(this.#prefix)) {
      const key = entry.key.slice(this.#prefix.length);
      listed.add(key);
      deliver(key, entry.value, entry.modRevision);
    }
    for (const key of [...known()]) if (!listed.has(key)) deliver(key, undefined, revision);
    this.#revision = revision;
    this.#follow();
    delivered();
  }

  /** Stops hearing. What was heard and not yet handed on is lost, as when a process dies. */
  stop(): void {
    this.#subscription?.unsubscribe();
    this.#wake?.unsubscribe();
    this.#pending = [];
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  /** Loses the watch and resumes it where it was; lists again where that revision is compacted. */
  reconnect(): void {
    this.stop();
    this.#follow();
  }

  #follow(): void {
    this.#subscription = this.#options.store.watch(this.#prefix, this.#revision).subscribe({
      next: (event) => this.#receive(event),
      error: (error: unknown) => {
        if (!(error instanceof CompactedError)) throw error;
        this.start();
      },
    });
  }

  #receive(event: WatchEvent<KubernetesObject>): void {
    const { scheduler, lagMs } = this.#options;
    const last = this.#pending.at(-1);
    const dueAt = Math.max(scheduler.now() + lagMs(), last?.dueAt ?? 0);
    if (last?.dueAt === dueAt) {
      last.events.push(event);
      return;
    }
    this.#pending.push({ dueAt, events: [event] });
    if (this.#pending.length === 1) this.#wakeWhenDue();
  }

  #wakeWhenDue(): void {
    const first = this.#pending[0];
    if (first === undefined || first.dueAt === this.#wakeAt) return;
    this.#wakeAt = first.dueAt;
    this.#wake = this.#options.scheduler.schedule(() => this.#handOn(), first.dueAt - this.#options.scheduler.now());
  }

  #handOn(): void {
    const now = this.#options.scheduler.now();
    const due = this.#pending.findIndex(({ dueAt }) => dueAt > now);
    const batches = due < 0 ? this.#pending : this.#pending.slice(0, due);
    this.#pending = due < 0 ? [] : this.#pending.slice(due);
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const { deliver } = this.#options;
    for (const { events } of batches) {
      // Counted: while this is not compiled yet, an iterator makes an object of each event.
      for (let i = 0; i < events.length; i++) {
        const { name, value, revision } = events[i]!;
        this.#revision = revision;
        deliver(name, value, revision);
      }
    }
    this.#wakeWhenDue();
    if (batches.length > 0) this.#options.delivered();
  }
}
