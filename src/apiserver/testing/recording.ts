/**
 * Replays recorded requests against an apiserver without HTTP: a path and a method become a call, an outcome becomes a
 * status and a body. What a case needs that only HTTP has, or another kind, is told as the reason to leave it out.
 */
import { KIND_INFO, KINDS, type Kind, type KubernetesObject, type Moment } from '../../model/index.ts';
import { Store } from '../../store/index.ts';
import { Apiserver, type DeleteOptions, type Outcome, type RequestContext } from '../index.ts';
import { difference } from './normal-form.ts';
import { testDice } from './server.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: unknown;
  readonly expect?: number;
  readonly capture?: Readonly<Record<string, string>>;
  readonly repeat?: { readonly var: string; readonly from: number; readonly to: number };
}

export interface RecordedCase {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly setup: readonly (RecordedRequest & Readonly<Record<string, unknown>>)[];
  readonly request: RecordedRequest & Readonly<Record<string, unknown>>;
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, unknown>>;
    readonly body?: unknown;
    readonly view?: unknown;
  };
}

export type Verdict =
  | { readonly result: 'passed' }
  | { readonly result: 'failed'; readonly difference: string }
  | { readonly result: 'skipped'; readonly reason: string };

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** What a recording asks for that this replay does not have. */
class NotReplayable extends Error {}

const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const RETURNED_WHEN_DELETED: readonly Kind[] = ['Pod', 'Service', 'Namespace'];

export function replay(recorded: RecordedCase): Verdict {
  if (recorded.needs !== undefined) return { result: 'skipped', reason: `needs ${recorded.needs.join(', ')}` };
  const session = new Session();
  try {
    for (const step of recorded.setup) session.prepare(step);
    const answer = session.send(recorded.request);
    const found = difference(recorded.response, answer, session.captured);
    return found === undefined ? { result: 'passed' } : { result: 'failed', difference: found };
  } catch (error) {
    if (error instanceof NotReplayable) return { result: 'skipped', reason: error.message };
    throw error;
  }
}

class Session {
  readonly captured = new Map<string, unknown>();
  readonly #apiserver = new Apiserver(new Store<KubernetesObject>(), { serviceCidrs: ['10.96.0.0/16'] });
  readonly #dice = testDice();
  #at: Moment = 0;

