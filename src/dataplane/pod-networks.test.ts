import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { addressOf, formatAddress } from '../model/index.ts';
import { type PodNetwork, PodNetworks } from './pod-networks.ts';

const NODES = ['a', 'b'];
const BLOCKS = NODES.map((_, i) => [{ first: addressOf(`10.244.${i}.0`) as number, size: 4 }]);

/** What a version must answer: plain maps, copied at each change. */
interface Model {
  readonly networks: ReadonlyMap<string, PodNetwork>;
  readonly cursors: ReadonlyMap<string, number>;
}

function freeIn({ networks, cursors }: Model, node: number): number | undefined {
  const [{ first, size }] = BLOCKS[node]! as [{ first: number; size: number }];
  const taken = new Set([...networks.values()].flatMap(({ addresses }) => addresses));
  const cursor = cursors.get(NODES[node]!) ?? 0;
  const start = cursor < first || cursor >= first + size ? 0 : cursor - first + 1;
  const order = Array.from({ length: size }, (_, i) => first + ((start + i) % size));
  return order.find((address) => !taken.has(address));
}

const deed = fc.record({
  /** the version that is changed: counted back from the newest, so that old ones go on living beside it */
  back: fc.nat({ max: 6 }),
  pod: fc.nat({ max: 9 }),
  node: fc.nat({ max: NODES.length - 1 }),
  release: fc.boolean(),
});

function answersOf(version: PodNetworks): unknown {
  return {
    size: version.size,
    all: Array.from(version.all(), ({ pod, addresses }) => `${pod} ${addresses.join()}`).sort(),
    on: NODES.map((node) => [...version.on(node)].sort(([a], [b]) => a - b)),
    counts: NODES.map((node) => version.countOn(node)),
    free: NODES.map((node, i) => version.freeAddress(node, BLOCKS[i]!)),
  };
}

function answersOfModel(model: Model): unknown {
  const all = [...model.networks.values()];
  const on = NODES.map((node) =>
    all
      .filter((network) => network.node === node)
      .map(({ addresses, pod }) => [addresses[0] as number, pod] as const)
      .sort(([a], [b]) => a - b),
  );
  return {
    size: all.length,
    all: all.map(({ pod, addresses }) => `${pod} ${addresses.join()}`).sort(),
    on,
    counts: on.map(({ length }) => length),
    free: NODES.map((_, i) => freeIn(model, i)),
  };
}

describe('versions of pod networks', () => {
  test('each answers as it always did, in whatever order they are asked and changed', () => {
    holds(
      fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
        const versions = [PodNetworks.EMPTY];
        const models: Model[] = [{ networks: new Map(), cursors: new Map() }];
        for (const { back, pod: number, node, release } of deeds) {
          const at = Math.max(0, versions.length - 1 - back);
          const [version, model] = [versions[at]!, models[at]!];
          const pod = `default/p${number}`;
          const address = release ? undefined : freeIn(model, node);
          const networks = new Map(model.networks);
          const cursors = new Map(model.cursors);
          networks.delete(pod);
          const network =
            address === undefined
              ? undefined
              : { pod, uid: String(deeds.length), node: NODES[node]!, addresses: [address] };
          if (network !== undefined) {
            networks.set(pod, network);
            cursors.set(network.node, network.addresses[0]!);
          }
          versions.push(version.set(pod, network));
          models.push({ networks, cursors });
        }
        for (const i of [...versions.keys()].reverse())
          expect(answersOf(versions[i]!)).toEqual(answersOfModel(models[i]!));
        for (const i of versions.keys()) {
          for (const network of models[i]!.networks.values()) {
            expect(versions[i]!.get(network.pod)).toBe(network);
            expect(versions[i]!.at(network.addresses[0]!)).toBe(network);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('an address of another pod is refused, and nothing is changed by that', () => {
    const network = (pod: string) => ({
      pod,
      uid: pod,
      node: 'a',
      addresses: [addressOf('10.244.0.1'), addressOf('fd00::1')],
    });
    const held = PodNetworks.EMPTY.set('default/p', network('default/p'));
    expect(() => held.set('default/q', network('default/q'))).toThrow('10.244.0.1 belongs to pod default/p');
    expect([held.size, held.get('default/q')]).toEqual([1, undefined]);
    expect(formatAddress(held.at(addressOf('fd00::1'))!.addresses[0]!)).toBe('10.244.0.1');
    expect(PodNetworks.EMPTY.size).toBe(0);
  });
});
