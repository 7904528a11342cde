/**
 * An MVCC key-value store in the manner of etcd: one counter of revisions, every write makes one, and what was at a kept
 * revision can still be read.
 *
 * ```text
 *   keys:  collection -> key -> versions, oldest first      log:  one event a revision, oldest first
 *   pods/default/a   @3 {..}  @7 {..}  @9 gone              @3 put pods/default/a, @4 put nodes/n1, ...
 * ```
 *
 * A key's first segment is its collection (`pods/default/a` lies in `pods`): reads and watches of one collection never
 * touch another. Source of the semantics: etcd's API guarantees (https://etcd.io/docs/v3.5/learning/api_guarantees/).
 */
import { Observable, Subject } from 'rxjs';

export interface Entry<V> {
  readonly key: string;
  readonly value: V;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** One change. `value` is undefined where the key was deleted, `before` where it was created. */
export interface WatchEvent<V> {
  readonly revision: number;
  readonly key: string;
  readonly value: V | undefined;
  readonly before: V | undefined;
}

interface Version<V> {
  readonly revision: number;
  readonly createRevision: number;
  readonly value: V | undefined;
}

type Versions<V> = Version<V>[];

/** The revision asked for is no longer kept: the reader must list again. HTTP calls it 410 Gone. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly requested: number;
  readonly oldest: number;
  constructor(requested: number, oldest: number) {
    super(`revision ${requested} is compacted; the oldest kept is ${oldest}`);
    this.requested = requested;
    this.oldest = oldest;
  }
}

export type WriteResult =
  | { readonly ok: true; readonly revision: number }
  /** the key was not at the revision expected; `actual` is where it is, 0 where it does not exist */
  | { readonly ok: false; readonly actual: number };

interface Collection<V> {
  readonly keys: Map<string, Versions<V>>;
  readonly changes: Subject<WatchEvent<V>>;
  live: number;
}

export class Store<V extends object> {
  readonly #collections = new Map<string, Collection<V>>();
  /** the event of revision r is at index r - 1 - #logStart */
  #log: WatchEvent<V>[] = [];
  #logStart = 0;
  #revision = 0;
  #compacted = 0;
  #announced = 0;
  #announcing = false;

  /** the revision of the last write; 0 before the first */
  get revision(): number {
    return this.#revision;
  }

  /** revisions below this one can no longer be read or watched from */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get(key: string, revision = this.#revision): Entry<V> | undefined {
    this.#requireKept(revision);
    const versions = this.#collections.get(collectionOf(key))?.keys.get(key);
    return versions === undefined ? undefined : entryAt(key, versions, revision);
  }