  constructor() {
    for (const name of SYSTEM_NAMESPACES)
      this.#apiserver.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, this.#context({}));
    const labels = { component: 'apiserver', provider: 'kubernetes' };
    this.#apiserver.create(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kubernetes', namespace: 'default', labels },
        spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 16443 }] },
      },
      this.#context({}),
    );
  }

  prepare(step: RecordedRequest & Readonly<Record<string, unknown>>): void {
    if ('sleep' in step) {
      this.#at += Number(step['sleep']) * 1000;
      return;
    }
    if (step.method === undefined) throw new NotReplayable(`step ${Object.keys(step).join()}`);
    const { repeat } = step;
    if (repeat === undefined) {
      this.#prepareOnce(step);
      return;
    }
    for (let i = repeat.from; i <= repeat.to; i++) {
      this.captured.set(repeat.var, i);
      this.#prepareOnce(step);
    }
  }

  #prepareOnce(step: RecordedRequest): void {
    const answer = this.send(step);
    if (step.expect !== undefined && answer.status !== step.expect)
      throw new Error(`setup ${step.method} ${step.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    for (const [name, pointer] of Object.entries(step.capture ?? {}))
      this.captured.set(name, at(answer.body, pointer.split('/').slice(1)));
  }

  send(request: RecordedRequest): Answer {
    for (const special of ['argv', 'watch', 'eventually']) if (special in request) throw new NotReplayable(special);
    const path = String(this.#fill(request.path));
    const [resource, query = ''] = path.split('?') as [string, string?];
    const target = targetOf(resource);
    const body = this.#fill(request.body);
    if (typeof body === 'string' || (body as Record<string, unknown> | undefined)?.['$base64'] !== undefined)
      throw new NotReplayable('a body that is text');
    this.#at += 1;
    return this.#call(request, target, parameters(query), body as Record<string, unknown>);
  }

  #call(
    { method, headers }: RecordedRequest,
    target: Target,
    query: Readonly<Record<string, string>>,
    body: Readonly<Record<string, unknown>>,
  ): Answer {
    const context = this.#context(query);
    const { kind, key } = target;
    if (target.part === 'binding') {
      if (method !== 'POST' || (body['metadata'] as { name?: string }).name === undefined)
        throw new NotReplayable('binding');
      const node = (body['target'] as { name: string }).name;
      return answerOf(this.#apiserver.bind(key!, '', node, context), 201);
    }
    switch (method) {
      case 'POST':
        return answerOf(this.#apiserver.create(this.#located(target, body), context), 201);
      case 'PUT': {
        const existed = this.#apiserver.get(kind, key!) !== undefined;
        const draft = this.#located(target, body);
        const status = target.part === 'status';
        const outcome = status ? this.#apiserver.updateStatus(draft, context) : this.#apiserver.update(draft, context);
        return answerOf(outcome, existed ? 200 : 201);
      }
      case 'PATCH': {
        const type = (headers?.['Content-Type'] ?? '').includes('strategic') ? 'strategic' : 'merge';
        if ((headers?.['Content-Type'] ?? '').match(/json-patch|apply-patch/)) throw new NotReplayable('patch type');
        const options = { type, status: target.part === 'status' } as const;
        return answerOf(this.#apiserver.patch(kind, key!, body, options, context), 200);
      }
      case 'DELETE':
        if (key === undefined) throw new NotReplayable('deletecollection');
        return this.#delete(kind, key, deleteOptions(query, body), context);
      case 'GET':
        return this.#get(target);
      default:
        throw new NotReplayable(method);
    }
  }

  #delete(kind: Kind, key: string, options: DeleteOptions, context: RequestContext): Answer {
    const outcome = this.#apiserver.delete(kind, key, options, context);
    const gone = this.#apiserver.get(kind, key) === undefined || context.dryRun === true;
    if (!outcome.ok || !gone || RETURNED_WHEN_DELETED.includes(kind)) return answerOf(outcome, 200);
    const { group, plural } = KIND_INFO[kind];
    const { name, uid } = outcome.object.metadata;
    const details = { name, ...(group === '' ? {} : { group }), kind: plural, uid };
    const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    return { status: 200, body, warnings: [] };
  }

  #get({ kind, key, namespace }: Target): Answer {
    if (key !== undefined) {
      const object = this.#apiserver.get(kind, key);
      if (object !== undefined) return { status: 200, body: object, warnings: [] };
      // The apiserver has no GET of its own that refuses: a delete of what is not there says the same.
      return answerOf(this.#apiserver.delete(kind, key, {}, this.#context({})), 200);
    }
    const items = this.#apiserver.list(kind, namespace).map(({ kind: _, apiVersion: __, ...item }) => item);
    const body = { kind: `${kind}List`, apiVersion: KIND_INFO[kind].apiVersion, metadata: {}, items };
    return { status: 200, body, warnings: [] };
  }

  /** The body with what the path says: its namespace, and kind and version where the body leaves them out. */
  #located({ kind, namespace, key }: Target, body: Readonly<Record<string, unknown>>): object {
    if (body['kind'] !== undefined && body['kind'] !== kind) throw new NotReplayable('a kind that is not the path’s');
    const metadata = (body['metadata'] ?? {}) as Record<string, unknown>;
    const own = metadata['namespace'] === undefined || metadata['namespace'] === '';
    if (!own && namespace !== metadata['namespace']) throw new NotReplayable('a namespace that is not the path’s');
    if (key !== undefined && !key.endsWith(`${metadata['name']}`))
      throw new NotReplayable('a name that is not the path’s');
    if (body['apiVersion'] !== undefined && body['apiVersion'] !== KIND_INFO[kind].apiVersion)
      throw new NotReplayable('a version that is not the path’s');
    const located = own && namespace !== undefined ? { ...metadata, namespace } : metadata;
    return { ...body, kind, apiVersion: KIND_INFO[kind].apiVersion, metadata: located };
  }

  #context(query: Readonly<Record<string, string>>): RequestContext {
    const fieldValidation = (query['fieldValidation'] ?? 'Warn') as 'Warn';
    if (!['Warn', 'Strict', 'Ignore'].includes(fieldValidation)) throw new NotReplayable('query validation');
    return { at: this.#at, dice: this.#dice, fieldValidation, dryRun: query['dryRun'] === 'All' };
  }

  #fill(value: unknown): unknown {
    if (typeof value === 'string') {
      const whole = /^\$\{(\w+)\}$/.exec(value);
      if (whole !== null) return this.captured.get(whole[1]!);
      return value.replace(/\$\{(\w+)\}/g, (_, name: string) => String(this.captured.get(name)));
    }
    if (Array.isArray(value)) return value.map((each) => this.#fill(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#fill(each)]));
  }
}

interface Target {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly key: string | undefined;
  readonly part: string | undefined;
}

function targetOf(path: string): Target {
  const match =
    /^\/(?:api\/v1|apis\/([\w.]+)\/\w+)\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path);
  // `namespaces/x/status` reads like a kind `status` within a namespace.
  const own = /^\/api\/v1\/namespaces\/([^/]+)(?:\/(status|finalize))?$/.exec(path);
  if (own !== null) return { kind: 'Namespace', namespace: undefined, key: own[1], part: own[2] };
  const kind = KINDS.find(
    (each) => KIND_INFO[each].plural === match?.[3] && KIND_INFO[each].group === (match?.[1] ?? ''),
  );
  if (match === null || kind === undefined) throw new NotReplayable(`path ${path}`);
  const [, , namespace, , name, part] = match;
  if (KIND_INFO[kind].namespaced !== (namespace !== undefined)) throw new NotReplayable(`path ${path}`);
  if (part !== undefined && part !== 'status' && part !== 'binding') throw new NotReplayable(`/${part}`);
  const key = name === undefined ? undefined : namespace === undefined ? name : `${namespace}/${name}`;
  return { kind, namespace, key, part };
}

function parameters(query: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    query
      .split('&')
      .filter(Boolean)
      .map((pair) => pair.split('=') as [string, string]),
  );
}

function deleteOptions(
  query: Readonly<Record<string, string>>,
  body: Readonly<Record<string, unknown>> = {},
): DeleteOptions {
  const given = { ...query, ...body } as Record<string, unknown>;
  if (body['kind'] !== undefined && body['kind'] !== 'DeleteOptions') throw new NotReplayable('other options');
  if ('orphanDependents' in given || 'dryRun' in body) throw new NotReplayable('delete options');
  const policy = given['propagationPolicy'] as DeleteOptions['propagationPolicy'];
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(policy))
    throw new NotReplayable('policy');
  const seconds = given['gracePeriodSeconds'];
  if (seconds !== undefined && Number.isNaN(Number(seconds))) throw new NotReplayable('delete options');
  const preconditions = (given['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  return {
    ...preconditions,
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(seconds === undefined ? {} : { gracePeriodSeconds: Number(seconds) }),
  };
}

function answerOf(outcome: Outcome<KubernetesObject>, status: number): Answer {
  if (outcome.ok) return { status, body: outcome.object, warnings: outcome.warnings ?? [] };
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...outcome.status };
  return { status: outcome.status.code, body, warnings: [] };
}

function at(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], value);
}
