import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededDice } from '../../src/emulator/index.ts';
import { commit, send } from '../../src/packet/index.ts';
import { RULES, segment, twoNodes } from '../../src/packet/testing.ts';
import { holds } from '../support/seed.ts';
import { SteeredDice } from './steered-dice.ts';

const RANDOM = RULES.replace('-j MASQUERADE', '-j MASQUERADE --random-fully');

/** The source port under which a node's connection to a Service arrives. */
function arrivesFrom(sourcePort: number, port: number): number {
  const { world } = twoNodes(RANDOM);
  const dice = new SteeredDice(new SeededDice(1), sourcePort, port);
  const walked = send(world.host('node/node1')!, segment(`10.10.12.4:${sourcePort}`, '10.96.0.50:80'), { at: 0, dice });
  commit(walked);
  return walked.seen.sourcePort;
}

test('MASQUERADE takes the port that is wanted, where it may', () => {
  holds(
    fc.property(fc.integer({ min: 1024, max: 65535 }), fc.integer({ min: 1024, max: 65535 }), (sourcePort, port) => {
      expect(arrivesFrom(sourcePort, port)).toBe(port);
    }),
  );
  expect(arrivesFrom(400, 77)).toBe(77);
  expect(arrivesFrom(700, 1000)).toBe(1000);
});

test('a port that may not stand in for another is never taken', () => {
  expect(arrivesFrom(33_000, 700)).not.toBe(700);
  expect(arrivesFrom(700, 33_000)).not.toBe(33_000);
  expect(arrivesFrom(700, 400)).not.toBe(400);
});
