/**
 * One running program of the cluster: its informers, its view, and the queue of each of its controllers.
 *
 * ```text
 *   informer(kind) --deliver--> cache --watches--> queue(controller) --drain--> reconcile --intents--> commit
 * ```
 *
 * A key that has written is not reconciled again until the informers have seen what it wrote. client-go's controllers
 * reach the same with expectations (kubernetes pkg/controller/controller_utils.go); here it holds for every controller.
 */
import type { SchedulerLike } from 'rxjs';
import type { StatusError } from '../apiserver/index.ts';
import type { azure, Key, Kind, KubernetesObject, ObjectOf } from '../model/index.ts';
import type { Store } from '../store/index.ts';
import { Cache } from './cache.ts';
import { type CommitResult, cloudRefusal, commit, type Targets, type Written } from './commit.ts';
import type { Controller, Intent, ProgramName, View } from './controller.ts';
import { Informer } from './informer.ts';
import { type WorkItem, WorkQueue } from './queue.ts';

/** Reconciles that one program may do without virtual time moving; more is a loop, and is named. */
export const RECONCILES_AT_ONE_MOMENT_MAX = 5_000_000;

/** Told of each reconcile, after its intents were computed and before they are carried out. */
export interface ProgramObserver {
  /** whether anybody listens: what woke a key is remembered only then */
  readonly observing: boolean;
  reconciled(controller: string, key: Key, because: readonly number[], intents: readonly Intent[]): void;
  refused(controller: string, key: Key, status: StatusError): void;
  crashed(program: ProgramName): void;
}

export interface ProgramOptions {
  readonly name: ProgramName;
  readonly controllers: readonly Controller[];
  readonly store: Store<KubernetesObject>;
  readonly scheduler: SchedulerLike;
  readonly targets: Targets;
  readonly lagMs: (kind: Kind) => number;
  readonly observer: ProgramObserver;
}

interface Running {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  /** keys that wait for what they have written to be seen, and what woke them meanwhile */
  readonly waiting: Map<WorkItem, readonly number[]>;
  /** the cloud call that is under way: until it has ended, the controller takes no other key */
  calling: object | undefined;
}

type Watch = (object: ObjectOf<Kind>, view: View, key: Key) => readonly Key[];

interface Watcher {
  readonly watch: Watch;
  readonly queue: WorkQueue;
}

function addAll(queue: WorkQueue, keys: readonly Key[], because: number | undefined): void {
  for (let i = 0; i < keys.length; i++) queue.add(keys[i]!, because);
}

