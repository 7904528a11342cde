/**
 * Carries intents out, one at a time, in order. Nothing else in the house writes on a controller's behalf, so a crash can
 * fall between any two, and a refusal stops the rest: the key goes back to its queue and is looked at afresh.
 */
import type { Apiserver, Outcome, RequestContext, StatusError } from '../apiserver/index.ts';
import { type Dataplane, type Program, readPiece } from '../dataplane/index.ts';
import { azure, type Key, type Kind, type KubernetesObject, keyOf, timestampOf } from '../model/index.ts';
import type { Intent } from './controller.ts';

/** What commit writes to. */
export interface Targets {
  readonly apiserver: Apiserver;
  readonly dataplane: () => Dataplane;
  readonly program: (change: Program) => void;
  readonly context: () => RequestContext;
  /** undefined where the cluster is in no cloud */
  readonly cloud?: CloudTarget | undefined;
  /** asked after every intent: true when the program dies here */
  readonly crashes: () => boolean;
}

/** The resource manager, where calls take time. */
export interface CloudTarget {
  readonly view: azure.CloudView;
  /** Begins a call, and says later how it ended. Returns the error where it is refused at once. */
  call(call: azure.CloudCall, ended: (failure: azure.CloudError | undefined) => void): azure.CloudError | undefined;
}

/** A kind was written, last at this revision. */
export interface Written {
  readonly kind: Kind;
  readonly revision: number;
}

export type CommitResult =
  | { readonly result: 'done'; readonly wrote: readonly Written[]; readonly againAfterMs: number | undefined }
  | {
      readonly result: 'refused';
      readonly wrote: readonly Written[];
      readonly intent: Intent;
      readonly status: StatusError;
    }
  /** the next thing is a cloud call: it is the program that makes it, and waits */
  | { readonly result: 'calling'; readonly wrote: readonly Written[]; readonly call: azure.CloudCall }
  | { readonly result: 'crashed'; readonly wrote: readonly Written[] };

/** `component` signs the Events that are written. The result says at which revision each written kind stands. */
export function commit(intents: readonly Intent[], component: string, targets: Targets): CommitResult {
  let wrote = NOTHING_WRITTEN;
  let againAfterMs: number | undefined;
  for (const intent of intents) {
    if (intent.do === 'again') {
      againAfterMs = Math.min(againAfterMs ?? intent.afterMs, intent.afterMs);
      continue;
    }
    if (intent.do === 'call') return { result: 'calling', wrote, call: intent.call };
    if (intent.do === 'fail') return { result: 'refused', wrote, intent, status: failure(intent.message) };
    const outcome = carryOut(intent, component, targets);
    if (outcome?.ok === false) return { result: 'refused', wrote, intent, status: outcome.status };
    if (outcome?.changed === true) wrote = withWritten(wrote, outcome.object.kind, targets.apiserver.revision);
    if (targets.crashes()) return { result: 'crashed', wrote };
  }
  return { result: 'done', wrote, againAfterMs };
}

/** A failure that no server told of. */
function failure(message: string): StatusError {
  return { code: 500, reason: 'InternalError', message };
}

/** What the cloud said, as a refusal. */
export function cloudRefusal({ status, code, message }: azure.CloudError): StatusError {
  return { code: status === 412 ? 409 : status, reason: code, message };
}

const NOTHING_WRITTEN: readonly Written[] = [];

/** Made anew, and no longer than it is: every key that has written keeps one. */
function withWritten(wrote: readonly Written[], kind: Kind, revision: number): readonly Written[] {
  const written = { kind, revision };
  // Nearly every key writes to one kind only.
  if (wrote.length === 0 || (wrote.length === 1 && wrote[0]!.kind === kind)) return [written];
  return wrote.some((other) => other.kind === kind)
    ? wrote.map((other) => (other.kind === kind ? written : other))
    : [...wrote, written];
}

/** What the apiserver made of a write; undefined where there was nothing to ask it, or nothing left to delete. */
function carryOut(
  intent: Exclude<Intent, { do: 'again' | 'call' | 'fail' }>,
  component: string,
  targets: Targets,
): Outcome<KubernetesObject> | undefined {
  if (intent.do === 'program') {
    const status = programPiece(intent, targets);
    return status === undefined ? undefined : { ok: false, status };
  }
  if (intent.do === 'event') {
    recordEvent(intent, intent.component ?? component, targets);
    return undefined;
  }
  const outcome = write(intent, targets.apiserver, targets.context());
  const isGone = !outcome.ok && intent.do === 'delete' && outcome.status.reason === 'NotFound';
  return isGone ? undefined : outcome;
}

