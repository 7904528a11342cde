/** Lets a plan's growth happen in the emulator, and compares where it stops with what was predicted. */
import { Emulator, validateManagedCluster } from '../emulator/index.ts';
import { type AddressModel, type ClusterSettings, findCondition, isPodReady } from '../model/index.ts';
import type { Forecast } from './forecast.ts';
import type { Growth, GrowthStep, Plan } from './plan.ts';

export interface ProvenStep {
  readonly step: GrowthStep;
  /** how many of the step's total there were in the run; undefined where it had stopped before */
  readonly fits?: number;
}

export interface Proof {
  readonly steps: readonly ProvenStep[];
  /** what the emulated cluster said about the first that did not fit */
  readonly said?: string;
  /** whether every step got as far as was predicted */
  readonly agrees: boolean;
}

/** Models whose growth can be run. */
export const EMULATED: ReadonlySet<AddressModel> = new Set(['overlay']);

/** What one step came to. */
interface Reached {
  readonly fits: number;
  readonly said?: string;
}

export function prove(plan: Plan, predicted: Forecast, seed: number): Proof {
  const run = new Run(plan, seed);
  const steps: ProvenStep[] = [];
  let said: string | undefined;
  let stopped = false;
  for (const step of plan.steps) {
    if (stopped) {
      steps.push({ step });
      continue;
    }
    const reached = run.grow(step);
    steps.push({ step, fits: reached.fits });
    stopped = reached.fits < step.growth.count;
    if (stopped) said = reached.said;
  }
  const agrees = steps.every(({ fits }, i) => fits === predicted.steps[i]!.fits);
  return { steps, ...(said === undefined ? {} : { said }), agrees };
}

class Run {
  readonly #plan: Plan;
  readonly #seed: number;
  #emulator: Emulator | undefined;
  readonly #services = { count: 0 };

  constructor(plan: Plan, seed: number) {
    this.#plan = plan;
    this.#seed = seed;
  }

  grow({ at, growth }: GrowthStep): Reached {
    if (at.startsWith('cluster.')) return this.#begin(growth as Extract<Growth, { pool: string }>);
    switch (growth.of) {
      case 'nodes':
        return this.#growNodes(growth.pool, growth.count);
      case 'surge':
        return this.#surge(growth.pool, growth.count);
      case 'pods':
        return this.#growPods(growth.pool, growth.count);
      case 'services':
        return this.#growServices(growth.count);
      default:
        throw new Error(`nothing grows like ${JSON.stringify(growth satisfies never)}`);
    }
  }

  /** AKS accepts or refuses a new cluster as a whole: one pool after another is asked for with more and more nodes. */
  #begin({ pool, count }: Extract<Growth, { pool: string }>): Reached {
    const { settings } = this.#plan;
    const refusal = (nodes: number) => refusalOf(beginningWith(settings, pool, nodes));
    const fits = largest(count, (nodes) => refusal(nodes) === undefined);
    if (fits < count) return { fits, said: refusal(fits + 1)! };
    if (pool !== settings.agentPoolProfiles.at(-1)!.name) return { fits };
    this.#emulator = started(settings, this.#seed);
    return { fits: readyNodes(this.#emulator, pool), ...saidOf(this.#emulator, 'nodes') };
  }

  #growNodes(pool: string, count: number): Reached {
    const emulator = this.#emulator!;
    emulator.scaleNodePool(pool, count);
    emulator.settle();
    return { fits: readyNodes(emulator, pool), ...saidOf(emulator, 'nodes') };
  }

  #surge(pool: string, count: number): Reached {
    const nodes = readyNodes(this.#emulator!, pool);
    const { fits, ...said } = this.#growNodes(pool, nodes + count);
    if (fits === nodes + count) this.#growNodes(pool, nodes);
    return { fits: fits - nodes, ...said };
  }

  #growPods(pool: string, count: number): Reached {
    const emulator = this.#emulator!;
    emulator.apply([deploymentOn(pool, count)]);
    emulator.settle();
    const running = emulator.list('Pod', 'default').filter((pod) => pod.metadata.labels?.['app'] === pool);
    return { fits: running.filter(isPodReady).length, ...saidOf(emulator, 'pods') };
  }

  #growServices(count: number): Reached {
    while (this.#services.count < count) {
      const [outcome] = this.#emulator!.apply([serviceNumber(this.#services.count)]);
      if (outcome?.ok === false) return { fits: this.#services.count, said: outcome.status.message };
      this.#services.count++;
    }
    return { fits: count };
  }
}

function started(settings: ClusterSettings, seed: number): Emulator {
  const emulator = new Emulator(settings, { seed });
  emulator.boot();
  emulator.settle();
  return emulator;
}

/** Pools up to this one, which has so many nodes; those behind it have none yet. */
function beginningWith(settings: ClusterSettings, pool: string, count: number): ClusterSettings {
  const index = settings.agentPoolProfiles.findIndex(({ name }) => name === pool);
  const countOf = (own: number, i: number): number => (i === index ? count : i < index ? own : 0);
  const agentPoolProfiles = settings.agentPoolProfiles.map((each, i) => ({ ...each, count: countOf(each.count, i) }));
  return { ...settings, agentPoolProfiles };
}

function refusalOf(settings: ClusterSettings): string | undefined {
  const error = validateManagedCluster(settings).find(({ code }) => code === 'InsufficientSubnetSize');
  return error === undefined ? undefined : `${error.code}: ${error.message}`;
}

/** The largest number up to `most` that is accepted: whatever accepts one accepts all below. */
function largest(most: number, accepts: (count: number) => boolean): number {
  if (accepts(most)) return most;
  let [accepted, refused] = [0, most];
  while (refused - accepted > 1) {
    const middle = (accepted + refused) >> 1;
    if (accepts(middle)) accepted = middle;
    else refused = middle;
  }
  return accepted;
}

function readyNodes(emulator: Emulator, pool: string): number {
  return emulator
    .list('Node')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.azure.com/agentpool'] === pool)
    .filter(({ status }) => findCondition(status.conditions, 'Ready')?.status === 'True').length;
}

const SHORTAGES: { readonly [reason: string]: Growth['of'] } = {
  FailedScheduling: 'pods',
  FailedCreatePodSandBox: 'pods',
  CIDRNotAvailable: 'nodes',
};

/** What the last Event about such a shortage tells. */
function saidOf(emulator: Emulator, of: Growth['of']): { readonly said?: string } {
  const event = emulator.list('Event').findLast(({ reason = '' }) => SHORTAGES[reason] === of);
  return event === undefined ? {} : { said: `${event.reason}: ${event.message}` };
}

function deploymentOn(pool: string, replicas: number): object {
  const labels = { app: pool };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: pool, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kubernetes.azure.com/agentpool': pool },
          tolerations: [{ operator: 'Exists' }],
          containers: [{ name: 'app', image: 'registry.example/app:1' }],
        },
      },
    },
  };
}

function serviceNumber(index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `service-${index}`, namespace: 'default' },
    spec: { selector: { app: 'none' }, ports: [{ port: 80 }] },
  };
}
