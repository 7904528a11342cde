/**
 * A program's informer caches: the objects of each watched kind as the informers have last seen them, filed under the
 * indexes its controllers asked for, with their projections kept up to date. In place of client-go's thread-safe store.
 */
import type { Dataplane } from '../dataplane/index.ts';
import type { Key, Kind, ObjectOf } from '../model/index.ts';
import type { Controller, ProjectionDeclaration, View } from './controller.ts';

type AnyIndexFunction = (object: ObjectOf<Kind>) => readonly string[];

interface Index {
  readonly file: AnyIndexFunction;
  readonly entries: Map<string, Set<Key>>;
  /** under which values each object is filed: most changes leave them as they are */
  readonly values: Map<Key, readonly string[]>;
}

interface KindCache {
  readonly objects: Map<Key, ObjectOf<Kind>>;
  readonly indexes: Map<string, Index>;
  readonly projections: ProjectionDeclaration<unknown>[];
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

export class Cache implements View {
  readonly #kinds = new Map<Kind, KindCache>();
  readonly #projections = new Map<ProjectionDeclaration<unknown>, unknown>();
  readonly #dataplane: () => Dataplane;

  constructor(controllers: readonly Controller[], dataplane: () => Dataplane) {
    this.#dataplane = dataplane;
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
    return this.#kinds.get(kind)?.objects.get(key) as ObjectOf<K> | undefined;
  }

  list<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return (this.#kinds.get(kind)?.objects ?? NOTHING).values() as Iterable<ObjectOf<K>>;
  }

  keys(kind: Kind): Iterable<Key> {
    return (this.#kinds.get(kind)?.objects ?? NOTHING).keys();
  }

  byIndex<K extends Kind>(kind: K, index: string, value: string): Iterable<ObjectOf<K>> {
    const cache = this.#kinds.get(kind);
    const declared = cache?.indexes.get(index);
    if (cache === undefined || declared === undefined) {
      throw new Error(`no controller of this program declares index ${index} of ${kind}`);
    }
    const keys = declared.entries.get(value);
    return keys === undefined ? [] : (Array.from(keys, (key) => cache.objects.get(key)) as ObjectOf<K>[]);
  }

  projection<T>(declaration: ProjectionDeclaration<T>): T {
    const value = this.#projections.get(declaration as ProjectionDeclaration<unknown>);
    if (value === undefined) throw new Error(`no controller of this program declares projection ${declaration.name}`);
    return value as T;
  }

  /** Takes in one object as it is now; undefined where it is gone. Returns what was there before. */
  apply(kind: Kind, key: Key, after: ObjectOf<Kind> | undefined): ObjectOf<Kind> | undefined {
    const cache = this.#kindCache(kind);
    const before = cache.objects.get(key);
    if (after === undefined) cache.objects.delete(key);
    else cache.objects.set(key, after);
    for (const index of cache.indexes.values()) refile(index, key, after);
    for (const declaration of cache.projections) declaration.apply(this.#projections.get(declaration), before, after);
    return before;
  }

  #kindCache(kind: Kind): KindCache {
    let cache = this.#kinds.get(kind);
    if (cache === undefined) {
      cache = { objects: new Map(), indexes: new Map(), projections: [] };
      this.#kinds.set(kind, cache);
    }
    return cache;
  }

  #addIndex(kind: Kind, name: string, file: AnyIndexFunction): void {
    const { indexes } = this.#kindCache(kind);
    if ((indexes.get(name)?.file ?? file) !== file)
      throw new Error(`index ${name} of ${kind} is declared twice, differently`);
    indexes.set(name, { file, entries: new Map(), values: new Map() });
  }

  #addProjection(declaration: ProjectionDeclaration<unknown>): void {
    if (this.#projections.has(declaration)) return;
    this.#projections.set(declaration, declaration.create());
    for (const kind of declaration.kinds) this.#kindCache(kind).projections.push(declaration);
  }
}

const NO_VALUES: readonly string[] = [];

function refile(index: Index, key: Key, after: ObjectOf<Kind> | undefined): void {
  const was = index.values.get(key) ?? NO_VALUES;
  const is = after === undefined ? NO_VALUES : index.file(after);
  if (was.length === is.length && was.every((value, i) => value === is[i])) return;
  for (const value of was) {
    if (is.includes(value)) continue;
    const filed = index.entries.get(value);
    if (filed?.delete(key) && filed.size === 0) index.entries.delete(value);
  }
  for (const value of is) {
    const filed = index.entries.get(value);
    if (filed === undefined) index.entries.set(value, new Set([key]));
    else filed.add(key);
  }
  if (is.length === 0) index.values.delete(key);
  else index.values.set(key, is);
}
