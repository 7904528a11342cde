/** Carries a scenario's steps out on a cluster, and tells each thing that happens, in order. */
import { type Fault, NoSuchTargetError, type Outcome, type SendRequest, type SendResult } from '../emulator/index.ts';
import { azure, isKind, KIND_INFO, type KubernetesObject } from '../model/index.ts';
import { parseDurationMs } from './duration.ts';
import type { EmulatedCluster } from './emulated-cluster.ts';
import type { Entry, SentSummary } from './entry.ts';
import { type Checked, checkRefused, checkResolved, checkSent, checkShares } from './expectation.ts';
import type { Manifest } from './manifest.ts';
import { difference } from './match.ts';
import { parseNameServer } from './name-server.ts';
import { type Problem, parsePath } from './problem.ts';
import type { Scenario } from './read-scenario.ts';
import { formatReference, type Reference } from './reference.ts';
import type { ResolveStep, SendStep } from './schema.ts';
import type { Action, AksRequest, Step } from './step.ts';

export interface RunOptions {
  /** hears every entry as it is made; a run with no listener is faster */
  readonly listener?: (entry: Entry) => void;
  /** hears before each step, and now and then within a long one */
  readonly progress?: (done: number, of: number) => void;
}

export interface RunReport {
  readonly expectations: number;
  readonly failures: number;
  readonly problems: readonly Problem[];
}

/** Boots the cluster and carries the steps out on it; it must be a new one. */
export function runScenario(scenario: Scenario, cluster: EmulatedCluster, options: RunOptions = {}): RunReport {
  return new Run(scenario, cluster, options).run();
}

/** Connections between two words of progress. */
const PROGRESS_EVERY = 100;

class Run {
  readonly #scenario: Scenario;
  readonly #cluster: EmulatedCluster;
  readonly #options: RunOptions;
  readonly #problems: Problem[] = [];
  #expectations = 0;
  #failures = 0;

  constructor(scenario: Scenario, cluster: EmulatedCluster, options: RunOptions) {
    this.#scenario = scenario;
    this.#cluster = cluster;
    this.#options = options;
  }

  run(): RunReport {
    const { listener, progress } = this.#options;
    const heard = listener === undefined ? undefined : this.#cluster.happenings.subscribe(listener);
    const { steps } = this.#scenario;
    this.#tell({ what: 'scenario', scenario: this.#scenario });
    this.#cluster.boot();
    for (const [index, step] of steps.entries()) {
      progress?.(index, steps.length);
      this.#tell({ what: 'step', at: this.#cluster.now, index, of: steps.length, step });
      this.#attempt(step, index);
      // What follows a refusal would tell of a cluster that the script does not mean.
      if (this.#problems.length > 0) break;
    }
    const { now: at } = this.#cluster;
    this.#tell({ what: 'end', at, failures: this.#failures, expectations: this.#expectations });
    heard?.unsubscribe();
    return { expectations: this.#expectations, failures: this.#failures, problems: this.#problems };
  }

  #tell(entry: Entry): void {
    this.#options.listener?.(entry);
  }

  #attempt(step: Step, index: number): void {
    try {
      this.#act(step, step.action, index);
    } catch (error) {
      if (!(error instanceof NoSuchTargetError)) throw error;
      this.#fail(step.problem(error.message));
    }
  }

