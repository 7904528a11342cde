/**
 * A Deployment and its ReplicaSets while one reconcile works on them: steps change the working copies, and what changed
 * becomes intents at the end, one write for each object.
 */
import {
  type Deployment,
  KIND_INFO,
  keyOf,
  type Moment,
  matchesLabels,
  type ReplicaSet,
  withFields,
} from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';
import { ConditionList } from './condition-list.ts';
import {
  DESIRED_REPLICAS_ANNOTATION,
  isActive,
  MAX_REPLICAS_ANNOTATION,
  maxReplicasOf,
  newReplicasFor,
  numberIn,
  olderFirst,
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
} from './deployment-sizes.ts';
import { controllerReference } from './ownership.ts';
import { POD_TEMPLATE_HASH_LABEL, podTemplateHash, sameTemplate } from './pod-template-hash.ts';

/** Annotations of a Deployment that its ReplicaSets do not get (`annotationsToSkip`). */
const ANNOTATIONS_NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  DESIRED_REPLICAS_ANNOTATION,
  MAX_REPLICAS_ANNOTATION,
  'deprecated.deployment.rollback.to',
]);

type Annotations = Readonly<Record<string, string>>;

export class Rollout {
  readonly deployment: Deployment;
  readonly conditions: ConditionList;
  /** oldest first, as they were read and as they are to be; one that is to be made has no counterpart */
  readonly #read: readonly ReplicaSet[];
  readonly #working: ReplicaSet[];
  readonly #intents: Intent[] = [];
  /** places in the working copies; -1 where there is none */
  #newest = -1;
  #created = -1;
  #revision: string | undefined;

  constructor(deployment: Deployment, replicaSets: readonly ReplicaSet[], at: Moment) {
    this.deployment = deployment;
    this.conditions = new ConditionList(deployment.status.conditions ?? [], at);
    this.#read = replicaSets.length > 1 ? replicaSets.toSorted(olderFirst) : replicaSets;
    this.#working = this.#read.slice();
    const { template } = deployment.spec;
    // Where several match, the oldest is taken: it is what the real one does to stay with its first choice.
    this.#newest = this.#read.findIndex(({ spec }) => sameTemplate(spec.template, template));
  }

  /** the ReplicaSet of the Deployment's present template */
  get newest(): ReplicaSet | undefined {
    return this.#newest < 0 ? undefined : this.#working[this.#newest];
  }

  /** those of earlier templates, oldest first */
  get old(): readonly ReplicaSet[] {
    return this.#working.filter((_, i) => i !== this.#newest);
  }

  get activeOld(): readonly ReplicaSet[] {
    return this.old.filter(isActive);
  }

  get all(): readonly ReplicaSet[] {
    return this.#working;
  }

