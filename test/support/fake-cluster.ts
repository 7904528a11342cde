/**
 * For the tests of these controllers: a cluster without an apiserver. It carries intents out in the plainest way, at once,
 * and lets virtual time pass. What is refused, defaulted or validated by the real one is not here.
 */
import { type Dataplane, EMPTY_DATAPLANE, type Program, program } from '../../src/dataplane/index.ts';
import {
  type Key,
  type Kind,
  type KubernetesObject,
  keyOf,
  type Moment,
  type ObjectOf,
  timestampOf,
} from '../../src/model/index.ts';
import { Cache, type Controller, type Intent } from '../../src/reconcile/index.ts';

type Json = Record<string, unknown>;
type Object = KubernetesObject;
type Watch = (object: Object, view: Cache, key: Key) => readonly Key[];

const ROUNDS_MAX = 200_000;

export class FakeCluster {
  now: Moment = 0;
  dataplane: Dataplane = EMPTY_DATAPLANE;
  readonly events: Extract<Intent, { do: 'event' }>[] = [];
  /** intents that changed something, in order */
  readonly writes: Intent[] = [];
  readonly cache: Cache;
  readonly #controllers: readonly Controller[];
  /** when each key of each controller is due */
  readonly #due = new Map<string, { readonly controller: Controller; readonly key: Key; readonly at: Moment }>();
  #revision = 0;
  #named = 0;

  constructor(controllers: readonly Controller[]) {
    this.#controllers = controllers;
    this.cache = new Cache(controllers, () => this.dataplane);
  }

  get<K extends Kind>(kind: K, key: Key): ObjectOf<K> | undefined {
    return this.cache.get(kind, key);
  }

