/** One step as it is written, made ready to be carried out. */
import type { Fault } from '../emulator/index.ts';
import { cloudPathOf } from './cloud-path.ts';
import { problemAt, type SourceDocument } from './document.ts';
import { parseDurationMs } from './duration.ts';
import { type Manifests, merged, readManifest, readManifestFile } from './manifest.ts';
import type { Path, Problem } from './problem.ts';
import { referenceOf } from './reference.ts';
import type { FaultStep, StepDocument } from './schema.ts';
import { type Action, type AksRequest, type Step, VERBS } from './step.ts';

/** A file that a script names, relative to the script: how to name it in errors, and its text. Undefined where there is none. */
export type ReadFile = (name: string) => { readonly file: string; readonly text: string } | undefined;

export interface StepRead {
  readonly step?: Step;
  readonly problems: readonly Problem[];
}

export function readStep(document: SourceDocument, index: number, step: StepDocument, readFile: ReadFile): StepRead {
  const path = ['spec', 'steps', index];
  const verbs = VERBS.filter((verb) => Object.hasOwn(step, verb));
  const [verb] = verbs;
  if (verb === undefined || verbs.length > 1) {
    const found = verb === undefined ? 'none' : verbs.join(' and ');
    return {
      problems: [
        problemAt(
          document,
          path,
          `a step does one thing; found ${found}${verb === undefined ? ` of ${VERBS.join(', ')}` : ''}`,
        ),
      ],
    };
  }
  const empty = step.fault === undefined ? undefined : emptyFault(step.fault);
  if (empty !== undefined) return { problems: [problemAt(document, [...path, 'fault', ...empty.path], empty.message)] };
  const applied = verb === 'apply' ? readApply(document, [...path, 'apply'], step.apply!, readFile) : undefined;
  if (applied !== undefined && applied.problems.length > 0) return { problems: applied.problems };
  const action: Action =
    applied === undefined
      ? actionOf(step)
      : { verb: 'apply', sources: sourcesOf(step.apply!), manifests: applied.manifests };
  return {
    step: {
      action,
      ...(step.title === undefined ? {} : { title: step.title }),
      problem: (message) => problemAt(document, [...path, verb], message),
    },
    problems: [],
  };
}

type Apply = NonNullable<StepDocument['apply']>;

const listOf = (apply: Apply) => (Array.isArray(apply) ? apply : [apply]);

/** Files by their names, inline manifests by kind and name. */
function sourcesOf(apply: Apply): readonly string[] {
  return listOf(apply).map((source) => {
    if (typeof source === 'string') return source;
    const { name } = source['metadata'] as { name?: string };
    return `${String(source['kind'])} ${String(name)}`;
  });
}

function readApply(document: SourceDocument, path: Path, apply: Apply, readFile: ReadFile): Manifests {
  return merged(
    listOf(apply).map((source, i): Manifests => {
      const place = Array.isArray(apply) ? [...path, i] : path;
      if (typeof source !== 'string') return readManifest(document, place);
      const found = readFile(source);
      if (found === undefined)
        return { manifests: [], problems: [problemAt(document, place, `there is no file ${source}`)] };
      return readManifestFile(found.file, found.text);
    }),
  );
}

/** Every verb but `apply`, which needs files. */
function actionOf(step: StepDocument): Action {
  if (step.resolve !== undefined) return { verb: 'resolve', request: step.resolve };
  if (step.send !== undefined) return { verb: 'send', request: step.send };
  if (step.advance !== undefined) return { verb: 'advance', ms: parseDurationMs(step.advance)! };
  if (step.fault !== undefined) return { verb: 'fault', faults: faultsOf(step.fault) };
  if (step.scale !== undefined)
    return {
      verb: 'scale',
      targets: Object.entries(step.scale).map(([text, replicas]) => ({ target: referenceOf(text), replicas })),
    };
  const requests = aksRequestsOf(step);
  if (requests !== undefined) return { verb: 'aks', requests };
  if (step.delete !== undefined) return deletionOf(step.delete);
  if (step.patch !== undefined)
    return {
      verb: 'patch',
      patches: Object.entries(step.patch).map(([text, patch]) => ({ target: referenceOf(text), patch })),
    };
  if (step.az !== undefined)
    return {
      verb: 'az',
      changes: Object.entries(step.az).map(([path, body]) => ({ path: cloudPathOf(path), body: body ?? undefined })),
    };
  if (step.cordon !== undefined) return { verb: 'cordon', node: step.cordon };
  if (step.uncordon !== undefined) return { verb: 'uncordon', node: step.uncordon };
  if (step.assert !== undefined) return { verb: 'assert', expected: step.assert };
  return { verb: 'settle' };
}