export class RunningProgram {
  readonly name: ProgramName;
  readonly #options: ProgramOptions;
  readonly #controllers: readonly Running[];
  #cache: Cache;
  #informers = new Map<Kind, Informer>();
  /** kinds whose informers nobody has needed so far */
  #asleep: Set<Kind> = new Set();
  #drainScheduled = false;
  #down = false;
  #reconciles = 0;
  #momentOfCount = -1;
  #countAtMoment = 0;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
    this.#controllers = options.controllers.map((controller) => ({
      controller,
      queue: new WorkQueue(options.scheduler, () => this.#scheduleDrain(), controller.backoff),
      waiting: new Map(),
      calling: undefined,
    }));
    this.#cache = this.#emptyCache();
  }

  /** reconciles done since the program was made */
  get reconciles(): number {
    return this.#reconciles;
  }

  get isRunning(): boolean {
    return this.#informers.size > 0;
  }

  get view(): View {
    return this.#cache;
  }

  /** Lists everything, then follows. Does nothing to a program that runs. */
  start(): void {
    if (this.#informers.size > 0) return;
    this.#down = false;
    this.#cache = this.#emptyCache();
    this.#asleep = new Set(this.#cache.watchedKinds);
    this.#startNeeded();
    for (const { controller, queue } of this.#controllers) {
      for (const key of [...(controller.leftovers?.(this.#cache) ?? [])].sort()) queue.add(key);
    }
  }

  /** Starts the informers that somebody needs and that do not run yet. */
  #startNeeded(): void {
    const dataplane = this.#options.targets.dataplane();
    const needed = [...this.#asleep].filter((kind) =>
      this.#controllers.some(({ controller: { watches, indexes, needs } }) => {
        const concerns = kind in watches || (indexes !== undefined && kind in indexes);
        return concerns && (needs?.[kind]?.(dataplane) ?? true);
      }),
    );
    for (const kind of needed) {
      this.#asleep.delete(kind);
      this.#informers.set(kind, this.#informer(kind));
    }
    for (const kind of needed) this.#informers.get(kind)?.start();
  }

  /** Dies: caches, queues and what was on its way are gone. */
  stop(): void {
    this.#down = true;
    for (const informer of this.#informers.values()) informer.stop();
    this.#informers = new Map();
    for (const running of this.#controllers) {
      const { queue, waiting } = running;
      running.calling = undefined;
      queue.clear();
      waiting.clear();
    }
  }

  /** Loses its watches and resumes them: what was on its way comes again. */
  reconnect(): void {
    for (const informer of this.#informers.values()) informer.reconnect();
  }

  /** Puts a key into a controller's queue: for what no watch tells, such as a node's kubelet coming back. */
  wake(controller: string, key: Key): void {
    // Whoever is down lists everything when it starts.
    if (this.#down) return;
    this.#controllers.find((running) => running.controller.name === controller)?.queue.add(key);
  }

  #emptyCache(): Cache {
    const { controllers, targets } = this.#options;
    return new Cache(controllers, targets.dataplane, targets.cloud?.view);
  }

  #informer(kind: Kind): Informer {
    const { store, scheduler, lagMs } = this.#options;
    const cache = this.#cache.of(kind);
    const watchers = this.#watchersOf(kind);
    return new Informer({
      kind,
      store,
      scheduler,
      lagMs: () => lagMs(kind),
      known: () => this.#cache.keys(kind),
      deliver: (key, after, revision) => this.#wakeConcerned(watchers, key, cache.apply(key, after), after, revision),
      delivered: () => this.#release(),
    });
  }

  #wakeConcerned(
    watchers: readonly Watcher[],
    key: Key,
    before: ObjectOf<Kind> | undefined,
    after: ObjectOf<Kind> | undefined,
    revision: number,
  ): void {
    const because = this.#options.observer.observing ? revision : undefined;
    for (let i = 0; i < watchers.length; i++) {
      const { watch, queue } = watchers[i]!;
      if (before !== undefined) addAll(queue, watch(before, this.#cache, key), because);
      if (after !== undefined) addAll(queue, watch(after, this.#cache, key), because);
    }
  }

  #watchersOf(kind: Kind): readonly Watcher[] {
    return this.#controllers.flatMap(({ controller, queue }) => {
      const watch = controller.watches[kind] as Watch | undefined;
      return watch === undefined ? [] : [{ watch, queue }];
    });
  }

  /** Lets go of the keys whose writes have come back. */
  #release(): void {
    for (const { queue, waiting } of this.#controllers) {
      for (const [item, because] of waiting) {
        if (!this.#hasSeen(item.unseen)) continue;
        item.unseen = undefined;
        waiting.delete(item);
        queue.put(item);
        for (const revision of because) queue.put(item, revision);
      }
    }
  }

  #hasSeen(writes: readonly Written[] | undefined): boolean {
    if (writes === undefined) return true;
    for (const { kind, revision } of writes) {
      const informer = this.#informers.get(kind);
      if (informer !== undefined && informer.revision < revision) return false;
    }
    return true;
  }

  #scheduleDrain(): void {
    if (this.#drainScheduled) return;
    this.#drainScheduled = true;
    this.#options.scheduler.schedule(() => {
      this.#drainScheduled = false;
      this.#drain();
    }, 0);
  }

  #drain(): void {
    for (const running of this.#controllers) {
      if (running.calling !== undefined) continue;
      for (let taken = running.queue.take(); taken !== undefined; taken = running.queue.take()) {
        if (this.#down) return;
        this.#reconcile(running, taken, taken.because);
        if (running.calling !== undefined) break;
      }
    }
  }

  /** Makes a cloud call and waits for its end; then the same key is looked at afresh, before any other. */
  #call(running: Running, item: WorkItem, call: azure.CloudCall): void {
    const { cloud } = this.#options.targets;
    if (cloud === undefined) throw new Error(`${running.controller.name} calls a cloud, and there is none`);
    const calling = {};
    running.calling = calling;
    const refused = cloud.call(call, (failure) => {
      // The program may have died meanwhile.
      if (running.calling !== calling) return;
      running.calling = undefined;
      if (failure === undefined) this.#reconcile(running, item, []);
      else this.#callFailed(running, item, failure, call);
      this.#scheduleDrain();
    });
    if (refused === undefined) {
      if (this.#options.targets.crashes()) this.#crash();
      return;
    }
    running.calling = undefined;
    this.#callFailed(running, item, refused, call);
  }

  #callFailed({ controller, queue }: Running, item: WorkItem, error: azure.CloudError, call: azure.CloudCall): void {
    const { key } = item;
    this.#options.observer.refused(controller.name, key, cloudRefusal(error));
    const told = controller.failed?.(this.#cache, key, error, call, this.#options.scheduler.now()) ?? [];
    commit(told, controller.name, this.#options.targets);
    queue.retry(item, (error.retryAfterSeconds ?? 0) * 1000);
  }

  #reconcile(running: Running, item: WorkItem, because: readonly number[]): void {
    const { controller, waiting } = running;
    const { key } = item;
    if (!this.#hasSeen(item.unseen)) {
      waiting.set(item, [...(waiting.get(item) ?? []), ...because]);
      return;
    }
    item.unseen = undefined;
    this.#count(controller.name, key);
    const intents = controller.reconcile(this.#cache, key, this.#options.scheduler.now());
    this.#options.observer.reconciled(controller.name, key, because, intents);
    if (intents.length === 0) {
      running.queue.forget(item);
      return;
    }
    this.#settle(running, item, commit(intents, controller.name, this.#options.targets));
    if (this.#asleep.size > 0 && !this.#down) this.#startNeeded();
  }

  #settle(running: Running, item: WorkItem, outcome: CommitResult): void {
    const { controller, queue } = running;
    if (outcome.wrote.length > 0) item.unseen = outcome.wrote;
    switch (outcome.result) {
      case 'done':
        if (outcome.againAfterMs !== undefined) queue.addAfter(item, outcome.againAfterMs);
        queue.forget(item);
        return;
      case 'refused':
        this.#options.observer.refused(controller.name, item.key, outcome.status);
        queue.retry(item);
        return;
      case 'calling':
        this.#call(running, item, outcome.call);
        return;
      case 'crashed':
        this.#crash();
        return;
      default:
        throw new Error(`unknown outcome ${(outcome satisfies never as CommitResult).result}`);
    }
  }

  #crash(): void {
    this.stop();
    this.#options.observer.crashed(this.name);
  }

  #count(controller: string, key: Key): void {
    const now = this.#options.scheduler.now();
    if (now !== this.#momentOfCount) {
      this.#momentOfCount = now;
      this.#countAtMoment = 0;
    }
    this.#reconciles++;
    if (++this.#countAtMoment > RECONCILES_AT_ONE_MOMENT_MAX) {
      throw new Error(`${controller} goes round in circles: ${key} is reconciled at ${now} ms for ever`);
    }
  }
}
