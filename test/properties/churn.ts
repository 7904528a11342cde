/** What users and misfortune do to a cluster, drawn at random: apps come, change their size and go; programs and machines fail. */
import fc from 'fast-check';
import { Emulator } from '../../src/emulator/index.ts';
import type { ClusterSettings } from '../../src/model/index.ts';
import { aCluster, aDeployment, aService } from '../support/cluster.ts';

export const APPS = ['a', 'b', 'c'] as const;
export const PROGRAMS = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns'] as const;

/** `node` is the place of a node among those that are there, from the oldest, going round. */
export type Deed =
  | { readonly deed: 'deploy'; readonly app: string; readonly replicas: number; readonly hostNetwork: boolean }
  | { readonly deed: 'scale'; readonly app: string; readonly replicas: number }
  | { readonly deed: 'expose'; readonly app: string; readonly type: 'ClusterIP' | 'NodePort' }
  | { readonly deed: 'undeploy' | 'hide'; readonly app: string }
  | { readonly deed: 'kill'; readonly app: string; readonly force: boolean }
  | { readonly deed: 'advance'; readonly ms: number }
  | { readonly deed: 'nodes'; readonly count: number }
  | { readonly deed: 'delete-node'; readonly node: number }
  | { readonly deed: 'cordon' | 'silence'; readonly node: number; readonly on: boolean }
  | { readonly deed: 'disconnect'; readonly program: string }
  | { readonly deed: 'crash' | 'lag'; readonly program: string; readonly ms: number }
  | { readonly deed: 'crash-after'; readonly program: string; readonly intents: number }
  | { readonly deed: 'lag-of-node'; readonly node: number; readonly ms: number };

const app = fc.constantFrom(...APPS);
const program = fc.constantFrom(...PROGRAMS);
const node = fc.nat({ max: 4 });
const on = fc.boolean();
/** a moment, or long enough for a node to be given up and its pods to be collected */
const passingMs = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 5_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 40_000, max: 90_000 }) },
);
/** less than the quiet after which a cluster counts as settled: a program that is still down then would not be missed */
const faultMs = fc.nat({ max: 30_000 });

/** What users do: no program fails and no machine falls silent. */
export const aUsersDeed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    deed: fc.constant('deploy' as const),
    app,
    replicas: fc.nat({ max: 8 }),
    hostNetwork: fc.nat({ max: 3 }).map((drawn) => drawn === 3),
  }),
  fc.record({ deed: fc.constant('scale' as const), app, replicas: fc.nat({ max: 12 }) }),
  fc.record({ deed: fc.constant('expose' as const), app, type: fc.constantFrom('ClusterIP', 'NodePort') }),
  fc.record({ deed: fc.constantFrom('undeploy' as const, 'hide' as const), app }),
  fc.record({ deed: fc.constant('kill' as const), app, force: fc.boolean() }),
  fc.record({ deed: fc.constant('advance' as const), ms: passingMs }),
  fc.record({ deed: fc.constant('nodes' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ deed: fc.constant('delete-node' as const), node }),
);

const aMisfortune: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ deed: fc.constant('cordon' as const), node, on }),
  fc.record({ deed: fc.constant('silence' as const), node, on }),
  fc.record({ deed: fc.constant('disconnect' as const), program }),
  fc.record({ deed: fc.constantFrom('crash' as const, 'lag' as const), program, ms: faultMs }),
  fc.record({ deed: fc.constant('crash-after' as const), program, intents: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ deed: fc.constant('lag-of-node' as const), node, ms: faultMs }),
);

export const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: aUsersDeed },
  { weight: 2, arbitrary: aMisfortune },
);

/** Long enough for faults to meet: fast-check would draw mostly short ones. */
const LENGTHS = { minLength: 1, maxLength: 40, size: 'max' } as const;
export const someDeeds = fc.array(aDeed, LENGTHS);
export const someUsersDeeds = fc.array(aUsersDeed, LENGTHS);

/** What an app's container listens on: each on a port of its own, so that two may share a node's network. */
export function portOf(app: string): number {
  return 8080 + app.charCodeAt(0);
}

export function anAppsDeployment(app: string, replicas: number, hostNetwork = false): object {
  const containers = [{ name: 'app', image: 'registry.example/app:1', ports: [{ containerPort: portOf(app) }] }];
  return aDeployment(app, replicas, { hostNetwork, containers });
}

