/**
 * A program's informer caches: the objects of each watched kind as the informers have last seen them, filed under the
 * indexes its controllers asked for, with their projections kept up to date. In place of client-go's thread-safe store.
 *
 * An object has one record, which indexes point to: a change that leaves it filed where it is costs one look-up, whatever
 * the number of indexes.
 */
import type { Dataplane } from '../dataplane/index.ts';
import { azure, type Key, type Kind, type ObjectOf } from '../model/index.ts';
import type { Controller, IndexedPart, IndexFunction, ProjectionDeclaration, View } from './controller.ts';

type AnyObject = ObjectOf<Kind>;
type AnyIndexFunction = IndexFunction<Kind>;

/** Where the parts that indexes read are, in objects that have them. */
interface Spec {
  readonly nodeName?: string;
  readonly selector?: object;
}

const NO_VALUES: readonly string[] = [];
/** How many records a list may hold: beyond that it becomes a set, which finds those that go. */
const LISTED_MAX = 64;

// Classes and counted loops, here and where changes are handed on: every change of every object comes through for every
// program, and what is not of one shape, or asks for an iterator, is compiled again and again.

class Filed {
  readonly key: Key;
  /** undefined once it is gone */
  object: AnyObject | undefined;
  /** the values it is filed under, for each index in turn */
  readonly values: (readonly string[])[];
  /** what changed next after it the last time */
  next: Filed | undefined;

  constructor(key: Key, object: AnyObject, values: (readonly string[])[]) {
    this.key = key;
    this.object = object;
    this.values = values;
  }
}

/** What is filed under one value, in the order in which it came. */
type Entry = Filed[] | Set<Filed>;

class Index {
  readonly name: string;
  readonly file: AnyIndexFunction;
  readonly #reads: readonly IndexedPart[] | undefined;
  readonly entries = new Map<string, Entry>();

  constructor(name: string, file: AnyIndexFunction) {
    this.name = name;
    this.file = file;
    this.#reads = file.reads;
  }

  /** Whether an object may be filed elsewhere after a change. */
  mayDiffer(before: AnyObject, after: AnyObject): boolean {
    const reads = this.#reads;
    if (reads === undefined) return true;
    for (let i = 0; i < reads.length; i++) if (partOf(before, reads[i]!) !== partOf(after, reads[i]!)) return true;
    return false;
  }
}

function partOf(object: AnyObject, part: IndexedPart): unknown {
  switch (part) {
    case 'labels':
      return object.metadata.labels;
    case 'ownerReferences':
      return object.metadata.ownerReferences;
    case 'nodeName':
      return (object as { spec?: Spec }).spec?.nodeName;
    case 'selector':
      return (object as { spec?: Spec }).spec?.selector;
    default:
      throw new Error(`unknown part ${part satisfies never}`);
  }
}

class Projection {
  readonly declaration: ProjectionDeclaration<unknown>;
  readonly value: unknown;

  constructor(declaration: ProjectionDeclaration<unknown>, value: unknown) {
    this.declaration = declaration;
    this.value = value;
  }
}

export class KindCache {
  readonly objects = new Map<Key, Filed>();
  readonly indexes: Index[] = [];
  readonly projections: Projection[] = [];
  #changed: Filed | undefined;
  /** what changed last or was asked for last */
  #found: Filed | undefined;

  /** Takes in one object as it is now; undefined where it is gone. Returns what was there before. */
  apply(key: Key, after: AnyObject | undefined): AnyObject | undefined {
    const filed = this.#changing(key);
    const before = filed?.object;
    if (filed === undefined) {
      if (after === undefined) return undefined;
      this.#follow(insert(this, key, after));
    } else if (after === undefined) {
      remove(this, filed);
      this.#leave(filed);
    } else {
      this.#follow(filed);
      replace(this, filed, after);
    }
    for (let i = 0; i < this.projections.length; i++) {
      const { declaration, value } = this.projections[i]!;
      declaration.apply(value, before, after, key);
    }
    return before;
  }