  /** The live entries whose key begins with `prefix` at `revision`, sorted by key. */
  list(prefix: string, revision = this.#revision): readonly Entry<V>[] {
    this.#requireKept(revision);
    const entries: Entry<V>[] = [];
    for (const collection of this.#matching(prefix)) {
      for (const [key, versions] of collection.keys) {
        if (!key.startsWith(prefix)) continue;
        const entry = entryAt(key, versions, revision);
        if (entry !== undefined) entries.push(entry);
      }
    }
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** How many live keys a collection holds now. */
  count(collection: string): number {
    return this.#collections.get(collection)?.live ?? 0;
  }

  /**
   * Writes one value. `expected` is the modRevision the key must have: 0 means that it must not exist. Values must be
   * frozen by the caller; the store keeps them as they are.
   */
  put(key: string, value: V, expected?: number): WriteResult {
    return this.#write(key, value, expected);
  }

  /** Deletes one key. Deleting what does not exist is refused with `actual` 0. */
  delete(key: string, expected?: number): WriteResult {
    const versions = this.#collections.get(collectionOf(key))?.keys.get(key);
    if (versions?.at(-1)?.value === undefined) return { ok: false, actual: 0 };
    return this.#write(key, undefined, expected);
  }

  /**
   * Every change after `from` under `prefix`: first those already made, then each as it is made. In order, none missing,
   * none twice. Ends in a `CompactedError` where `from` is no longer kept.
   */
  watch(prefix: string, from = this.#revision): Observable<WatchEvent<V>> {
    return new Observable((subscriber) => {
      if (from < this.#compacted) {
        subscriber.error(new CompactedError(from, this.#compacted));
        return undefined;
      }
      let last = from;
      let replaying = true;
      const live = this.#collection(collectionOf(prefix)).changes.subscribe((event) => {
        if (!replaying && event.revision > last && event.key.startsWith(prefix)) subscriber.next(event);
      });
      // A subscriber may write while it is being replayed to: what it causes lies in the log and is replayed in turn.
      while (last < this.#revision && !subscriber.closed) {
        const event = this.#log[last - this.#logStart]!;
        last = event.revision;
        if (event.key.startsWith(prefix)) subscriber.next(event);
      }
      replaying = false;
      return live;
    });
  }

  /** Forgets what was before `revision`, except what is still the state at it. */
  compact(revision: number): void {
    if (revision <= this.#compacted || revision > this.#revision) return;
    for (const key of new Set(this.#log.slice(0, revision - this.#logStart).map((event) => event.key))) {
      const keys = this.#collections.get(collectionOf(key))!.keys;
      const versions = keys.get(key);
      if (versions === undefined) continue;
      const kept = indexAt(versions, revision);
      if (kept > 0) versions.splice(0, kept);
      if (versions.length === 1 && versions[0]!.value === undefined) keys.delete(key);
    }
    this.#log = this.#log.slice(revision - this.#logStart);
    this.#logStart = revision;
    this.#compacted = revision;
  }

  #write(key: string, value: V | undefined, expected: number | undefined): WriteResult {
    const collection = this.#collection(collectionOf(key));
    let versions = collection.keys.get(key);
    const latest = versions?.at(-1);
    const exists = latest?.value !== undefined;
    const actual = exists ? latest.revision : 0;
    if (expected !== undefined && expected !== actual) return { ok: false, actual };
    const revision = ++this.#revision;
    if (versions === undefined) {
      versions = [];
      collection.keys.set(key, versions);
    }
    const before = latest?.value;
    versions.push({ revision, createRevision: exists ? latest.createRevision : revision, value });
    collection.live += (value === undefined ? 0 : 1) - (exists ? 1 : 0);
    const event = { revision, key, value, before };
    this.#log.push(event);
    this.#announce();
    return { ok: true, revision };
  }

  /** Tells the watchers. A watcher that writes is told of its own write after everybody was told of what came before. */
  #announce(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    try {
      while (this.#announced < this.#revision) {
        const event = this.#log[this.#announced - this.#logStart]!;
        this.#announced = event.revision;
        this.#collection(collectionOf(event.key)).changes.next(event);
      }
    } finally {
      this.#announcing = false;
    }
  }

  #collection(name: string): Collection<V> {
    let collection = this.#collections.get(name);
    if (collection === undefined) {
      collection = { keys: new Map(), changes: new Subject(), live: 0 };
      this.#collections.set(name, collection);
    }
    return collection;
  }

  #matching(prefix: string): Iterable<Collection<V>> {
    if (prefix === '') return this.#collections.values();
    const one = this.#collections.get(collectionOf(prefix));
    return one === undefined ? [] : [one];
  }

  #requireKept(revision: number): void {
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    if (revision > this.#revision)
      throw new RangeError(`revision ${revision} is not made yet; the last is ${this.#revision}`);
  }
}

function collectionOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}

/** The index of the last version made at or before `revision`; -1 where there is none. */
function indexAt(versions: readonly Version<unknown>[], revision: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (versions[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function entryAt<V>(key: string, versions: Versions<V>, revision: number): Entry<V> | undefined {
  const last = versions[versions.length - 1]!;
  const version = last.revision <= revision ? last : versions[indexAt(versions, revision)];
  if (version?.value === undefined) return undefined;
  return { key, value: version.value, createRevision: version.createRevision, modRevision: version.revision };
}
