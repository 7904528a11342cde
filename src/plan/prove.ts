/** Lets a plan's growth happen in the emulator, and compares where it stops with what was predicted. */
import { Emulator, validateManagedCluster } from '../emulator/index.ts';
import { addressModelOf, type ClusterSettings, findCondition, isPodReady } from '../model/index.ts';
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
  /** how many nodes each pool has been given */
  readonly #nodes: Map<string, number>;
  #emulator: Emulator | undefined;
  #services = 0;

  constructor(plan: Plan, seed: number) {
    this.#plan = plan;
    this.#seed = seed;
    this.#nodes = new Map(plan.settings.agentPoolProfiles.map(({ name }) => [name, 0]));
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

  /** AKS accepts or refuses a new cluster as a whole: one pool after another is asked for, as if those behind it had no nodes. */
  #begin({ pool, count }: Extract<Growth, { pool: string }>): Reached {
    const { fits, said } = this.#accepted(pool, count);
    this.#nodes.set(pool, fits);
    if (said !== undefined) return { fits, said };
    this.#emulator = started(this.#settings(), this.#seed);
    return { fits: readyNodes(this.#emulator, pool), ...saidOf(this.#emulator, 'nodes') };
  }

  /** AKS refuses what does not fit, and what it accepts has to become ready. */
  #growNodes(pool: string, count: number): Reached {
    const emulator = this.#emulator!;
    const scale = (nodes: number) => emulator.operate({ do: 'scale', pool, count: nodes, by: 'aks' });
    const before = this.#nodes.get(pool)!;
    const fits = count <= before ? count : largest(before, count, (nodes) => scale(nodes) === undefined);
    const refusal = scale(Math.min(fits + 1, count));
    this.#nodes.set(pool, fits);
    emulator.settle();
    const ready = readyNodes(emulator, pool);
    if (ready < fits) return { fits: ready, ...saidOf(emulator, 'nodes') };
    return { fits, ...(refusal === undefined ? {} : { said: `${refusal.code}: ${refusal.message}` }) };
  }

  #surge(pool: string, count: number): Reached {
    const nodes = this.#nodes.get(pool)!;
    const { fits, ...said } = this.#growNodes(pool, nodes + count);
    if (fits === nodes + count) this.#growNodes(pool, nodes);
    return { fits: fits - nodes, ...said };
  }

  /** The most nodes up to `most` that AKS accepts in the pool of a new cluster, and its refusal of one more. */
  #accepted(pool: string, most: number): Reached {
    const refusal = (count: number) =>
      validateManagedCluster(this.#settings(pool, count)).find(({ code }) => code === 'InsufficientSubnetSize');
    const fits = largest(0, most, (count) => refusal(count) === undefined);
    const error = fits < most ? refusal(fits + 1) : undefined;
    return { fits, ...(error === undefined ? {} : { said: `${error.code}: ${error.message}` }) };
  }

  /** The cluster with as many nodes as the pools have, or one of them would have. */
  #settings(pool?: string, count = 0): ClusterSettings {
    const { settings } = this.#plan;
    const countOf = (name: string): number => (name === pool ? count : this.#nodes.get(name)!);
    const agentPoolProfiles = settings.agentPoolProfiles.map((each) => ({ ...each, count: countOf(each.name) }));
    return { ...settings, agentPoolProfiles };
  }

  #growPods(pool: string, count: number): Reached {
    const emulator = this.#emulator!;
    const profile = this.#plan.settings.agentPoolProfiles.find(({ name }) => name === pool)!;
    const before = readyPods(emulator, pool);
    // Batches go to whom they are promised first: which pod is the first without an address shows only one by one.
    const isInBatches = addressModelOf(this.#plan.settings.networkProfile, profile) === 'pod-subnet-dynamic';
    for (let replicas = isInBatches ? before + 1 : count; replicas <= count; replicas++) {
      emulator.apply([deploymentOn(pool, replicas)]);
      emulator.settle();
      const fits = readyPods(emulator, pool);
      if (fits < replicas) return { fits, ...saidOf(emulator, 'pods') };
    }
    return { fits: count };
  }

  #growServices(count: number): Reached {
    for (; this.#services < count; this.#services++) {
      const [outcome] = this.#emulator!.apply([serviceNumber(this.#services)]);
      if (outcome?.ok === false) return { fits: this.#services, said: outcome.status.message };
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

/** The largest number from `least` up to `most` that is accepted: whatever accepts one accepts all below. */
function largest(least: number, most: number, accepts: (count: number) => boolean): number {
  if (accepts(most)) return most;
  let [accepted, refused] = [least, most];
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

function readyPods(emulator: Emulator, pool: string): number {
  return emulator.list('Pod', 'default').filter((pod) => pod.metadata.labels?.['app'] === pool && isPodReady(pod))
    .length;
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