  /** Gives the newest ReplicaSet its revision and the Deployment's annotations (`getNewReplicaSet`). */
  syncRevision(): void {
    const { newest, deployment } = this;
    if (newest === undefined) return;
    const annotations = annotationsFor(deployment, newest.metadata.annotations ?? {}, this.#nextRevision());
    this.#change(newest, annotations, newest.spec.replicas, deployment.spec.minReadySeconds);
    this.#revision = annotations[REVISION_ANNOTATION];
    if (this.conditions.find('Progressing') === undefined) {
      const message = `Found new replica set "${newest.metadata.name}"`;
      this.conditions.set({ type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message });
    }
  }

  /** Makes the ReplicaSet of the present template where there is none, at the size that there is room for. */
  createNewest(): void {
    if (this.newest !== undefined) return;
    const { deployment } = this;
    const replicas = newReplicasFor(deployment, this.all, 0);
    const replicaSet = newReplicaSet(deployment, replicas, this.#nextRevision());
    this.#newest = this.#placeOf(replicaSet);
    this.#created = this.#newest;
    this.#working[this.#newest] = replicaSet;
    this.#revision = replicaSet.metadata.annotations?.[REVISION_ANNOTATION];
    if (replicas > 0) this.#tell(`Scaled up replica set ${replicaSet.metadata.name} from 0 to ${replicas}`);
    const message = `Created new replica set "${replicaSet.metadata.name}"`;
    this.conditions.set({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message });
  }

  /** Gives a ReplicaSet a size, and notes the sizes it was reckoned from. Says whether the size changed. */
  scale(replicaSet: ReplicaSet, replicas: number): boolean {
    const { name, annotations = {} } = replicaSet.metadata;
    const before = replicaSet.spec.replicas;
    const noted = { ...annotations, ...replicasAnnotations(this.deployment) };
    this.#change(replicaSet, noted, replicas, replicaSet.spec.minReadySeconds);
    if (before === replicas) return false;
    this.#tell(`Scaled ${replicas > before ? 'up' : 'down'} replica set ${name} from ${before} to ${replicas}`);
    return true;
  }

  delete(replicaSet: ReplicaSet): void {
    const { uid } = replicaSet.metadata;
    this.#intents.push({ do: 'delete', kind: 'ReplicaSet', key: keyOf(replicaSet), precondition: { uid } });
  }

  /** What to write to the ReplicaSets, and the events to tell. */
  replicaSetIntents(): readonly Intent[] {
    const writes: Intent[] = [];
    this.#working.forEach((replicaSet, i) => {
      const before = this.#read[i];
      if (i === this.#created) writes.push({ do: 'create', object: draftOf(replicaSet) });
      else if (before !== undefined && before !== replicaSet) writes.push(patchOf(before, replicaSet));
    });
    return [...writes, ...this.#intents];
  }

  /** The Deployment's own revision, which follows that of its newest ReplicaSet. */
  revisionIntents(): readonly Intent[] {
    const { deployment } = this;
    const { annotations, uid } = deployment.metadata;
    if (this.#revision === undefined || annotations?.[REVISION_ANNOTATION] === this.#revision) return [];
    const patch = { metadata: { annotations: { [REVISION_ANNOTATION]: this.#revision } } };
    return [{ do: 'patch', kind: 'Deployment', key: keyOf(deployment), patch, precondition: { uid } }];
  }

  #nextRevision(): number {
    let last = 0;
    for (const replicaSet of this.old) last = Math.max(last, numberIn(replicaSet, REVISION_ANNOTATION) ?? 0);
    return last + 1;
  }

  #change(replicaSet: ReplicaSet, annotations: Annotations, replicas: number, minReadySeconds = 0): void {
    const { spec, metadata } = replicaSet;
    const same =
      replicas === spec.replicas &&
      minReadySeconds === (spec.minReadySeconds ?? 0) &&
      matchesLabels(annotations, metadata.annotations);
    if (same) return;
    const changed = {
      ...replicaSet,
      metadata: { ...metadata, annotations },
      spec: { ...spec, replicas, minReadySeconds },
    };
    this.#working[this.#placeOf(replicaSet)] = changed;
  }

  /** The place of the ReplicaSet of that name: the next free one where there is none. */
  #placeOf({ metadata: { name } }: ReplicaSet): number {
    const place = this.#working.findIndex(({ metadata }) => metadata.name === name);
    return place < 0 ? this.#working.length : place;
  }

  #tell(message: string): void {
    this.#intents.push({ do: 'event', about: this.deployment, type: 'Normal', reason: 'ScalingReplicaSet', message });
  }
}

function replicasAnnotations(deployment: Deployment): Annotations {
  return {
    [DESIRED_REPLICAS_ANNOTATION]: String(deployment.spec.replicas),
    [MAX_REPLICAS_ANNOTATION]: String(maxReplicasOf(deployment)),
  };
}

/** `SetNewReplicaSetAnnotations`: a revision only grows, and the one it had before is kept as history. */
function annotationsFor(deployment: Deployment, existing: Annotations, revision: number): Annotations {
  const annotations: Record<string, string> = { ...existing };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!ANNOTATIONS_NOT_COPIED.has(key)) annotations[key] = value;
  }
  const before = existing[REVISION_ANNOTATION];
  if (before !== undefined && Number(before) >= revision) return annotations;
  annotations[REVISION_ANNOTATION] = String(revision);
  if (before !== undefined) {
    const history = existing[REVISION_HISTORY_ANNOTATION];
    annotations[REVISION_HISTORY_ANNOTATION] = history ? `${history},${before}` : before;
  }
  return annotations;
}

function newReplicaSet(deployment: Deployment, replicas: number, revision: number): ReplicaSet {
  const { name, namespace } = deployment.metadata;
  const { selector, template, minReadySeconds } = deployment.spec;
  const hash = podTemplateHash(template);
  const byHash = { [POD_TEMPLATE_HASH_LABEL]: hash };
  const labels = withFields(template.metadata.labels ?? {}, byHash);
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
      labels,
      annotations: withFields(annotationsFor(deployment, {}, revision), replicasAnnotations(deployment)),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: withFields(selector.matchLabels ?? {}, byHash) },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    },
    status: { replicas: 0 },
  };
}

function draftOf({ metadata, spec }: ReplicaSet): Extract<Intent, { do: 'create' }>['object'] {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...draft } = metadata;
  return { apiVersion: KIND_INFO.ReplicaSet.apiVersion, kind: 'ReplicaSet', metadata: draft, spec };
}

function patchOf(before: ReplicaSet, after: ReplicaSet): Intent {
  const { replicas, minReadySeconds = 0 } = after.spec;
  const readiness = minReadySeconds === (before.spec.minReadySeconds ?? 0) ? {} : { minReadySeconds };
  return {
    do: 'patch',
    kind: 'ReplicaSet',
    key: keyOf(before),
    patch: { metadata: { annotations: after.metadata.annotations }, spec: { replicas, ...readiness } },
    precondition: { resourceVersion: before.metadata.resourceVersion },
  };
}
