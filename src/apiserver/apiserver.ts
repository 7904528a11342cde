/**
 * The simulated kube-apiserver: what each request does to the store.
 *
 * ```text
 *   create   read -> admit -> name -> allocate -> prepare -> validate -> store
 *   update   read -> preconditions -> allocate -> prepare -> validate -> same? -> store, or remove what is released
 *   delete   preconditions -> plan -> mark, remove, or both
 * ```
 *
 * Source of the order: k8s.io/apiserver/pkg/registry/generic/registry/store.go.
 */
import {
  deepFreeze,
  type Key,
  KIND_INFO,
  type Kind,
  type KubernetesObject,
  keyOf,
  type ObjectMeta,
  type ObjectOf,
  type Pod,
  type Service,
  splitKey,
} from '../model/index.ts';
import type { Store } from '../store/index.ts';
import { admit, type Surroundings } from './admission.ts';
import { withLastApplied } from './apply.ts';
import { bindPod, uidMismatch } from './binding.ts';
import { NO_SUCH_RESOURCE, type Part, prepare, validateChange } from './change.ts';
import type { ApiserverOptions, DeleteOptions, Outcome, PatchOptions, RequestContext } from './contract.ts';
import { checkPreconditions, isReleased, planDeletion, terminateNamespace } from './deletion.ts';
import { FieldErrors } from './field-errors.ts';
import { validateMetadata, validateNonNegative } from './metadata.ts';
import { IMMORTAL_NAMESPACES } from './namespace.ts';
import { mergePatch } from './patch/merge.ts';
import { strategicPatch } from './patch/strategic.ts';
import { threeWayMerge } from './patch/three-way.ts';
import { knownSpec, rememberSpec } from './pod/known-specs.ts';
import { type Read, readDraft, readObject } from './read.ts';
import { structOf } from './schema/index.ts';
import { type Allocation, ServiceAllocations } from './service/allocations.ts';
import { workingOf } from './service/working.ts';
import { share } from './sharing.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, invalidObject, notFound, refused } from './status.ts';
import { strategyOf } from './strategies.ts';
import { atRevision, keptMetadata, newMetadata } from './system-fields.ts';

const NODE_PORTS: readonly [number, number] = [30000, 32767];

type Written = Outcome<KubernetesObject>;

/** An object on its way to the store, in place of `before`. */
interface Update {
  readonly kind: Kind;
  readonly key: Key;
  readonly before: KubernetesObject;
  readonly value: unknown;
  readonly part: Part;
  readonly asPatch: boolean;
  readonly context: RequestContext;
}

export class Apiserver {
  readonly #store: Store<KubernetesObject>;
  readonly #allocations: ServiceAllocations;
  readonly #surroundings: Surroundings;

  /** The allocators are rebuilt from the Services in the store. */
  constructor(store: Store<KubernetesObject>, options: ApiserverOptions) {
    this.#store = store;
    this.#allocations = new ServiceAllocations(options.serviceCidrs, options.nodePortRange ?? NODE_PORTS);
    this.#surroundings = { namespace: (name) => this.get('Namespace', name), node: (name) => this.get('Node', name) };
    for (const service of this.list('Service')) this.#allocations.adopt(service);
  }

  /** the store's last revision */
  get revision(): number {
    return this.#store.revision;
  }

  /** The first address of the primary Service CIDR: default/kubernetes has it. */
  get firstServiceAddress(): string {
    return this.#allocations.firstAddress;
  }

  get<K extends Kind>(kind: K, key: Key): ObjectOf<K> | undefined {
    return this.#store.read(KIND_INFO[kind].plural, key) as ObjectOf<K> | undefined;
  }

  /** Sorted by key; of every namespace where none is named. */
  list<K extends Kind>(kind: K, namespace?: string): readonly ObjectOf<K>[] {
    const prefix = `${KIND_INFO[kind].plural}/${namespace === undefined ? '' : `${namespace}/`}`;
    return this.#store.list(prefix).map((entry) => entry.value as ObjectOf<K>);
  }

