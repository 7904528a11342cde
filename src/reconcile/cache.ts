/**
 * A program's informer caches: the objects of each watched kind as the informers have last seen them, filed under the
 * indexes its controllers asked for, with their projections kept up to date. In place of client-go's thread-safe store.
 *
 * An object has one record, which indexes point to: a change that leaves it filed where it is costs one look-up, whatever
 * the number of indexes.
 */
import type { Dataplane } from '../dataplane/index.ts';
import { azure, type Key, type Kind, type ObjectOf } from '../model/index.ts';
import type { Controller, IndexFunction, ProjectionDeclaration, View } from './controller.ts';

type AnyObject = ObjectOf<Kind>;
type AnyIndexFunction = IndexFunction<Kind>;

interface Filed {
  object: AnyObject;
  /** the values it is filed under, for each index in turn */
  readonly values: (readonly string[])[];
}

interface Index {
  readonly name: string;
  readonly file: AnyIndexFunction;
  readonly entries: Map<string, Set<Filed>>;
}

interface KindCache {
  readonly objects: Map<Key, Filed>;
  readonly indexes: Index[];
  readonly projections: { readonly declaration: ProjectionDeclaration<unknown>; readonly value: unknown }[];
}

const NO_VALUES: readonly string[] = [];

export class Cache implements View {
  readonly #kinds = new Map<Kind, KindCache>();
  readonly #projections = new Map<ProjectionDeclaration<unknown>, unknown>();
  readonly #dataplane: () => Dataplane;
  readonly cloud: azure.CloudView;

  constructor(controllers: readonly Controller[], dataplane: () => Dataplane, cloud: azure.CloudView = azure.NO_CLOUD) {
    this.#dataplane = dataplane;
    this.cloud = cloud;
    for (const controller of controllers) {
      for (const kind of Object.keys(controller.watches) as Kind[]) this.#kindCache(kind);
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
    return this.#kinds.get(kind)?.objects.get(key)?.object as ObjectOf<K> | undefined;
  }

  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return objectsOf<K>(this.#kinds.get(kind)?.objects.values());
  }

  keys(kind: Kind): Iterable<Key> {
    return this.#kinds.get(kind)?.objects.keys() ?? [];
  }

  byIndex<K extends Kind>(kind: K, index: string, value: string): Iterable<ObjectOf<K>> {
    return objectsOf<K>(this.#index(kind, index).entries.get(value));
  }

  hasIndexed(kind: Kind, index: string, value: string): boolean {
    return this.#index(kind, index).entries.has(value);
  }

  #index(kind: Kind, index: string): Index {
    const declared = this.#kinds.get(kind)?.indexes.find(({ name }) => name === index);
    if (declared === undefined) throw new Error(`no controller of this program declares index ${index} of ${kind}`);
    return declared;
  }

  projection<T>(declaration: ProjectionDeclaration<T>): T {
    const value = this.#projections.get(declaration as ProjectionDeclaration<unknown>);
    if (value === undefined) throw new Error(`no controller of this program declares projection ${declaration.name}`);
    return value as T;
  }

  /** Takes in one object as it is now; undefined where it is gone. Returns what was there before. */
  apply(kind: Kind, key: Key, after: AnyObject | undefined): AnyObject | undefined {
    const cache = this.#kindCache(kind);
    const filed = cache.objects.get(key);
    const before = filed?.object;
    if (filed !== undefined && after !== undefined) {
      replace(cache, filed, after);
    } else if (after !== undefined) {
      const record: Filed = { object: after, values: [] };
      cache.objects.set(key, record);
      for (let i = 0; i < cache.indexes.length; i++) {
        const index = cache.indexes[i]!;
        refile(index, record, i, index.file(after));
      }
    } else if (filed !== undefined) {
      cache.objects.delete(key);
      for (const [i, index] of cache.indexes.entries()) refile(index, filed, i, NO_VALUES);
    } else return undefined;
    for (const { declaration, value } of cache.projections) declaration.apply(value, before, after);
    return before;
  }

  #kindCache(kind: Kind): KindCache {
    let cache = this.#kinds.get(kind);
    if (cache === undefined) {
      cache = { objects: new Map(), indexes: [], projections: [] };
      this.#kinds.set(kind, cache);
    }
    return cache;
  }

  #addIndex(kind: Kind, name: string, file: AnyIndexFunction): void {
    const { indexes } = this.#kindCache(kind);
    const known = indexes.find((index) => index.name === name);
    if (known === undefined) indexes.push({ name, file, entries: new Map() });
    else if (known.file !== file) throw new Error(`index ${name} of ${kind} is declared twice, differently`);
  }

  #addProjection(declaration: ProjectionDeclaration<unknown>): void {
    if (this.#projections.has(declaration)) return;
    const value = declaration.create();
    this.#projections.set(declaration, value);
    for (const kind of declaration.kinds) this.#kindCache(kind).projections.push({ declaration, value });
  }
}

/** A copy: who reads an index may be writing to it by the time it goes on. */
function objectsOf<K extends Kind>(filed: Iterable<Filed> | undefined): ObjectOf<K>[] {
  const objects: ObjectOf<K>[] = [];
  if (filed !== undefined) for (const { object } of filed) objects.push(object as ObjectOf<K>);
  return objects;
}

function replace({ indexes }: KindCache, filed: Filed, after: AnyObject): void {
  const before = filed.object;
  filed.object = after;
  for (let i = 0; i < indexes.length; i++) {
    const { file } = indexes[i]!;
    if (file.part === undefined || file.part(before) !== file.part(after)) refile(indexes[i]!, filed, i, file(after));
  }
}

function refile(index: Index, filed: Filed, position: number, is: readonly string[]): void {
  const was = filed.values[position] ?? NO_VALUES;
  if (sameTexts(was, is)) return;
  filed.values[position] = is;
  for (const value of was) {
    if (is.includes(value)) continue;
    const entry = index.entries.get(value);
    if (entry?.delete(filed) && entry.size === 0) index.entries.delete(value);
  }
  for (const value of is) {
    const entry = index.entries.get(value);
    if (entry === undefined) index.entries.set(value, new Set([filed]));
    else entry.add(filed);
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