  /**
   * One object, as it is now. What has changed is asked for at once; what it woke is asked for in the same order. So the
   * last one and its next are looked at first.
   */
  get(key: Key): AnyObject | undefined {
    const last = this.#found;
    if (last !== undefined) {
      if (last.key === key) return last.object;
      const likely = last.next;
      if (likely !== undefined && likely.key === key && likely.object !== undefined) {
        this.#found = likely;
        return likely.object;
      }
    }
    const filed = this.objects.get(key);
    if (filed !== undefined) this.#found = filed;
    return filed?.object;
  }

  /** What is changing. Thousands change in the order in which they came, or changed before: so that is looked at first. */
  #changing(key: Key): Filed | undefined {
    const likely = this.#changed?.next;
    if (likely === undefined || likely.key !== key || likely.object === undefined) return this.objects.get(key);
    return likely;
  }

  /** Nobody comes after what is gone: else each that came and went would hold on to the next. */
  #leave(filed: Filed): void {
    filed.next = undefined;
    if (this.#changed === filed) this.#changed = undefined;
    if (this.#found === filed) this.#found = undefined;
  }

  #follow(filed: Filed): void {
    if (this.#changed !== undefined && this.#changed.next !== filed) this.#changed.next = filed;
    this.#changed = filed;
    this.#found = filed;
  }
}

export class Cache implements View {
  readonly #kinds = new Map<Kind, KindCache>();
  readonly #projections = new Map<ProjectionDeclaration<unknown>, unknown>();
  readonly #dataplane: () => Dataplane;
  readonly cloud: azure.CloudView;

  constructor(controllers: readonly Controller[], dataplane: () => Dataplane, cloud: azure.CloudView = azure.NO_CLOUD) {
    this.#dataplane = dataplane;
    this.cloud = cloud;
    for (const controller of controllers) {
      for (const kind of Object.keys(controller.watches) as Kind[]) this.of(kind);
      for (const [kind, indexes] of Object.entries(controller.indexes ?? {})) {
        for (const [name, file] of Object.entries(indexes))
          this.#addIndex(kind as Kind, name, file as AnyIndexFunction);
      }
      for (const declaration of controller.projections ?? []) this.#addProjection(declaration);
    }
  }

  /** the kinds that this program watches */
  get watchedKinds(): readonly Kind[] {
    return [...this.#kinds.keys()];
  }

  get dataplane(): Dataplane {
    return this.#dataplane();
  }

  get<K extends Kind>(kind: K, key: Key): ObjectOf<K> | undefined {
    return this.#kinds.get(kind)?.get(key) as ObjectOf<K> | undefined;
  }

  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return objectsOf<K>(this.#kinds.get(kind)?.objects.values() ?? NONE);
  }

  keys(kind: Kind): Iterable<Key> {
    return this.#kinds.get(kind)?.objects.keys() ?? [];
  }

  byIndex<K extends Kind>(kind: K, index: string, value: string): Iterable<ObjectOf<K>> {
    return objectsOf<K>(this.#index(kind, index).entries.get(value) ?? NONE);
  }

  hasIndexed(kind: Kind, index: string, value: string): boolean {
    return this.#index(kind, index).entries.has(value);
  }

  #index(kind: Kind, index: string): Index {
    const indexes = this.#kinds.get(kind)?.indexes ?? [];
    for (let i = 0; i < indexes.length; i++) if (indexes[i]!.name === index) return indexes[i]!;
    throw new Error(`no controller of this program declares index ${index} of ${kind}`);
  }

  projection<T>(declaration: ProjectionDeclaration<T>): T {
    const value = this.#projections.get(declaration as ProjectionDeclaration<unknown>);
    if (value === undefined) throw new Error(`no controller of this program declares projection ${declaration.name}`);
    return value as T;
  }

  /** Takes in one object as it is now; undefined where it is gone. Returns what was there before. */
  apply(kind: Kind, key: Key, after: AnyObject | undefined): AnyObject | undefined {
    return this.of(kind).apply(key, after);
  }

  /** The objects of one kind. */
  of(kind: Kind): KindCache {
    let cache = this.#kinds.get(kind);
    if (cache === undefined) {
      cache = new KindCache();
      this.#kinds.set(kind, cache);
    }
    return cache;
  }

  #addIndex(kind: Kind, name: string, file: AnyIndexFunction): void {
    const { indexes } = this.of(kind);
    const known = indexes.find((index) => index.name === name);
    if (known === undefined) indexes.push(new Index(name, file));
    else if (known.file !== file) throw new Error(`index ${name} of ${kind} is declared twice, differently`);
  }

