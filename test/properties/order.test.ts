/** The order in which things are written and heard of makes no difference to what becomes of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Emulator } from '../../src/emulator/index.ts';
import { aCluster, aDeployment, aService } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';
import { APPS, PROGRAMS } from './churn.ts';
import { quiescentState, spreadOf } from './quiescent.ts';

// Addresses of Services are pinned: which one the allocator picks depends on who came before, and may.
const objects = APPS.flatMap((name, index) => [
  aDeployment(name, index + 2),
  aService(name, { clusterIP: `10.96.0.${50 + index}`, type: index === 0 ? 'NodePort' : 'ClusterIP' }),
]);

interface Interleaving {
  readonly seed: number;
  readonly order: readonly object[];
  /** what passes after each write */
  readonly pausesMs: readonly number[];
  /** each watch event comes up to this much later, by the dice */
  readonly jitterMs: number;
  /** how late each program hears of everything */
  readonly lagsMs: readonly number[];
}

const anInterleaving: fc.Arbitrary<Interleaving> = fc.record({
  seed: fc.integer(),
  order: fc.shuffledSubarray(objects, { minLength: objects.length }),
  pausesMs: fc.array(fc.nat({ max: 1500 }), { minLength: objects.length, maxLength: objects.length }),
  jitterMs: fc.nat({ max: 400 }),
  lagsMs: fc.array(fc.nat({ max: 3000 }), { minLength: PROGRAMS.length, maxLength: PROGRAMS.length }),
});

const PLAIN: Interleaving = { seed: 1, order: objects, pausesMs: [], jitterMs: 0, lagsMs: [] };

function settled({ seed, order, pausesMs, jitterMs, lagsMs }: Interleaving, nodesFirst: boolean): Emulator {
  const emulator = new Emulator(aCluster(), { seed, jitterMs });
  emulator.boot();
  if (nodesFirst) emulator.settle();
  for (const [index, program] of PROGRAMS.entries()) {
    emulator.inject({ fault: 'lag', program, lagMs: lagsMs[index] ?? 0 });
  }
  for (const [index, object] of order.entries()) {
    emulator.apply([object]);
    emulator.advance(pausesMs[index] ?? 0);
  }
  emulator.settle();
  return emulator;
}

describe('any order of writes and any interleaving of informers', () => {
  test('come to the same state at rest, while the nodes are still coming up', () => {
    const expected = quiescentState(settled(PLAIN, false));
    holds(
      fc.property(anInterleaving, (interleaving) => {
        expect(quiescentState(settled(interleaving, false))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  // The scheduler gives a pod to a node once and for all. Before all nodes are ready it cannot spread pods over them, and
  // how many it has given away by then is a matter of chance; afterwards the spread is the same, whatever came first.
  test('come to the same state and the same spread over nodes that are ready', () => {
    const plain = settled(PLAIN, true);
    holds(
      fc.property(anInterleaving, (interleaving) => {
        const emulator = settled(interleaving, true);
        expect(quiescentState(emulator)).toEqual(quiescentState(plain));
        expect(spreadOf(emulator)).toEqual(spreadOf(plain));
      }),
      { numRuns: 150 },
    );
  });
});
