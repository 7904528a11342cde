/** From a script's text to a scenario that can run, or everything that is wrong with it. Nothing runs before all of it is right. */
import type { ClusterSettings } from '../model/index.ts';
import { problemAt, type SourceDocument } from './document.ts';
import { namesOf } from './names-schema.ts';
import type { Problem } from './problem.ts';
import { type DocumentSource, readDocument } from './read-document.ts';
import { type ReadFile, readStep } from './read-step.ts';
import { type ScenarioDocument, scenarioSchema } from './schema.ts';
import { refusedSettings, settingsOf } from './settings.ts';
import type { Step } from './step.ts';
import { surroundingsOf } from './surroundings-schema.ts';
import { validateLoadBalancers } from './validate-load-balancers.ts';
import { unknownMachine, validateSurroundings } from './validate-surroundings.ts';

export interface Scenario {
  readonly name: string;
  readonly title?: string;
  readonly seed: number;
  readonly settings: ClusterSettings;
  readonly steps: readonly Step[];
}

export interface ScenarioSource extends DocumentSource {
  readonly readFile: ReadFile;
}

export type ScenarioRead =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const DEFAULT_SEED = 1;

export function readScenario({ readFile, ...source }: ScenarioSource): ScenarioRead {
  const read = readDocument(scenarioSchema, 'a script', source);
  return read.ok ? assemble(read.document, read.value, readFile) : read;
}

function assemble(document: SourceDocument, { metadata, spec }: ScenarioDocument, readFile: ReadFile): ScenarioRead {
  const azure = spec.azure === undefined ? {} : { azure: surroundingsOf(spec.azure) };
  const names = spec.names === undefined ? {} : { names: namesOf(spec.names) };
  const settings = { ...settingsOf(spec.cluster), ...azure, ...names };
  const reads = spec.steps.map((step, i) => readStep(document, i, step, readFile));
  const refused = refusedSettings(document, settings);
  const problems = [
    ...refused,
    // What lies around a cluster is held against its networks, which must be right first.
    ...(refused.length === 0 ? validateSurroundings(document, settings) : []),
    ...validateLoadBalancers(document, settings),
    ...validateNames(document, spec, settings),
    ...validateSenders(document, spec, settings),
    ...reads.flatMap((read) => read.problems),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const scenario: Scenario = {
    name: metadata.name,
    ...(metadata.title === undefined ? {} : { title: metadata.title }),
    seed: spec.seed ?? DEFAULT_SEED,
    settings,
    steps: reads.map(({ step }) => step!),
  };
  return { ok: true, scenario };
}

/** Agent pools that a step names must exist: they are known before the run, unlike objects. */
function validateNames(document: SourceDocument, spec: ScenarioDocument['spec'], settings: ClusterSettings): Problem[] {
  const pools = settings.agentPoolProfiles.map(({ name }) => name);
  return spec.steps.flatMap((step, i) =>
    (['scaleNodePool', 'upgradeNodePool', 'updateNodePool'] as const).flatMap((verb) =>
      Object.keys(step[verb] ?? {})
        .filter((pool) => !pools.includes(pool))
        .map((pool) =>
          problemAt(
            document,
            ['spec', 'steps', i, verb, pool],
            `no agent pool is named ${pool}; known are ${pools.join(', ')}`,
          ),
        ),
    ),
  );
}

function validateSenders(
  document: SourceDocument,
  spec: ScenarioDocument['spec'],
  settings: ClusterSettings,
): Problem[] {
  return spec.steps.flatMap((step, i) => {
    const complaint = unknownMachine(step.send?.from ?? '', settings);
    return complaint === undefined ? [] : [problemAt(document, ['spec', 'steps', i, 'send', 'from'], complaint)];
  });
}
