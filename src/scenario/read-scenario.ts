/** From a script's text to a scenario that can run, or everything that is wrong with it. Nothing runs before all of it is right. */
import type { ClusterSettings } from '../model/index.ts';
import { parseDocuments, problemAt, type SourceDocument } from './document.ts';
import { overridden, parseOverrides } from './override.ts';
import type { Problem } from './problem.ts';
import { type ReadFile, readStep } from './read-step.ts';
import { type ScenarioDocument, scenarioSchema } from './schema.ts';
import { settingsOf, validateSettings } from './settings.ts';
import { readShape } from './shape.ts';
import type { Step } from './step.ts';

export interface Scenario {
  readonly name: string;
  readonly title?: string;
  readonly seed: number;
  readonly settings: ClusterSettings;
  readonly steps: readonly Step[];
}

export interface ScenarioSource {
  /** the file as the user named it: what problems begin with */
  readonly file: string;
  readonly text: string;
  readonly readFile: ReadFile;
  /** `path=value` texts, in order */
  readonly overrides?: readonly string[];
}

export type ScenarioRead =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const DEFAULT_SEED = 1;

export function readScenario({ file, text, readFile, overrides = [] }: ScenarioSource): ScenarioRead {
  const parsed = parseDocuments(file, text);
  if (!parsed.ok) return parsed;
  const [first, second] = parsed.documents;
  if (first === undefined)
    return refused({ file, path: '', message: 'is empty; a script begins with apiVersion: orrery/v1' });
  if (second !== undefined)
    return refused(problemAt(second, [], 'a script is one document; put manifests into files of their own'));
  const { overrides: parsedOverrides, problems } = parseOverrides(overrides);
  if (problems.length > 0) return { ok: false, problems };
  const document = overridden(first, parsedOverrides);
  const shaped = readShape(scenarioSchema, document);
  return shaped.ok ? assemble(document, shaped.value, readFile) : shaped;
}

function refused(problem: Problem): ScenarioRead {
  return { ok: false, problems: [problem] };
}

function assemble(document: SourceDocument, { metadata, spec }: ScenarioDocument, readFile: ReadFile): ScenarioRead {
  const settings = settingsOf(spec.cluster);
  const reads = spec.steps.map((step, i) => readStep(document, i, step, readFile));
  const problems = [
    ...validateSettings(document, settings),
    ...validateNames(document, spec, settings),
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
    Object.keys(step.scaleNodePool ?? {})
      .filter((pool) => !pools.includes(pool))
      .map((pool) =>
        problemAt(
          document,
          ['spec', 'steps', i, 'scaleNodePool', pool],
          `no agent pool is named ${pool}; known are ${pools.join(', ')}`,
        ),
      ),
  );
}