  /** POST. */
  create(draft: unknown, context: RequestContext): Written {
    const sent = readDraft(draft);
    if (!sent.ok) return sent;
    const { kind } = sent.draft;
    const sentSpec = sent.draft['spec'];
    const known = kind === 'Pod' ? knownSpec(sentSpec) : undefined;
    const read = readObject(kind, sent.draft, undefined, context);
    if (!read.ok) return read;
    if (read.value.metadata.resourceVersion !== undefined && read.value.metadata.resourceVersion !== '0')
      return refused({ code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' });
    const object = this.#introduce(kind, read.value, known, context);
    const admitted = admit(object, this.#surroundings, known !== undefined);
    if (!admitted.ok) return admitted;
    const written = this.#insert(kind, admitted.object, read.warnings, context);
    // What was told of once must be told of again, so a spec that earned a warning is read anew each time.
    const remembered = written.ok && written.warnings === undefined && context.dryRun !== true;
    if (remembered && known === undefined && kind === 'Pod') rememberSpec(sentSpec, (written.object as Pod).spec);
    return written;
  }

  /** The object with its defaults and its metadata. A known pod spec needs none. */
  #introduce(
    kind: Kind,
    sent: KubernetesObject,
    known: Pod['spec'] | undefined,
    context: RequestContext,
  ): KubernetesObject {
    const metadata = newMetadata(kind, sent.metadata, context, (name, namespace) =>
      this.#exists(kind, name, namespace),
    );
    if (known !== undefined && sent.kind === 'Pod') {
      const { apiVersion, kind: pod, status } = sent;
      return { apiVersion, kind: pod, metadata, spec: known, status };
    }
    const object = { ...sent, metadata } as KubernetesObject;
    return strategyOf(kind).applyDefaults?.(object, undefined) ?? object;
  }

  #exists(kind: Kind, name: string, namespace: string | undefined): boolean {
    const metadata = namespace === undefined ? { name } : { name, namespace };
    return this.get(kind, keyOf({ metadata })) !== undefined;
  }

  #insert(kind: Kind, object: KubernetesObject, found: readonly string[], context: RequestContext): Written {
    const begun = this.#begin(object, undefined, context);
    if (!begun.ok) return begun;
    const strategy = strategyOf(kind);
    const prepared = strategy.prepareForCreate?.(object) ?? object;
    const errors = new FieldErrors();
    validateMetadata(prepared.metadata, KIND_INFO[kind].namespaced, strategy.nameRule, errors);
    strategy.validate(prepared, errors);
    const { name } = prepared.metadata;
    if (errors.found) return revertTo(begun.allocation, invalid(kind, name ?? '', errors));
    const key = keyOf(prepared);
    const existing = this.get(kind, key);
    if (existing !== undefined) {
      const dying = existing.metadata.deletionTimestamp !== undefined;
      return revertTo(begun.allocation, alreadyExists(kind, name, dying ? 'object is being deleted: ' : ''));
    }
    const warnings = joined(found, strategy.warnings?.(prepared, undefined));
    return this.#write(key, prepared, undefined, begun.allocation, warnings, context);
  }