  #addProjection(declaration: ProjectionDeclaration<unknown>): void {
    if (this.#projections.has(declaration)) return;
    const value = declaration.create();
    this.#projections.set(declaration, value);
    for (const kind of declaration.kinds) this.of(kind).projections.push(new Projection(declaration, value));
  }
}

const NONE: readonly Filed[] = [];

/** A copy: who reads an index may be writing to it by the time it goes on. */
function objectsOf<K extends Kind>(filed: Iterable<Filed>): ObjectOf<K>[] {
  const objects: ObjectOf<K>[] = [];
  if (Array.isArray(filed)) for (const record of filed as Filed[]) objects.push(record.object as ObjectOf<K>);
  else for (const record of filed) objects.push(record.object as ObjectOf<K>);
  return objects;
}

function insert({ objects, indexes }: KindCache, key: Key, object: AnyObject): Filed {
  // Not pushed one by one: an array that grows keeps room for many more.
  const filings = indexes.map(({ file }) => file(object));
  const filed = new Filed(key, object, filings);
  objects.set(key, filed);
  for (let i = 0; i < indexes.length; i++) {
    const values = filings[i]!;
    for (let j = 0; j < values.length; j++) addTo(indexes[i]!, values[j]!, filed);
  }
  return filed;
}

function replace({ indexes }: KindCache, filed: Filed, after: AnyObject): void {
  const before = filed.object!;
  filed.object = after;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i]!;
    if (index.mayDiffer(before, after)) refile(index, filed, i, index.file(after));
  }
}

function remove({ objects, indexes }: KindCache, filed: Filed): void {
  objects.delete(filed.key);
  filed.object = undefined;
  for (let i = 0; i < indexes.length; i++) refile(indexes[i]!, filed, i, NO_VALUES);
}

function refile(index: Index, filed: Filed, position: number, is: readonly string[]): void {
  const was = filed.values[position]!;
  if (sameTexts(was, is)) return;
  filed.values[position] = is;
  for (let i = 0; i < was.length; i++) if (!is.includes(was[i]!)) removeFrom(index, was[i]!, filed);
  for (let i = 0; i < is.length; i++) if (!was.includes(is[i]!)) addTo(index, is[i]!, filed);
}

function addTo({ entries }: Index, value: string, filed: Filed): void {
  const entry = entries.get(value);
  if (entry === undefined) entries.set(value, [filed]);
  else if (!Array.isArray(entry)) entry.add(filed);
  // An object may name a value twice.
  else if (entry.at(-1) === filed) return;
  else if (entry.length < LISTED_MAX) entry.push(filed);
  else entries.set(value, new Set(entry).add(filed));
}

function removeFrom({ entries }: Index, value: string, filed: Filed): void {
  const entry = entries.get(value);
  if (entry === undefined) return;
  if (Array.isArray(entry)) {
    const place = entry.indexOf(filed);
    if (place >= 0) entry.splice(place, 1);
  } else entry.delete(filed);
  if ((Array.isArray(entry) ? entry.length : entry.size) === 0) entries.delete(value);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
