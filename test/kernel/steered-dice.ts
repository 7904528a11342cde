/**
 * Dice whose one kind of roll is known. Where MASQUERADE takes a port at random, the emulator is made to take Linux' port:
 * so both sides have the same connections, and what clashes on one side clashes on the other.
 */
import type { Dice } from '../../src/model/index.ts';

/** Out of so many the kernel draws the place from which it looks for a free port (nf_nat_l4proto_unique_tuple). */
const PORT_ROLL = 65_536;

/** The ports that may stand in for one, and their number: privileged ones stay privileged. */
function portsLike(port: number): readonly [first: number, count: number] {
  if (port < 512) return [1, 511];
  return port < 1024 ? [600, 424] : [1024, 64_512];
}

export class SteeredDice implements Dice {
  readonly #dice: Dice;
  readonly #place: number;

  /** `port` is what a connection from `sourcePort` is to have in its place; one that none like it may have is never taken. */
  constructor(dice: Dice, sourcePort: number, port: number) {
    const [first, count] = portsLike(sourcePort);
    this.#dice = dice;
    this.#place = (port - first + count * PORT_ROLL) % count;
  }

  below(bound: number): number {
    return bound === PORT_ROLL ? this.#place : this.#dice.below(bound);
  }

  fraction(): number {
    return this.#dice.fraction();
  }

  split(component: string): Dice {
    return this.#dice.split(component);
  }
}
