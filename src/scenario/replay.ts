/** Replays a scenario on an emulator of its own. */
import { Emulator } from '../emulator/index.ts';
import { type KubernetesObject, keyOf, type Moment } from '../model/index.ts';
import type { EmulatedCluster } from './emulated-cluster.ts';
import type { Entry } from './entry.ts';
import type { Problem } from './problem.ts';
import type { Scenario } from './read-scenario.ts';
import { type RunOptions, type RunReport, refusalOf, runScenario } from './run-scenario.ts';

export interface Replayed {
  readonly report: RunReport;
  readonly cluster: EmulatedCluster;
}

export function replay(scenario: Scenario, options: RunOptions = {}): Replayed {
  const cluster = new Emulator(scenario.settings, { seed: scenario.seed });
  return { cluster, report: runScenario(scenario, cluster, options) };
}

/**
 * The cluster as it is at a moment of the script's run: the steps that end by then, and as much of the next one's time as
 * there is left. A moment behind the script's end is waited for.
 */
export function replayUntil(scenario: Scenario, at: Moment): EmulatedCluster {
  const ends: Moment[] = [];
  let now: Moment = 0;
  const listener = (entry: Entry) => {
    if (entry.what === 'step' && entry.index > 0) ends.push(entry.at);
    if (entry.what === 'end') now = entry.at;
  };
  replay(scenario, { listener });
  ends.push(now);
  const done = ends.findIndex((end) => end > at);
  const steps = done < 0 ? scenario.steps : scenario.steps.slice(0, done);
  const { cluster } = replay({ ...scenario, steps });
  if (cluster.now < at) cluster.advance(at - cluster.now);
  return cluster;
}

/**
 * What the apiserver would refuse of a scenario's manifests, each taken alone: a cluster of one node is asked before the run
 * begins, so that a run does not stop half-way for what could be known. A refusal that depends on what ran before shows later.
 */
export function refusedManifests({ settings, steps }: Scenario): readonly Problem[] {
  const [pool] = settings.agentPoolProfiles;
  const cluster: EmulatedCluster = new Emulator(
    { ...settings, agentPoolProfiles: [{ ...pool!, count: 1 }] },
    { seed: 0 },
  );
  cluster.boot();
  const problems: Problem[] = [];
  for (const { action } of steps) {
    if (action.verb !== 'apply') continue;
    for (const manifest of action.manifests) {
      const [outcome] = cluster.apply([manifest.object]);
      if (outcome === undefined) continue;
      if (!outcome.ok) problems.push(refusalOf(manifest, outcome.status));
      // A Namespace stays for what comes into it; everything else makes room for its next version.
      else if (outcome.object.kind !== 'Namespace') forget(cluster, outcome.object);
    }
  }
  return problems;
}

function forget(cluster: EmulatedCluster, object: KubernetesObject): void {
  cluster.remove(object.kind, keyOf(object), { gracePeriodSeconds: 0 });
}
