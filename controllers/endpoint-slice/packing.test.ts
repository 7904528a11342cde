import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/model/index.ts';
import { holds } from '../../test/support/seed.ts';
import { addressOf, aPod, aService, manyPods, type PodShape, World, writes } from '../../test/support/service-world.ts';
import { ENDPOINTS_PER_SLICE_MAX } from './index.ts';

describe('packing', () => {
  /** Pods come and go in rounds, each reconciled; what is in the slices then is whatever packing made of that history. */
  const history = fc.array(
    fc.record({
      add: fc.integer({ min: 0, max: 150 }),
      remove: fc.integer({ min: 0, max: 100 }),
      flip: fc.integer({ min: 0, max: 3 }),
      from: fc.nat(1000),
    }),
    { minLength: 1, maxLength: 6 },
  );
  type History = readonly { add: number; remove: number; flip: number; from: number }[];

  function play(rounds: History) {
    const world = new World().put(aService());
    const pods = new Map<string, PodShape>();
    let made = 0;
    for (const { add, remove, flip, from } of rounds) {
      for (let i = 0; i < add; i++, made++) pods.set(`p${made}`, { name: `p${made}`, address: addressOf(made) });
      const names = [...pods.keys()];
      for (let i = 0; i < Math.min(remove, names.length); i++) {
        const name = names[(from + i * 7) % names.length]!;
        pods.delete(name);
        world.remove('Pod', `default/${name}`);
      }
      for (const name of [...pods.keys()].slice(0, flip)) pods.set(name, { ...pods.get(name)!, ready: from % 2 === 0 });
      for (const shape of pods.values()) world.put(aPod(shape));
      world.reconcile();
    }
    return { world, pods, made };
  }

  const endpointsIn = (world: World) =>
    world
      .slices()
      .flatMap(({ endpoints }) =>
        (endpoints ?? []).map((e) => `${e.targetRef?.name} ${e.addresses} ${e.conditions.ready}`),
      );

  it('holds each selected pod once, 100 to a slice at most, and is settled after one reconcile', () => {
    holds(
      fc.property(history, (rounds) => {
        const { world, pods } = play(rounds);
        expect(endpointsIn(world).sort()).toEqual(
          [...pods.values()].map(({ name, address, ready = true }) => `${name} ${address} ${ready}`).sort(),
        );
        for (const { endpoints } of world.slices())
          expect(endpoints?.length ?? 0).toBeLessThanOrEqual(ENDPOINTS_PER_SLICE_MAX);
        expect(world.reconcile()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('writes one slice for one pod that came, changed or went', () => {
    holds(
      fc.property(history, fc.nat(1000), (rounds, pick) => {
        const { world, pods, made } = play(rounds);
        const name = [...pods.keys()][pick % Math.max(1, pods.size)];
        world.put(aPod({ name: 'late', address: addressOf(made) }));
        expect(writes(world.reconcile())).toHaveLength(1);
        if (name === undefined) return;
        world.put(aPod({ ...pods.get(name)!, terminating: true }));
        expect(writes(world.reconcile())).toHaveLength(1);
        world.remove('Pod', `default/${name}`);
        expect(writes(world.reconcile())).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('does not move endpoints that stay', () => {
    holds(
      fc.property(history, fc.nat(100), (rounds, add) => {
        const { world, made } = play(rounds);
        const whereIs = () =>
          new Map(world.slices().flatMap((s) => (s.endpoints ?? []).map((e) => [e.targetRef?.name, s.metadata.name])));
        const before = whereIs();
        for (let i = 0; i < add; i++) world.put(aPod({ name: `late${i}`, address: addressOf(made + i) }));
        world.reconcile();
        const after = whereIs();
        for (const [name, slice] of before) expect(after.get(name)).toBe(slice);
      }),
      { numRuns: 40 },
    );
  });

  it('fills 150 pods into slices of 100 and 50', () => {
    const world = new World().put(aService());
    for (const pod of manyPods(150)) world.put(pod);
    expect(world.reconcile()).toHaveLength(2);
    expect(world.slices().map(({ endpoints }) => endpoints?.length)).toEqual([100, 50]);
  });

  it('repairs slices that someone else has spoilt', () => {
    const world = new World().put(aService());
    for (const pod of manyPods(3)) world.put(pod);
    world.reconcile();
    const slice = world.slices()[0]!;
    const [first] = slice.endpoints ?? [];
    const stranger = { ...first!, targetRef: { kind: 'Pod', namespace: 'default', name: 'stranger' } };
    world.put({ ...slice, endpoints: [first!, first!, stranger] });
    expect(writes(world.reconcile())).toHaveLength(1);
    expect(
      endpointsIn(world)
        .map((text) => text.split(' ')[0])
        .sort(),
    ).toEqual(['p0', 'p1', 'p2']);
    expect(world.reconcile()).toEqual([]);
  });

  /** Slices of the sizes given, of pods `s0-0`, `s0-1`, ...; `gone` of each no longer exist. */
  function slicesOf(sizes: readonly number[], gone: readonly number[] = []) {
    const world = new World().put(aService());
    world.put(aPod({ name: 'first', address: '10.244.255.1' })).reconcile();
    const [template] = world.slices();
    world.remove('Pod', 'default/first').remove('EndpointSlice', keyOf(template!));
    for (const [number, size] of sizes.entries()) {
      const endpoints = Array.from({ length: size }, (_, i) => {
        const [name, address] = [`s${number}-${i}`, addressOf(number * 256 + i)];
        if (i >= (gone[number] ?? 0)) world.put(aPod({ name, address }));
        return {
          addresses: [address],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
          nodeName: 'node1',
          zone: 'z1',
        };
      });
      const metadata = { ...template!.metadata, name: `web-s${number}`, uid: `s${number}` };
      world.put({ ...template!, metadata, endpoints });
    }
    return {
      world,
      add: (count: number) => {
        for (let i = 0; i < count; i++) world.put(aPod({ name: `new${i}`, address: addressOf(10_000 + i) }));
      },
      sizes: () => world.slices().map(({ endpoints }) => endpoints?.length ?? 0),
    };
  }

  it.each<[string, readonly number[], readonly number[], number, number, readonly number[]]>([
    ['the fullest slice with room takes all that is new', [50, 80, 95], [], 20, 1, [50, 100, 95]],
    [
      'new endpoints are not spread: a new slice where none has room for all',
      [90, 95, 99],
      [],
      20,
      1,
      [20, 90, 95, 99],
    ],
    ['slices that are written anyway are filled first, the fullest before others', [80, 95], [1, 1], 8, 2, [81, 100]],
    ['what is left after that goes into one unchanged slice', [100, 60], [1, 0], 31, 2, [100, 90]],
    ['a slice that loses its last endpoint is deleted', [3, 50], [3, 0], 0, 1, [50]],
    ['or is used for what is new', [3, 100], [3, 0], 5, 1, [5, 100]],
    ['slices are not merged', [10, 10], [1, 0], 0, 1, [9, 10]],
  ])('%s', (_, sizes, gone, added, written, expected) => {
    const { world, add, sizes: sizesNow } = slicesOf(sizes, gone);
    add(added);
    expect(writes(world.reconcile())).toHaveLength(written);
    expect(sizesNow()).toEqual(expected);
    expect(world.reconcile()).toEqual([]);
  });
});