  #begin(object: KubernetesObject, before: KubernetesObject | undefined, context: RequestContext) {
    if (object.kind !== 'Service') return { ok: true, allocation: NOTHING_TAKEN } as const;
    return this.#allocations.begin(workingOf(object), before as Service | undefined, context);
  }

  /** Writes the object at the next revision. */
  #write(
    key: Key,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
    allocation: Allocation,
    warnings: readonly string[],
    context: RequestContext,
  ): Written {
    if (context.dryRun === true) {
      allocation.revert();
      return written(object, false, warnings);
    }
    const stored = atRevision(object, this.#store.revision + 1, before);
    // Watchers hear of the write before `put` returns and may write in turn: what it no longer needs must be free by then.
    allocation.commit();
    const expected = before === undefined ? 0 : Number(before.metadata.resourceVersion);
    const result = this.#store.write(KIND_INFO[object.kind].plural, key, stored, expected);
    if (!result.ok) throw new Error(`${object.kind} ${key} is at ${result.actual}, not at ${expected}`);
    return written(stored, true, warnings);
  }

  /** PUT. */
  update(draft: unknown, context: RequestContext): Written {
    return this.#put(draft, 'main', context);
  }

  /** PUT /status. */
  updateStatus(draft: unknown, context: RequestContext): Written {
    return this.#put(draft, 'status', context);
  }

  /** PUT /finalize of a namespace. */
  finalize(draft: unknown, context: RequestContext): Written {
    return this.#put(draft, 'finalize', context);
  }

  #put(draft: unknown, part: Part, context: RequestContext): Written {
    const sent = readDraft(draft);
    if (!sent.ok) return sent;
    const { kind } = sent.draft;
    const metadata = (sent.draft['metadata'] ?? {}) as Partial<ObjectMeta>;
    if (typeof metadata.name !== 'string' || metadata.name === '') return badRequest('name must be provided');
    const namespace = KIND_INFO[kind].namespaced ? { namespace: metadata.namespace ?? 'default' } : {};
    const key = keyOf({ metadata: { name: metadata.name, ...namespace } });
    const before = this.get(kind, key);
    if (before === undefined) {
      if (part !== 'main' || strategyOf(kind).createsOnUpdate !== true) return notFound(kind, metadata.name);
      const { resourceVersion: _, ...fresh } = metadata;
      return this.create({ ...sent.draft, metadata: fresh }, context);
    }
    const located =
      metadata.namespace === namespace.namespace
        ? sent.draft
        : { ...sent.draft, metadata: { ...metadata, ...namespace } };
    const { uid } = metadata;
    if (uid !== undefined && uid !== '' && uid !== before.metadata.uid)
      return conflict(kind, metadata.name, uidMismatch(before, uid));
    return this.#update({ kind, key, before, value: located, part, asPatch: false, context });
  }

  /** PATCH: a JSON merge patch (RFC 7386), or a strategic one. */
  patch(kind: Kind, key: Key, patch: object, options: PatchOptions, context: RequestContext): Written {
    const { name } = splitKey(key);
    const before = this.get(kind, key);
    if (before === undefined) return notFound(kind, name);
    if (Array.isArray(patch))
      return badRequest(
        'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      );
    const uid = options.precondition?.uid;
    const resourceVersion = options.precondition?.resourceVersion;
    if (uid !== undefined && uid !== before.metadata.uid) return conflict(kind, name, uidMismatch(before, uid));
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      return conflict(kind, name);
    const strategic = options.type === 'strategic';
    const value = strategic ? strategicPatch(before, patch, structOf(kind)) : mergePatch(before, patch);
    const part = options.status === true ? 'status' : options.finalize === true ? 'finalize' : 'main';
    return this.#update({ kind, key, before, value, part, asPatch: true, context });
  }

  #update({ kind, key, before, value, part, asPatch, context }: Update): Written {
    const read: Read<KubernetesObject> = readObject(kind, value, before, context, asPatch);
    if (!read.ok) return read;
    const { metadata } = read.value;
    const { name, namespace, resourceVersion } = before.metadata;
    if (metadata.name === undefined)
      return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
    if (metadata.name !== name)
      return badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
    if (metadata.namespace !== namespace)
      return badRequest('the namespace of the provided object does not match the namespace sent on the request');
    const version = metadata.resourceVersion ?? '0';
    if (version !== '0' && version !== resourceVersion) return conflict(kind, name);
    const kept = keptMetadata(metadata, before.metadata);
    const sent = kept === metadata ? read.value : ({ ...read.value, metadata: kept } as KubernetesObject);
    const object = strategyOf(kind).applyDefaults?.(sent, before) ?? sent;
    const begun =
      part === 'main' ? this.#begin(object, before, context) : { ok: true as const, allocation: NOTHING_TAKEN };
    if (!begun.ok) return begun;
    const prepared = prepare(part, object, before);
    if (prepared === undefined) return revertTo(begun.allocation, NO_SUCH_RESOURCE);
    const errors = validateChange(part, prepared, before);
    if (errors.found) return revertTo(begun.allocation, invalid(kind, name, errors));
    const warnings = joined(read.warnings, part === 'main' ? strategyOf(kind).warnings?.(prepared, before) : undefined);
    return this.#replace(key, prepared, before, begun.allocation, warnings, context);
  }

  /** Stores what changed; removes an object that was only waiting for this write; does nothing where nothing differs. */
  #replace(
    key: Key,
    prepared: KubernetesObject,
    before: KubernetesObject,
    allocation: Allocation,
    warnings: readonly string[],
    context: RequestContext,
  ): Written {
    const object = share(prepared, before);
    if (isReleased(object, before)) {
      allocation.revert();
      if (context.dryRun !== true) this.#remove(key, before);
      return { ok: true, object: deepFreeze(object), changed: context.dryRun !== true };
    }
    if (object !== before) return this.#write(key, object, before, allocation, warnings, context);
    allocation.revert();
    return written(before, false, warnings);
  }

  /** DELETE. Answers with the object as it was last. */
  delete(kind: Kind, key: Key, options: DeleteOptions, context: RequestContext): Written {
    const { name } = splitKey(key);
    if (kind === 'Namespace' && IMMORTAL_NAMESPACES.has(name))
      return forbidden(kind, name, 'this namespace may not be deleted');
    const before = this.get(kind, key);
    if (before === undefined) return notFound(kind, name);
    const refusal = checkPreconditions(before, options);
    if (refusal !== undefined) return refusal;
    if (before.kind === 'Namespace') return this.#deleteNamespace(before, options, context);
    const plan = planDeletion(before, options, context.at);
    switch (plan.do) {
      case 'nothing':
        return { ok: true, object: before, changed: false };
      case 'mark':
        return this.#write(key, plan.object, before, NOTHING_TAKEN, [], context);
      case 'mark-and-remove': {
        const marked = this.#write(key, plan.object, before, NOTHING_TAKEN, [], context);
        return marked.ok && context.dryRun !== true ? this.#removeIfThere(key, marked.object) : marked;
      }
      case 'remove':
        if (context.dryRun !== true) this.#remove(key, before);
        return { ok: true, object: before, changed: context.dryRun !== true };
      default:
        return plan satisfies never;
    }
  }

  #deleteNamespace(namespace: ObjectOf<'Namespace'>, options: DeleteOptions, context: RequestContext): Written {
    const { name, deletionTimestamp, finalizers = [] } = namespace.metadata;
    if (deletionTimestamp === undefined)
      return this.#write(
        name,
        terminateNamespace(namespace, options, context.at),
        namespace,
        NOTHING_TAKEN,
        [],
        context,
      );
    const held = (namespace.spec.finalizers?.length ?? 0) > 0 || finalizers.length > 0;
    if (held || context.dryRun === true) return { ok: true, object: namespace, changed: false };
    this.#remove(name, namespace);
    return { ok: true, object: namespace, changed: true };
  }

  /** A watcher that heard of the mark may have removed the object already. */
  #removeIfThere(key: Key, object: KubernetesObject): Written {
    const current = this.get(object.kind, key);
    if (current?.metadata.uid === object.metadata.uid) this.#remove(key, current);
    return { ok: true, object, changed: true };
  }

  #remove(key: Key, object: KubernetesObject): void {
    if (object.kind === 'Service') this.#allocations.releaseAll(object);
    this.#store.write(KIND_INFO[object.kind].plural, key, undefined, Number(object.metadata.resourceVersion));
  }

  /** POST pods/binding. An empty uid means any. */
  bind(key: Key, uid: string, node: string, context: RequestContext): Outcome<Pod> {
    const before = this.get('Pod', key);
    if (before === undefined) return notFound('Pod', splitKey(key).name);
    const bound = bindPod(before, uid, node, this.get('Node', node), context);
    return bound.ok ? (this.#write(key, bound.pod, before, NOTHING_TAKEN, [], context) as Outcome<Pod>) : bound;
  }

  /** What `kubectl apply` does: creates, or merges the manifest with the last one applied and the object as it is. */
  apply(draft: unknown, context: RequestContext): Written {
    const sent = readDraft(draft);
    if (!sent.ok) return sent;
    const { kind } = sent.draft;
    const { key, manifest, lastOf } = withLastApplied(sent.draft, KIND_INFO[kind].namespaced);
    const before = key === undefined ? undefined : this.get(kind, key);
    if (key === undefined || before === undefined) return this.create(manifest, context);
    const merged = threeWayMerge(lastOf(before), manifest, before as never, structOf(kind));
    return this.#update({ kind, key, before, value: merged, part: 'main', asPatch: true, context });
  }

  /** A patch of /scale. */
  scale(kind: 'Deployment' | 'ReplicaSet', key: Key, replicas: number, context: RequestContext): Written {
    const { name } = splitKey(key);
    const errors = new FieldErrors();
    if (this.get(kind, key) === undefined) return notFound(kind, name);
    validateNonNegative('spec.replicas', replicas, errors);
    if (errors.found) return invalidObject('Scale', 'autoscaling', name, errors);
    return this.patch(kind, key, { spec: { replicas } }, {}, context);
  }
}

function joined(found: readonly string[], more: readonly string[] | undefined): readonly string[] {
  return more === undefined || more.length === 0 ? found : [...found, ...more];
}

function written(object: KubernetesObject, changed: boolean, warnings: readonly string[]): Written {
  return warnings.length === 0 ? { ok: true, object, changed } : { ok: true, object, changed, warnings };
}

const NOTHING_TAKEN: Allocation = { commit() {}, revert() {} };

function revertTo<T>(allocation: Allocation, refusal: T): T {
  allocation.revert();
  return refusal;
}
