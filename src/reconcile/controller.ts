/**
 * The contract that every controller keeps.
 *
 * ```text
 *   store --watch--> informer (lags) --> view --+
 *                        |                      v
 *                        +--> watches --> queue --> reconcile(view, key, at) --> intents --> commit --> apiserver, dataplane
 * ```
 *
 * A controller is a pure function: it reads the view, returns what should be written, and does nothing itself. It is
 * level-triggered: a key names an object, never an event, and a second reconcile of a settled key returns nothing that
 * changes anything.
 */
import type { Dataplane, Piece, Pieces } from '../dataplane/index.ts';
import type { azure, Key, Kind, KubernetesObject, Moment, ObjectOf } from '../model/index.ts';

/**
 * The program a controller runs in. Controllers of one program share its informers, as in the real one, and lag together.
 */
export type ProgramName =
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'coredns'
  | 'cloud-controller-manager'
  | 'azure-cns'
  | 'dnc';

/** What a controller can see: its program's informer caches, at the revision they have reached, and what is programmed. */
export interface View {
  get<K extends Kind>(kind: K, key: Key): ObjectOf<K> | undefined;
  /** every cached object of a kind, in no particular order. Walks them all: never on the way of an event */
  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>>;
  /** the objects that an index of the controller's program files under `value`, in no particular order */
  byIndex<K extends Kind>(kind: K, index: string, value: string): Iterable<ObjectOf<K>>;
  /** whether the index files any object under `value` */
  hasIndexed(kind: Kind, index: string, value: string): boolean;
  /** a projection's current value, see `ProjectionDeclaration` */
  projection<T>(declaration: ProjectionDeclaration<T>): T;
  readonly dataplane: Dataplane;
  /** the cloud's resources as they are now: clients of the resource manager ask, they are not told */
  readonly cloud: azure.CloudView;
}

/**
 * A value kept up to date from the informers' changes, so that a reconcile need not walk a kind: the scheduler's node
 * counts, say. It must be a function of the cache's contents alone: rebuilt from scratch, it is the same.
 */
export interface ProjectionDeclaration<T> {
  readonly name: string;
  readonly kinds: readonly Kind[];
  create(): T;
  /** `before` undefined: the object is new; `after` undefined: it is gone */
  apply(value: T, before: KubernetesObject | undefined, after: KubernetesObject | undefined, key: Key): void;
}

/** A part of an object that index functions read. Names and namespaces are none: they stay as they are. */
export type IndexedPart = 'labels' | 'ownerReferences' | 'nodeName' | 'selector';

/** Files an object under zero or more values, as client-go's Indexers. */
export interface IndexFunction<K extends Kind> {
  (object: ObjectOf<K>): readonly string[];
  /** all that it reads of the object, where it says so: while these parts are the same, so are the values */
  readonly reads?: readonly IndexedPart[];
}

export interface Controller {
  readonly name: string;
  readonly program: ProgramName;
  /** which keys a changed object concerns; asked for the object, whose key is `key`, before and after the change. Level, not edge */
  readonly watches: { readonly [K in Kind]?: (object: ObjectOf<K>, view: View, key: Key) => readonly Key[] };
  /**
   * pieces of the dataplane that concern it: it hears at once of what is programmed, as a process does of what happens on its
   * own machine
   */
  readonly pieces?: { readonly [P in Piece]?: (key: string) => readonly Key[] };
  /**
   * kinds that it watches only from when this holds on: an informer that no controller of the program needs is not started.
   * Asked when the program starts, and after each reconcile that writes
   */
  readonly needs?: { readonly [K in Kind]?: (dataplane: Dataplane) => boolean };
  /** indexes this controller reads; a name means one function within a program */
  readonly indexes?: { readonly [K in Kind]?: Readonly<Record<string, IndexFunction<K>>> };
  readonly projections?: readonly ProjectionDeclaration<unknown>[];
  /**
   * Keys under which it may have left something programmed whose object went while its program was down: no watch tells of
   * that. Asked when the program has started and listed everything, as real programs sync from scratch when they start.
   */
  leftovers?(view: View): Iterable<Key>;
  reconcile(view: View, key: Key, at: Moment): readonly Intent[];
  /** what it tells where a cloud call was refused or has failed, before the key is retried: Events */
  failed?(view: View, key: Key, error: azure.CloudError, call: azure.CloudCall, at: Moment): readonly Intent[];
  /** how long a key waits that failed, doubling from the first; client-go's where it is not given */
  readonly backoff?: Backoff;
}

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** An object as a controller writes it: what the apiserver fills in may be left out. */
export type Draft<K extends Kind> = {
  readonly apiVersion: string;
  readonly kind: K;
  readonly metadata: Partial<Omit<ObjectOf<K>['metadata'], 'uid' | 'resourceVersion' | 'creationTimestamp'>>;
} & { readonly [field: string]: unknown };

export interface Precondition {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** What a controller wants done. Only `commit.ts` carries intents out, one at a time: a crash can fall between any two. */
export type Intent =
  | { readonly do: 'create'; readonly object: Draft<Kind> }
  /** a whole object, written against its resourceVersion: a conflict puts the key back */
  | { readonly do: 'update'; readonly object: KubernetesObject }
  /** the same for the status alone; the rest of the object is ignored */
  | { readonly do: 'update-status'; readonly object: KubernetesObject }
  /** a JSON merge patch (RFC 7386), without a precondition unless it names one */
  | {
      readonly do: 'patch';
      readonly kind: Kind;
      readonly key: Key;
      readonly patch: object;
      readonly status?: boolean;
      /** PATCH /finalize of a namespace: the only way to change `spec.finalizers` */
      readonly finalize?: boolean;
      readonly precondition?: Precondition;
    }
  | {
      readonly do: 'delete';
      readonly kind: Kind;
      readonly key: Key;
      readonly precondition?: Precondition;
      readonly gracePeriodSeconds?: number;
    }
  /** assigns a pod to a node: POST pods/binding */
  | { readonly do: 'bind'; readonly pod: Key; readonly uid: string; readonly node: string }
  | ProgramIntent
  /** an Event about an object, as `kubectl describe` shows it */
  | {
      readonly do: 'event';
      readonly about: KubernetesObject;
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly host?: string;
      /** who signs it; the controller where it is not given */
      readonly component?: string;
    }
  /**
   * A call to the cloud's resource manager. The controller waits until it has ended, as a worker that polls does, and then
   * looks at the key afresh: what comes after it is not carried out
   */
  | { readonly do: 'call'; readonly call: azure.CloudCall }
  /** the key cannot be brought to where it should be, and is retried */
  | { readonly do: 'fail'; readonly message: string }
  /** the same key again, this much later */
  | { readonly do: 'again'; readonly afterMs: number };

/**
 * Programs a piece of the dataplane. `expected`, where given, is the piece as it was read: if it has changed since, the
 * intent conflicts and the key goes back to its queue.
 */
export type ProgramIntent = {
  readonly [P in Piece]: {
    readonly do: 'program';
    readonly piece: P;
    readonly key: string;
    readonly value: Pieces[P] | undefined;
    readonly expected?: Pieces[P] | undefined;
  };
}[Piece];
