/** From a plan's text to a plan, or everything that is wrong with it. */
import { type ClusterSettings, surgeOf } from '../model/index.ts';
import {
  type DocumentSource,
  formatPath,
  type Path,
  type Problem,
  problemAt,
  readDocument,
  refusedSettings,
  type SourceDocument,
  settingsOf,
  suggestion,
} from '../scenario/index.ts';
import type { Growth, GrowthStep, Plan } from './plan.ts';
import { type GrowthDocument, type PlanDocument, planSchema } from './schema.ts';

export type PlanRead =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function readPlan(source: DocumentSource): PlanRead {
  const read = readDocument(planSchema, 'a plan', source);
  return read.ok ? assemble(read.document, read.value) : read;
}

/** What begins too large for its subnet is no mistake in a plan: it is what the plan is to find out. */
const FOUND_BY_PLANNING = 'InsufficientSubnetSize';

function assemble(document: SourceDocument, { metadata, spec }: PlanDocument): PlanRead {
  const settings = settingsOf(spec.cluster);
  const reading = new GrowthReading(document, settings);
  for (const [i, step] of spec.growth.entries()) reading.read(step, ['spec', 'growth', i]);
  const problems = [
    ...refusedSettings(document, settings, ({ code }) => code !== FOUND_BY_PLANNING),
    ...(settings.networkProfile.networkPlugin === 'none' ? [withoutPlugin(document)] : []),
    ...reading.problems,
  ];
  if (problems.length > 0) return { ok: false, problems };
  const { podsReachedByAddress = false } = spec.requirements ?? {};
  const { name, title } = metadata;
  const requirements = { podsReachedByAddress };
  return {
    ok: true,
    plan: { name, ...(title === undefined ? {} : { title }), settings, requirements, steps: reading.steps },
  };
}

function withoutPlugin(document: SourceDocument): Problem {
  const path = ['spec', 'cluster', 'networkProfile', 'networkPlugin'];
  return problemAt(document, path, 'none leaves pod addresses to a network plugin of your own, which no plan knows');
}

const VERBS = ['nodes', 'pods', 'upgrade', 'services'] as const;

/** Reads steps in order: each count is checked against what it was before. */
class GrowthReading {
  readonly problems: Problem[] = [];
  readonly steps: GrowthStep[] = [];
  readonly #document: SourceDocument;
  readonly #pools: ClusterSettings['agentPoolProfiles'];
  /** by what grows, and where */
  readonly #counts = new Map<string, number>();

  constructor(document: SourceDocument, { agentPoolProfiles }: ClusterSettings) {
    this.#document = document;
    this.#pools = agentPoolProfiles;
    for (const [i, { name, count }] of agentPoolProfiles.entries())
      this.#grow({ of: 'nodes', pool: name, count }, ['spec', 'cluster', 'agentPoolProfiles', i, 'count']);
  }

  read(step: GrowthDocument, path: Path): void {
    const verbs = VERBS.filter((verb) => step[verb] !== undefined);
    const [verb] = verbs;
    if (verb === undefined || verbs.length > 1)
      this.#complain(path, `a step lets one thing grow; found ${verbs.join(' and ') || 'nothing'}`);
    else if (verb === 'services') this.#grow({ of: 'services', count: step.services! }, [...path, verb]);
    else if (verb === 'upgrade') {
      for (const pool of [step.upgrade!].flat()) this.#upgrade(pool, [...path, verb]);
    } else {
      for (const [pool, count] of Object.entries(step[verb]!)) {
        const at = [...path, verb, pool];
        if (this.#isPool(pool, at)) this.#grow({ of: verb, pool, count }, at);
      }
    }
  }

  #upgrade(name: string, path: Path): void {
    if (!this.#isPool(name, path)) return;
    const pool = this.#pools.find((each) => each.name === name)!;
    const count = surgeOf(pool, this.#counts.get(`nodes ${name}`)!);
    this.steps.push({ at: placeOf(path), growth: { of: 'surge', pool: name, count } });
  }

  #isPool(name: string, path: Path): boolean {
    const names = this.#pools.map((pool) => pool.name);
    if (names.includes(name)) return true;
    this.#complain(path, `no agent pool is named ${name}${suggestion(name, names)}`);
    return false;
  }

  #grow(growth: Growth, path: Path): void {
    const what = 'pool' in growth ? `${growth.of} ${growth.pool}` : growth.of;
    const before = this.#counts.get(what) ?? 0;
    if (growth.count < before)
      this.#complain(path, `${growth.count} is fewer than the ${before} before; growth counts totals and goes up only`);
    this.#counts.set(what, growth.count);
    this.steps.push({ at: placeOf(path), growth });
  }

  #complain(path: Path, message: string): void {
    this.problems.push(problemAt(this.#document, path, message));
  }
}

function placeOf(path: Path): string {
  return formatPath(path[0] === 'spec' ? path.slice(1) : path);
}
