/**
 * An MVCC key-value store in the manner of etcd: one counter of revisions, every write makes one, and what was at a kept
 * revision can still be read.
 *
 * ```text
 *   keys:  collection -> key -> versions, newest first      log:  one event a revision, oldest first
 *   pods/default/a   @9 gone -> @7 {..} -> @3 {..}          @3 put pods/default/a, @4 put nodes/n1, ...
 * ```
 *
 * A key is its collection and its name in there (`pods/default/a` lies in `pods`), and so is a prefix: reads and watches of
 * one collection never touch another. The empty prefix means all of them. Source of the semantics: etcd's API guarantees (https://etcd.io/docs/v3.5/learning/api_guarantees/).
 */
import { Observable, type Subscriber } from 'rxjs';
import { EventLog } from './event-log.ts';

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
  /** the key less its collection: the same string in every event of the key, for watchers to file by without making their own */
  readonly name: string;
  readonly value: V | undefined;
  readonly before: V | undefined;
}

/** What a key was from a revision on; `value` is undefined where it was deleted. */
interface Version<V> {
  readonly revision: number;
  readonly createRevision: number;
  readonly value: V | undefined;
  /** cut off by compaction */
  previous: Version<V> | undefined;
}

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

/** Who is told of what is written under a prefix after a revision. */
interface Watcher<V> {
  /** what names in the feed's collection begin with; all do where it is empty */
  readonly prefix: string;
  /** infinite while it is still shown what was written before it came */
  after: number;
  readonly subscriber: Subscriber<WatchEvent<V>>;
}

/** What was written, and whom to tell of the next write. */
interface Feed<V> {
  readonly log: EventLog<WatchEvent<V>>;
  /** replaced where somebody comes or goes, never changed: somebody may be walking it */
  watchers: readonly Watcher<V>[];
}

/** Where a key's versions hang: a write looks its key up once, and changes what it finds. */
interface Place<V> {
  readonly key: string;
  readonly name: string;
  newest: Version<V>;
}

interface Collection<V> extends Feed<V> {
  readonly places: Map<string, Place<V>>;
  /** where was looked last, and what was found there: a write follows a read of its name nearly always */
  lastName: string | undefined;
  lastPlace: Place<V> | undefined;
  /** how many keys exist now */
  live: number;
}

