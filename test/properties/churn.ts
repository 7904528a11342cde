/** What users do to a cluster, drawn at random: Deployments and Services come, change their size, and go. */
import fc from 'fast-check';
import type { Emulator } from '../../src/emulator/index.ts';
import { aDeployment, aService } from '../support/cluster.ts';

export type Deed =
  | { readonly deed: 'deploy'; readonly app: string; readonly replicas: number }
  | { readonly deed: 'expose'; readonly app: string }
  | { readonly deed: 'scale'; readonly app: string; readonly replicas: number }
  | { readonly deed: 'undeploy' | 'hide' | 'kill'; readonly app: string }
  | { readonly deed: 'advance'; readonly ms: number }
  | { readonly deed: 'crash' | 'disconnect'; readonly program: string }
  | { readonly deed: 'lag'; readonly program: string; readonly ms: number }
  | { readonly deed: 'nodes'; readonly count: number };

const app = fc.constantFrom('a', 'b', 'c');
const program = fc.constantFrom('kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns');

export const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ deed: fc.constant('deploy' as const), app, replicas: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ deed: fc.constant('expose' as const), app }),
  fc.record({ deed: fc.constant('scale' as const), app, replicas: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ deed: fc.constantFrom('undeploy' as const, 'hide' as const, 'kill' as const), app }),
  fc.record({ deed: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 5000 }) }),
  fc.record({ deed: fc.constantFrom('crash' as const, 'disconnect' as const), program }),
  fc.record({ deed: fc.constant('lag' as const), program, ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ deed: fc.constant('nodes' as const), count: fc.integer({ min: 1, max: 5 }) }),
);

/** Does one thing. What the apiserver refuses, such as scaling what does not exist, is refused and no more. */
export function act(emulator: Emulator, deed: Deed): void {
  switch (deed.deed) {
    case 'deploy':
      emulator.apply([aDeployment(deed.app, deed.replicas)]);
      return;
    case 'expose':
      emulator.apply([aService(deed.app)]);
      return;
    case 'scale':
      emulator.scale('Deployment', `default/${deed.app}`, deed.replicas);
      return;
    case 'undeploy':
      emulator.remove('Deployment', `default/${deed.app}`);
      return;
    case 'hide':
      emulator.remove('Service', `default/${deed.app}`);
      return;
    case 'kill': {
      const pod = emulator.list('Pod', 'default').find(({ metadata }) => metadata.labels?.['app'] === deed.app);
      if (pod !== undefined) emulator.remove('Pod', `default/${pod.metadata.name}`);
      return;
    }
    case 'advance':
      emulator.advance(deed.ms);
      return;
    case 'crash':
      emulator.inject({ fault: 'crash-after', program: deed.program, intents: 3 });
      return;
    case 'disconnect':
      emulator.inject({ fault: 'disconnect', program: deed.program });
      return;
    case 'lag':
      emulator.inject({ fault: 'lag', program: deed.program, lagMs: deed.ms });
      return;
    case 'nodes':
      emulator.scaleNodePool('nodepool1', deed.count);
      return;
    default:
      throw new Error(`unknown deed ${JSON.stringify(deed satisfies never)}`);
  }
}

/** Takes every fault away and lets the cluster come to rest. */
export function heal(emulator: Emulator): void {
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns']) {
    emulator.inject({ fault: 'lag', program: name, lagMs: 0 });
  }
  emulator.settle();
}
