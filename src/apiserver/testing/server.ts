/** An apiserver over an empty store, with the namespace default, for tests. */
import type { Dice, KubernetesObject, Moment, Service } from '../../model/index.ts';
import { Store } from '../../store/index.ts';
import { Apiserver, type ApiserverOptions, type Outcome, type RequestContext } from '../index.ts';

export interface TestServer {
  readonly store: Store<KubernetesObject>;
  readonly apiserver: Apiserver;
  context(at?: Moment): RequestContext;
}

/** Small numbers from a seed; the same in every run. */
export function testDice(seed = 1): Dice {
  let state = seed;
  const fraction = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const dice: Dice = { below: (bound) => Math.floor(fraction() * bound), fraction, split: () => dice };
  return dice;
}

export function testServer(options: Partial<ApiserverOptions> = {}): TestServer {
  const store = new Store<KubernetesObject>();
  const apiserver = new Apiserver(store, { serviceCidrs: ['10.96.0.0/16'], ...options });
  const dice = testDice();
  const context = (at: Moment = 0): RequestContext => ({ at, dice });
  stored(apiserver.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }, context()));
  return { store, apiserver, context };
}

/** The object of an outcome that must be good. */
export function stored<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.status.message);
  return outcome.object;
}

export function aService(name: string, spec: Partial<Service['spec']> | object = {}): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } };
}

export function aPod(name: string, spec: object = {}): object {
  const containers = [{ name: 'c', image: 'app:1' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'x' } }, spec: { containers, ...spec } };
}
