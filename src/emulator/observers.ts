/** Turns what the store and the programs do into happenings, for whoever listens. Costs nothing while nobody does. */
import { Observable, Subject } from 'rxjs';
import type { StatusError } from '../apiserver/index.ts';
import { type Key, KIND_INFO, KINDS, type Kind, type KubernetesObject, type Moment } from '../model/index.ts';
import type { Intent, ProgramName, ProgramObserver } from '../reconcile/index.ts';
import type { Store, WatchEvent } from '../store/index.ts';
import type { Happening } from './contract.ts';

export class Observers implements ProgramObserver {
  readonly #subject = new Subject<Happening>();
  readonly #now: () => Moment;
  /** who is writing just now: a controller's name, `user` or `aks` */
  writer = 'user';
  readonly happenings: Observable<Happening>;

  constructor(store: Store<KubernetesObject>, now: () => Moment) {
    this.#now = now;
    let watching = false;
    this.happenings = new Observable((subscriber) => {
      if (!watching) for (const kind of KINDS) this.#watch(store, kind);
      watching = true;
      return this.#subject.subscribe(subscriber);
    });
  }

  get observing(): boolean {
    return this.#subject.observed;
  }

  tell(happening: Happening): void {
    if (this.#subject.observed) this.#subject.next(happening);
  }

  reconciled(controller: string, key: Key, because: readonly number[], intents: readonly Intent[]): void {
    this.writer = controller;
    if (this.#subject.observed)
      this.#subject.next({ what: 'reconcile', at: this.#now(), controller, key, because, intents });
  }

  refused(controller: string, key: Key, status: StatusError): void {
    this.tell({ what: 'refused', at: this.#now(), by: controller, key, status });
  }

  crashed(program: ProgramName): void {
    this.tell({ what: 'log', at: this.#now(), program, line: 'crashed between two writes' });
  }

  #watch(store: Store<KubernetesObject>, kind: Kind): void {
    const prefix = `${KIND_INFO[kind].plural}/`;
    store.watch(prefix).subscribe((event) => {
      if (this.#subject.observed) this.#subject.next(this.#event(kind, event.key.slice(prefix.length), event));
    });
  }

  #event(kind: Kind, key: Key, { revision, value, before }: WatchEvent<KubernetesObject>): Happening {
    const type = value === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
    const object = (value ?? before)!;
    return { what: 'event', at: this.#now(), revision, type, kind, key, object, before, by: this.writer };
  }
}