/** Undefined where the step asks nothing of AKS. */
function aksRequestsOf(step: StepDocument): readonly AksRequest[] | undefined {
  if (step.scaleNodePool !== undefined)
    return Object.entries(step.scaleNodePool).map(([pool, wanted]) => {
      const { count, by = 'aks', expect } = typeof wanted === 'number' ? { count: wanted } : wanted;
      return requestOf({ do: 'scale', pool, count, by }, expect);
    });
  if (step.upgradeNodePool !== undefined)
    return Object.entries(step.upgradeNodePool).map(([pool, { expect }]) => requestOf({ do: 'upgrade', pool }, expect));
  if (step.updateNodePool !== undefined)
    return Object.entries(step.updateNodePool).map(([pool, { maxCount, expect }]) =>
      requestOf({ do: 'update-pool', pool, maxCount }, expect),
    );
  if (step.updateCluster !== undefined)
    return [requestOf({ do: 'expand', podCidr: step.updateCluster.networkProfile.podCidr }, step.updateCluster.expect)];
  if (step.drain !== undefined) return [requestOf({ do: 'drain', node: step.drain })];
  if (step.replaceNode !== undefined) return [requestOf({ do: 'replace', node: step.replaceNode })];
  return undefined;
}

function requestOf(operation: AksRequest['operation'], expect?: AksRequest['expect']): AksRequest {
  return expect === undefined ? { operation } : { operation, expect };
}

function deletionOf(deletion: NonNullable<StepDocument['delete']>): Action {
  if (typeof deletion === 'string') return { verb: 'delete', targets: [referenceOf(deletion)] };
  if (Array.isArray(deletion)) return { verb: 'delete', targets: deletion.map(referenceOf) };
  const { resource, gracePeriodSeconds } = deletion;
  const targets = [referenceOf(resource)];
  return gracePeriodSeconds === undefined
    ? { verb: 'delete', targets }
    : { verb: 'delete', targets, gracePeriodSeconds };
}

const PROGRAMS = {
  kubeProxy: 'kube-proxy',
  kubelet: 'kubelet',
  coredns: 'coredns',
  kubeControllerManager: 'kube-controller-manager',
  kubeScheduler: 'kube-scheduler',
  cloudControllerManager: 'cloud-controller-manager',
  azureCns: 'azure-cns',
  dnc: 'dnc',
} as const;

function faultsOf(step: FaultStep): readonly Fault[] {
  const faults: Fault[] = [];
  for (const field of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
    const fault = step[field];
    if (fault === undefined) continue;
    const program = PROGRAMS[field];
    const { node, lagMs, crashMs, crashAfterIntents, disconnect } = fault;
    if (lagMs !== undefined) faults.push({ fault: 'lag', program, lagMs, ...(node === undefined ? {} : { node }) });
    if (crashMs !== undefined) faults.push({ fault: 'crash', program, downMs: crashMs });
    if (crashAfterIntents !== undefined) faults.push({ fault: 'crash-after', program, intents: crashAfterIntents });
    if (disconnect === true) faults.push({ fault: 'disconnect', program });
  }
  if (step.azure?.throttleMs !== undefined) faults.push({ fault: 'cloud-throttled', forMs: step.azure.throttleMs });
  if (step.azure?.failOperations !== undefined) {
    const { resource, times } = step.azure.failOperations;
    faults.push({ fault: 'cloud-fails', times, ...(resource === undefined ? {} : { resource }) });
  }
  if (step.node !== undefined) faults.push({ fault: 'node-down', node: step.node.name, down: step.node.down });
  if (step.conntrackRace !== undefined) faults.push({ fault: 'conntrack-race', ...step.conntrackRace });
  if (step.reboot !== undefined) faults.push({ fault: 'reboot', node: step.reboot });
  if (step.sandbox !== undefined)
    faults.push({ fault: 'sandbox-lost', pod: referenceOf(`pod/${step.sandbox.pod}`).key, del: step.sandbox.del });
  return faults;
}

/** A fault that says nothing, or asks for what a program cannot do. */
function emptyFault(step: FaultStep): { path: Path; message: string } | undefined {
  if (Object.keys(step).length === 0) return { path: [], message: 'names no program and no node' };
  for (const field of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
    const fault = step[field];
    if (fault === undefined) continue;
    const { node, ...kinds } = fault;
    if (Object.keys(kinds).length === 0)
      return { path: [field], message: 'says none of lagMs, crashMs, crashAfterIntents, disconnect' };
    if (node !== undefined && (field !== 'kubeProxy' || fault.lagMs === undefined))
      return {
        path: [field, 'node'],
        message: 'only lagMs of kubeProxy is for one node, the others are for every node',
      };
  }
  return undefined;
}