export function anAppsService(app: string, spec: object = {}): object {
  return aService(app, { ports: [{ port: 80, targetPort: portOf(app) }], ...spec });
}

/** Its pod CIDR holds eight blocks: as nodes come and go, each gets the block of one that went. */
export function aCrampedCluster(): ClusterSettings {
  const { networkProfile, ...settings } = aCluster();
  return { ...settings, networkProfile: { ...networkProfile, podCidr: '10.244.0.0/21' } };
}

/** A cluster with every app running and exposed, at rest. */
export function anEstablishedCluster(seed: number, jitterMs = 20, settings = aCrampedCluster()): Emulator {
  const emulator = new Emulator(settings, { seed, jitterMs });
  emulator.boot();
  for (const [index, name] of APPS.entries()) emulator.apply([anAppsDeployment(name, index + 2), anAppsService(name)]);
  emulator.settle();
  return emulator;
}

/** Does one thing. What the apiserver refuses, such as scaling what does not exist, is refused and no more. */
export function act(emulator: Emulator, deed: Deed): void {
  switch (deed.deed) {
    case 'deploy':
      emulator.apply([anAppsDeployment(deed.app, deed.replicas, deed.hostNetwork)]);
      return;
    case 'scale':
      emulator.scale('Deployment', `default/${deed.app}`, deed.replicas);
      return;
    case 'expose':
      emulator.apply([anAppsService(deed.app, { type: deed.type })]);
      return;
    case 'undeploy':
      emulator.remove('Deployment', `default/${deed.app}`);
      return;
    case 'hide':
      emulator.remove('Service', `default/${deed.app}`);
      return;
    case 'kill': {
      const pod = emulator.list('Pod', 'default').find(({ metadata }) => metadata.labels?.['app'] === deed.app);
      // Forced, the object goes at once, whether or not a kubelet has heard of it.
      const options = deed.force ? { gracePeriodSeconds: 0 } : {};
      if (pod !== undefined) emulator.remove('Pod', `default/${pod.metadata.name}`, options);
      return;
    }
    case 'advance':
      emulator.advance(deed.ms);
      return;
    case 'nodes':
      emulator.scaleNodePool('nodepool1', deed.count);
      return;
    case 'delete-node':
    case 'cordon':
    case 'silence':
    case 'lag-of-node':
      actOnNode(emulator, deed);
      return;
    case 'disconnect':
      emulator.inject({ fault: 'disconnect', program: deed.program });
      return;
    case 'crash':
      emulator.inject({ fault: 'crash', program: deed.program, downMs: deed.ms });
      return;
    case 'lag':
      emulator.inject({ fault: 'lag', program: deed.program, lagMs: deed.ms });
      return;
    case 'crash-after':
      emulator.inject({ fault: 'crash-after', program: deed.program, intents: deed.intents });
      return;
    default:
      throw new Error(`unknown deed ${JSON.stringify(deed satisfies never)}`);
  }
}

type DeedToNode = Extract<Deed, { readonly node: number }>;

function actOnNode(emulator: Emulator, deed: DeedToNode): void {
  const nodes = emulator.list('Node').map(({ metadata }) => metadata.name);
  const name = nodes[deed.node % nodes.length];
  if (name === undefined) return;
  switch (deed.deed) {
    case 'delete-node':
      emulator.remove('Node', name);
      return;
    case 'cordon':
      emulator.cordon(name, deed.on);
      return;
    case 'silence':
      emulator.inject({ fault: 'node-down', node: name, down: deed.on });
      return;
    case 'lag-of-node':
      emulator.inject({ fault: 'lag', program: 'kube-proxy', node: name, lagMs: deed.ms });
      return;
    default:
      throw new Error(`unknown deed ${JSON.stringify(deed satisfies never)}`);
  }
}

/** Takes every fault away and lets the cluster come to rest. */
export function heal(emulator: Emulator): void {
  for (const name of PROGRAMS) emulator.inject({ fault: 'lag', program: name, lagMs: 0 });
  for (const { metadata } of emulator.list('Node')) {
    const { name } = metadata;
    emulator.inject({ fault: 'lag', program: 'kube-proxy', node: name, lagMs: 0 });
    emulator.inject({ fault: 'node-down', node: name, down: false });
    emulator.cordon(name, false);
  }
  emulator.settle();
}