  #act(step: Step, action: Action, index: number): void {
    switch (action.verb) {
      case 'apply':
        this.#apply(action.manifests);
        return;
      case 'settle':
        this.#tell({ what: 'settled', report: this.#cluster.settle(), at: this.#cluster.now });
        return;
      case 'advance':
        this.#tell({ what: 'advanced', report: this.#cluster.advance(action.ms), at: this.#cluster.now });
        return;
      case 'resolve':
        this.#resolve(action.request);
        return;
      case 'send':
        this.#send(action.request, index);
        return;
      case 'fault':
        this.#inject(step, action.faults);
        return;
      case 'scale':
        for (const { target, replicas } of action.targets)
          this.#write(
            step,
            target,
            this.#cluster.scale(target.kind as 'Deployment' | 'ReplicaSet', target.key, replicas),
          );
        return;
      case 'aks':
        for (const request of action.requests) this.#operate(step, request);
        return;
      case 'delete':
        this.#delete(step, action);
        return;
      case 'patch':
        for (const { target, patch } of action.patches)
          this.#write(step, target, this.#cluster.patch(target.kind, target.key, patch));
        return;
      case 'az':
        for (const change of action.changes) this.#cloud().change(change);
        return;
      case 'cordon':
      case 'uncordon':
        this.#write(
          step,
          { kind: 'Node', key: action.node },
          this.#cluster.cordon(action.node, action.verb === 'cordon'),
        );
        return;
      case 'assert':
        this.#check(this.#assert(action.expected));
        return;
      default: {
        const impossible: never = action;
        throw new Error(`no step does ${JSON.stringify(impossible)}`);
      }
    }
  }

  #operate(step: Step, { operation, expect }: AksRequest): void {
    const refusal = this.#cluster.operate(operation);
    if (expect !== undefined) this.#check(checkRefused(expect, refusal));
    else if (refusal !== undefined) this.#fail(step.problem(`${refusal.code}: ${refusal.message}`));
  }

  #apply(manifests: readonly Manifest[]): void {
    const outcomes = this.#cluster.apply(manifests.map(({ object }) => object));
    for (const [i, manifest] of manifests.entries()) {
      const outcome = outcomes[i];
      if (outcome !== undefined && !outcome.ok) this.#fail(refusalOf(manifest, outcome.status));
    }
  }

  #inject(step: Step, faults: readonly Fault[]): void {
    for (const fault of faults) {
      const node = 'node' in fault ? fault.node : undefined;
      if (node !== undefined && this.#cluster.get('Node', node) === undefined)
        this.#fail(step.problem(`there is no node/${node}`));
      else this.#cluster.inject(fault);
    }
  }

  #delete(step: Step, { targets, gracePeriodSeconds }: Action & { verb: 'delete' }): void {
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    for (const { kind, key } of targets) this.#write(step, { kind, key }, this.#cluster.remove(kind, key, options));
  }

  #write(step: Step, target: Reference, outcome: Outcome<KubernetesObject>): void {
    if (!outcome.ok) this.#fail(step.problem(`${formatReference(target)}: ${outcome.status.message}`));
  }

  #fail(problem: Problem): void {
    this.#problems.push(problem);
    this.#tell({ what: 'failure', at: this.#cluster.now, problem });
  }

  #resolve(request: ResolveStep): void {
    const { from, name, type } = request;
    const server = request.server === undefined ? undefined : parseNameServer(request.server);
    const result = this.#cluster.resolve({
      from,
      name,
      ...(type === undefined ? {} : { type }),
      ...(server === undefined || typeof server === 'string' ? {} : { server }),
    });
    this.#tell({ what: 'resolved', at: this.#cluster.now, request, result });
    for (const checked of checkResolved(request, result)) this.#check(checked);
  }

  #send(request: SendStep, index: number): void {
    const { from, to, count = 1, sourcePort } = request;
    const port = { ...(sourcePort === undefined ? {} : { sourcePort }), idle: idleOf(request) };
    const tally = new Map<string, number>();
    // Of each expectation, the first connection that did not meet it; where all did, the last one.
    const judgements: Checked[] = [];
    let first: SendResult | undefined;
    for (let i = 0; i < count; i++) {
      if (i % PROGRESS_EVERY === 0) this.#options.progress?.(index + i / count, this.#scenario.steps.length);
      const result = this.#cluster.send({ from, to, ...port, record: i === 0 || request.expect?.reason !== undefined });
      first ??= result;
      const end = result.deliveredTo ?? result.outcome;
      tally.set(end, (tally.get(end) ?? 0) + 1);
      const checks = checkSent(request, result, (kind, key) => this.#cluster.get(kind, key));
      for (const [n, checked] of checks.entries()) if (judgements[n]?.met !== false) judgements[n] = checked;
    }
    const sent: SentSummary = { request, first: first!, count, tally: [...tally].sort(([a], [b]) => (a < b ? -1 : 1)) };
    this.#tell({ what: 'sent', at: this.#cluster.now, sent });
    for (const checked of [...judgements, ...checkShares(sent)]) this.#check(checked);
  }

  #assert({ absent = false, ...expected }: { absent?: boolean | undefined; [field: string]: unknown }): Checked {
    const kind = String(expected['kind']);
    if (azure.isResourceName(kind)) return this.#assertResource(kind, expected, absent);
    const { name, namespace = 'default' } = expected['metadata'] as { name?: string; namespace?: string };
    if (!isKind(kind)) return { met: false, text: `no kind is named ${kind}` };
    const title = `${kind}${name === undefined ? '' : ` ${name}`}`;
    if (name === undefined) {
      const found = [...this.#cluster.list(kind)].some((object) => difference(expected, object) === undefined);
      return { met: found !== absent, text: `${absent ? 'no' : 'some'} ${title} as described` };
    }
    const object = this.#cluster.get(kind, KIND_INFO[kind].namespaced ? `${namespace}/${name}` : name);
    if (absent)
      return {
        met: object === undefined,
        text: object === undefined ? `${title} is absent` : `${title} absent, but it is there`,
      };
    if (object === undefined) return { met: false, text: `${title} as described, but it does not exist` };
    const found = difference(expected, object);
    return { met: found === undefined, text: found === undefined ? `${title} as described` : `${title}: ${found}` };
  }

  #cloud(): NonNullable<EmulatedCluster['cloud']> {
    const { cloud } = this.#cluster;
    if (cloud === undefined) throw new NoSuchTargetError('the cluster is in no cloud; spec.azure puts it into one');
    return cloud;
  }

  #assertResource(
    kind: azure.ResourceName,
    { kind: _, apiVersion: __, metadata, ...expected }: Readonly<Record<string, unknown>>,
    absent: boolean,
  ): Checked {
    const { name = '' } = (metadata ?? {}) as { name?: string };
    const title = `${kind} ${name}`;
    const resource = this.#cloud().named(kind, name);
    if (absent || resource === undefined) {
      const met = absent && resource === undefined;
      return {
        met,
        text: met ? `${title} is absent` : `${title}${absent ? ' absent, but it is there' : ', but it does not exist'}`,
      };
    }
    const found = difference(expected, resource);
    return { met: found === undefined, text: found === undefined ? `${title} as described` : `${title}: ${found}` };
  }

  #check({ met, text }: Checked): void {
    this.#expectations++;
    if (!met) this.#failures++;
    this.#tell({ what: 'expectation', at: this.#cluster.now, met, text });
  }
}

/** The apiserver's refusal of a manifest, at the field that it names. */
export function refusalOf(manifest: Manifest, status: Extract<Outcome<never>, { ok: false }>['status']): Problem {
  const field = status.details?.causes?.[0]?.field;
  const path = field === undefined ? undefined : parsePath(field);
  return manifest.problem(path ?? [], status.message);
}

/** How long a connection is to be silent; undefined where it is not to stay open. */
function idleOf({ idle, keepAlive }: SendStep): SendRequest['idle'] {
  if (idle === undefined) return undefined;
  return {
    forMs: parseDurationMs(idle)!,
    keepAliveMs: keepAlive === undefined ? undefined : parseDurationMs(keepAlive)!,
  };
}