type Write = Extract<Intent, { do: 'create' | 'update' | 'update-status' | 'patch' | 'delete' | 'bind' }>;

function write(intent: Write, apiserver: Apiserver, context: RequestContext): Outcome<KubernetesObject> {
  switch (intent.do) {
    case 'create':
      return apiserver.create(intent.object, context);
    case 'update':
      return apiserver.update(intent.object, context);
    case 'update-status':
      return apiserver.updateStatus(intent.object, context);
    case 'patch':
      return apiserver.patch(intent.kind, intent.key, intent.patch, patchOptions(intent), context);
    case 'delete':
      return apiserver.delete(intent.kind, intent.key, deleteOptions(intent), context);
    case 'bind':
      return apiserver.bind(intent.pod, intent.uid, intent.node, context);
    default:
      throw new Error(`unknown intent ${(intent satisfies never as Intent).do}`);
  }
}

function patchOptions({ precondition, status = false, finalize = false }: Extract<Intent, { do: 'patch' }>) {
  return precondition === undefined ? { status, finalize } : { status, finalize, precondition };
}

function deleteOptions(intent: Extract<Intent, { do: 'delete' }>) {
  const { precondition, gracePeriodSeconds } = intent;
  return gracePeriodSeconds === undefined ? { ...precondition } : { ...precondition, gracePeriodSeconds };
}

function programPiece(intent: Extract<Intent, { do: 'program' }>, targets: Targets): StatusError | undefined {
  const before = targets.dataplane();
  const { piece, key } = intent;
  if ('expected' in intent && readPiece(before, piece, key) !== intent.expected) {
    return {
      code: 409,
      reason: 'Conflict',
      message: `${piece} ${key} has been programmed by another since it was read`,
    };
  }
  if (readPiece(before, piece, key) === intent.value) return undefined;
  targets.program({ piece, key, value: intent.value } as Program);
  return undefined;
}

/** Writes an Event, or counts one more of the same (client-go tools/record EventCorrelator). A refusal is of no consequence. */
function recordEvent(
  intent: Extract<Intent, { do: 'event' }>,
  component: string,
  { apiserver, context }: Targets,
): void {
  const { about, type, reason, message, host } = intent;
  const namespace = about.metadata.namespace ?? 'default';
  const name = `${about.metadata.name}.${fnv1a(`${about.metadata.uid}/${component}/${reason}/${message}`)}`;
  const request = context();
  const now = timestampOf(request.at);
  const key: Key = `${namespace}/${name}`;
  const before = apiserver.get('Event', key);
  if (before !== undefined) {
    apiserver.patch('Event', key, { count: (before.count ?? 1) + 1, lastTimestamp: now }, {}, request);
    return;
  }
  apiserver.create(
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: referenceTo(about),
      type,
      reason,
      message,
      source: host === undefined ? { component } : { component, host },
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
    },
    request,
  );
}

function referenceTo(object: KubernetesObject) {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, uid, ...(namespace === undefined ? {} : { namespace }) };
}

/** FNV-1a, 32 bits, in hexadecimal: names an Event by what it says, so that the same one is found again. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The object that an intent writes to, for reports. */
export function targetOf(intent: Intent): string {
  switch (intent.do) {
    case 'create':
      return `${intent.object.kind} ${intent.object.metadata.name ?? `${intent.object.metadata.generateName ?? ''}*`}`;
    case 'update':
    case 'update-status':
      return `${intent.object.kind} ${keyOf(intent.object)}`;
    case 'patch':
    case 'delete':
      return `${intent.kind} ${intent.key}`;
    case 'bind':
      return `Pod ${intent.pod}`;
    case 'program':
      return `${intent.piece} ${intent.key}`;
    case 'event':
      return `${intent.about.kind} ${keyOf(intent.about)}`;
    case 'call':
      return `${intent.call.method} ${azure.nameInId(azure.idOfCall(intent.call))}`;
    case 'again':
    case 'fail':
      return '';
    default:
      throw new Error('unknown intent');
  }
}