  /** by key */
  list<K extends Kind>(kind: K): readonly ObjectOf<K>[] {
    return [...this.cache.list(kind)].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  create(draft: object): Object {
    const { metadata, ...rest } = draft as { metadata: Json } & Json;
    const uid = `uid-${++this.#named}`;
    const suffix = String(this.#named).padStart(5, '0');
    const named = { name: `${String(metadata['generateName'])}${suffix}`, ...metadata, uid, generation: 1 };
    const status = (rest['status'] ?? (rest['kind'] === 'Pod' ? { phase: 'Pending' } : { replicas: 0 })) as Json;
    const object = { ...rest, metadata: { ...named, creationTimestamp: timestampOf(this.now) }, status };
    return this.#put(object as unknown as Object);
  }

  /** A JSON merge patch, as a user would send it. */
  patch(kind: Kind, key: Key, patch: object): Object {
    const before = this.get(kind, key);
    if (before === undefined) throw new Error(`no ${kind} ${key}`);
    const after = merge(before, patch as Json) as unknown as Object;
    const specChanged = JSON.stringify(field(before, 'spec')) !== JSON.stringify(field(after, 'spec'));
    const generation = (before.metadata.generation ?? 1) + (specChanged ? 1 : 0);
    return this.#put({ ...after, metadata: { ...after.metadata, generation } } as Object);
  }

  delete(kind: Kind, key: Key, gracePeriodSeconds?: number): void {
    const object = this.get(kind, key);
    if (object === undefined) return;
    const pod = object.kind === 'Pod' ? object : undefined;
    const grace = gracePeriodSeconds ?? pod?.spec.terminationGracePeriodSeconds ?? 0;
    const graceful = pod?.spec.nodeName !== undefined && grace > 0;
    if (!graceful && (object.metadata.finalizers ?? []).length === 0) {
      this.#take(kind, key, undefined);
      return;
    }
    if (object.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = timestampOf(this.now + (graceful ? grace * 1000 : 0));
    const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceful ? grace : 0 };
    this.#put({ ...object, metadata } as Object);
  }

  /** Takes an object away whatever holds it, as when its last finalizer goes. */
  remove(kind: Kind, key: Key): void {
    this.#take(kind, key, undefined);
  }

  /** Reconciles whatever is due until `until`, and stands there. */
  run(until: Moment): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const next = this.#next();
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until);
        return;
      }
      this.now = Math.max(this.now, next.at);
      this.#reconcile(next.controller, next.key);
    }
    throw new Error('the controllers go round in circles');
  }

  /** Reconciles a key and returns its intents without carrying them out. */
  look(controller: Controller, key: Key): readonly Intent[] {
    return controller.reconcile(this.cache, key, this.now);
  }

  #next(): { readonly controller: Controller; readonly key: Key; readonly at: Moment } | undefined {
    let next: { readonly controller: Controller; readonly key: Key; readonly at: Moment } | undefined;
    for (const due of this.#due.values()) {
      if (due.at <= this.now) return due;
      if (next === undefined || due.at < next.at) next = due;
    }
    return next;
  }

  #reconcile(controller: Controller, key: Key): void {
    this.#due.delete(`${controller.name} ${key}`);
    for (const intent of controller.reconcile(this.cache, key, this.now)) {
      if (intent.do === 'again') this.#enqueue(controller, key, this.now + intent.afterMs);
      else this.#carryOut(intent);
    }
  }

  #enqueue(controller: Controller, key: Key, at: Moment): void {
    const id = `${controller.name} ${key}`;
    const due = this.#due.get(id);
    if (due === undefined || at < due.at) this.#due.set(id, { controller, key, at });
  }

  #carryOut(intent: Exclude<Intent, { do: 'again' }>): void {
    this.writes.push(intent);
    switch (intent.do) {
      case 'create':
        this.create(intent.object);
        return;
      case 'update':
      case 'update-status':
        this.#put({
          ...this.get(intent.object.kind, keyOf(intent.object))!,
          status: field(intent.object, 'status'),
        } as Object);
        return;
      case 'patch':
        if (this.get(intent.kind, intent.key) !== undefined) this.patch(intent.kind, intent.key, intent.patch);
        this.#finishDeletion(intent.kind, intent.key);
        return;
      case 'delete':
        this.delete(intent.kind, intent.key, intent.gracePeriodSeconds);
        return;
      case 'bind':
        this.patch('Pod', intent.pod, { spec: { nodeName: intent.node } });
        return;
      case 'program':
        this.dataplane = program(this.dataplane, intent as Program);
        return;
      case 'event':
        this.events.push(intent);
        return;
      case 'call':
      case 'fail':
        throw new Error(`there is no cloud here for ${intent.do}`);
      default:
        throw new Error(`unknown intent ${JSON.stringify(intent satisfies never)}`);
    }
  }

  #finishDeletion(kind: Kind, key: Key): void {
    const object = this.get(kind, key);
    if (object?.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0) return;
    if (object.kind === 'Namespace' && (object.spec.finalizers ?? []).length > 0) return;
    if (object.kind !== 'Pod') this.#take(kind, key, undefined);
  }

  #put(object: Object): Object {
    const resourceVersion = String(++this.#revision);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion } } as Object;
    this.#take(stored.kind, keyOf(stored), stored);
    return stored;
  }

  #take(kind: Kind, key: Key, after: Object | undefined): void {
    const before = this.cache.apply(kind, key, after);
    for (const controller of this.#controllers) {
      const watch = controller.watches[kind] as Watch | undefined;
      if (watch === undefined) continue;
      for (const object of [before, after]) {
        if (object === undefined) continue;
        for (const concerned of watch(object, this.cache, key)) this.#enqueue(controller, concerned, this.now);
      }
    }
  }
}

function field(object: object, name: string): unknown {
  return (object as Json)[name];
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Json = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** A deployment of one container, with what defaulting adds. */
export function aDeployment(name: string, replicas: number, spec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: aTemplate(name, 'x:1'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
    status: {},
  };
}

export function aTemplate(app: string, image: string): object {
  return { metadata: { labels: { app } }, spec: aPodSpec({}, image) };
}

export function aPod(name: string, spec: object = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', ...metadata }, spec: aPodSpec(spec) };
}

function aPodSpec(spec: object, image = 'x:1'): object {
  return {
    containers: [{ name: 'c', image, resources: {} }],
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    ...spec,
  };
}

export function aNode(name: string, spec: object = {}, metadata: object = {}, pods = 110): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...metadata },
    spec,
    status: { allocatable: { pods: String(pods) }, addresses: [{ type: 'InternalIP', address: '10.10.12.4' }] },
  };
}