export class Store<V extends object> {
  readonly #collections = new Map<string, Collection<V>>();
  /** all collections together; each collection has its own feed besides */
  readonly #all: Feed<V> = newFeed();
  #revision = 0;
  #compacted = 0;
  /** written, but not yet told to every watcher */
  readonly #unannounced: { readonly event: WatchEvent<V>; readonly feed: Feed<V> }[] = [];
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
    const [within, name] = parted(key);
    const collection = this.#collections.get(within);
    return entryOf(key, versionAt(collection && placeOf(collection, name)?.newest, revision));
  }

  /** What is at `collection/name` now. Callers who hold on to names need no keys made of them: names are found faster. */
  read(within: string, name: string): V | undefined {
    const collection = this.#collections.get(within);
    return collection === undefined ? undefined : placeOf(collection, name)?.newest.value;
  }

  /** The live entries whose key begins with `prefix` at `revision`, sorted by key. */
  list(prefix: string, revision = this.#revision): readonly Entry<V>[] {
    this.#requireKept(revision);
    const entries: Entry<V>[] = [];
    for (const collection of this.#matching(prefix)) {
      for (const { key, newest } of collection.places.values()) {
        if (!key.startsWith(prefix)) continue;
        const entry = entryOf(key, versionAt(newest, revision));
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
    return this.write(...parted(key), value, expected);
  }

  /** Deletes one key. Deleting what does not exist is refused with `actual` 0. */
  delete(key: string, expected?: number): WriteResult {
    return this.write(...parted(key), undefined, expected);
  }

  /** Puts `value` at `collection/name`, or deletes what is there. The name goes into every event, as it is. */
  write(within: string, name: string, value: V | undefined, expected?: number): WriteResult {
    const collection = this.#collection(within);
    let place = placeOf(collection, name);
    const latest = place?.newest;
    const exists = latest?.value !== undefined;
    const actual = exists ? latest.revision : 0;
    if (value === undefined && !exists) return { ok: false, actual };
    if (expected !== undefined && expected !== actual) return { ok: false, actual };
    const revision = ++this.#revision;
    const createRevision = exists ? latest.createRevision : revision;
    const version = { revision, createRevision, value, previous: latest };
    if (place === undefined) place = addPlace(collection, { key: `${within}/${name}`, name, newest: version });
    else place.newest = version;
    collection.live += (value === undefined ? 0 : 1) - (exists ? 1 : 0);
    const event = { revision, key: place.key, name: place.name, value, before: latest?.value };
    this.#all.log.append(event);
    collection.log.append(event);
    this.#announce(event, collection);
    return { ok: true, revision };
  }

  /**
   * Every change after `from` under `prefix`: first those already made, then each as it is made. In order, none missing,
   * none twice. Ends in a `CompactedError` where `from` is no longer kept, or where what was still to be replayed is
   * compacted meanwhile. A `from` that is not made yet leaves out what comes up to it.
   */
  watch(prefix: string, from = this.#revision): Observable<WatchEvent<V>> {
    return new Observable((subscriber) => {
      if (from < this.#compacted) {
        subscriber.error(new CompactedError(from, this.#compacted));
        return undefined;
      }
      const [within, names] = parted(prefix);
      const feed = prefix === '' ? this.#all : this.#collection(within);
      const watcher: Watcher<V> = { prefix: names, after: Number.POSITIVE_INFINITY, subscriber };
      feed.watchers = [...feed.watchers, watcher];
      // Nothing live passes while `after` is infinite: what is written during the replay lies in the log and is replayed.
      this.#replay(feed.log, prefix, from, subscriber);
      watcher.after = Math.max(from, this.#revision);
      return () => {
        feed.watchers = feed.watchers.filter((other) => other !== watcher);
      };
    });
  }

  /** Forgets what was before `revision`, except what is still the state at it. */
  compact(revision: number): void {
    if (revision <= this.#compacted || revision > this.#revision) return;
    const { log } = this.#all;
    const end = log.positionAfter(revision);
    const changed = new Set<string>();
    for (let position = log.start; position < end; position++) changed.add(log.at(position).key);
    for (const key of changed) this.#forgetVersions(key, revision);
    log.forget(revision);
    for (const collection of this.#collections.values()) collection.log.forget(revision);
    this.#compacted = revision;
  }

  /** Drops the versions of a key that are older than its state at `revision`, and the key where that state is its end. */
  #forgetVersions(key: string, revision: number): void {
    const [within, name] = parted(key);
    const collection = this.#collection(within);
    const newest = placeOf(collection, name)?.newest;
    const kept = versionAt(newest, revision);
    if (kept === undefined) return;
    kept.previous = undefined;
    if (kept !== newest || kept.value !== undefined) return;
    collection.places.delete(name);
    collection.lastPlace = undefined;
  }

  #replay(log: EventLog<WatchEvent<V>>, prefix: string, from: number, subscriber: Subscriber<WatchEvent<V>>): void {
    let position = log.positionAfter(from);
    let reached = from;
    while (position < log.end && !subscriber.closed) {
      if (position < log.start) {
        subscriber.error(new CompactedError(reached, this.#compacted));
        return;
      }
      const event = log.at(position++);
      reached = event.revision;
      if (event.key.startsWith(prefix)) subscriber.next(event);
    }
  }

  /** Tells the watchers. A watcher that writes is told of its own write after everybody was told of what came before. */
  #announce(event: WatchEvent<V>, feed: Feed<V>): void {
    if (this.#announcing) {
      this.#unannounced.push({ event, feed });
      return;
    }
    this.#announcing = true;
    try {
      tell(this.#all, event);
      tell(feed, event);
      // The array grows while it is walked, by what watchers write.
      for (const { event, feed } of this.#unannounced) {
        tell(this.#all, event);
        tell(feed, event);
      }
    } finally {
      if (this.#unannounced.length > 0) this.#unannounced.length = 0;
      this.#announcing = false;
    }
  }

  #collection(name: string): Collection<V> {
    let collection = this.#collections.get(name);
    if (collection === undefined) {
      collection = { places: new Map(), lastName: undefined, lastPlace: undefined, live: 0, ...newFeed() };
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

function newFeed<V>(): Feed<V> {
  return { log: new EventLog(), watchers: [] };
}

function placeOf<V>(collection: Collection<V>, name: string): Place<V> | undefined {
  if (collection.lastName !== name) {
    collection.lastPlace = collection.places.get(name);
    collection.lastName = name;
  }
  return collection.lastPlace;
}

function addPlace<V>(collection: Collection<V>, place: Place<V>): Place<V> {
  collection.places.set(place.name, place);
  collection.lastName = place.name;
  collection.lastPlace = place;
  return place;
}

function tell<V>({ watchers }: Feed<V>, event: WatchEvent<V>): void {
  for (const { prefix, after, subscriber } of watchers)
    if (event.revision > after && (prefix === '' || event.name.startsWith(prefix))) subscriber.next(event);
}

function collectionOf(key: string): string {
  return parted(key)[0];
}

/** The collection of a key or of a prefix, and what follows it. */
function parted(key: string): readonly [string, string] {
  const slash = key.indexOf('/');
  return slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
}

/** The last version made at or before `revision`. Nearly every read is of the newest or of one close to it. */
function versionAt<V>(newest: Version<V> | undefined, revision: number): Version<V> | undefined {
  let version = newest;
  while (version !== undefined && version.revision > revision) version = version.previous;
  return version;
}

function entryOf<V>(key: string, version: Version<V> | undefined): Entry<V> | undefined {
  if (version?.value === undefined) return undefined;
  return { key, value: version.value, createRevision: version.createRevision, modRevision: version.revision };
}
