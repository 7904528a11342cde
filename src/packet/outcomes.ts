/** Every way that a packet can go, each with its probability: chance is branched over instead of rolled. */
import type { Dice, Moment, Packet, Trace, Verdict } from '../model/index.ts';
import { familyOf, formatAddress } from '../model/index.ts';
import type { Chance } from './flight.ts';
import { Recorder } from './recorder.ts';
import { follow } from './send.ts';
import type { Host } from './world.ts';

export interface Outcome {
  readonly verdict: Verdict;
  /** the packet at its end */
  readonly seen: Packet;
  /** whether a MASQUERADE target was reached, also where the address it lends was the packet's already */
  readonly masqueraded: boolean;
  /** of all ways, those that end so; they add up to 1 */
  readonly probability: number;
  /** one of the ways that end so */
  readonly trace: Trace;
}

/** Endpoints are chosen by one branch each, so the ways are as many as the endpoints: more is a mistake in the rules. */
const WAYS_MAX = 100_000;

/** Where ports are free to choose, the first that will do. */
const FIRST_CHOICE: Dice = { below: () => 0, fraction: () => 0, split: () => FIRST_CHOICE };

/** A way is the list of its decisions. Walking it takes what is decided, and `true` wherever more is asked. */
class Branch implements Chance {
  readonly dice = FIRST_CHOICE;
  readonly decisions: { taken: boolean; readonly threshold: number }[];
  #next = 0;

  constructor(decisions: Branch['decisions']) {
    this.decisions = decisions;
  }

  happens(threshold: number): boolean {
    const decided = this.decisions[this.#next++];
    if (decided !== undefined) return decided.taken;
    this.decisions.push({ taken: threshold > 0, threshold });
    return threshold > 0;
  }

  get probability(): number {
    return this.decisions.reduce((product, { taken, threshold }) => {
      const chance = threshold / 2 ** 31;
      return product * (taken ? chance : 1 - chance);
    }, 1);
  }

  /** The next way in order: the last decision that can go the other way does; undefined after the last way. */
  next(): Branch | undefined {
    const decisions = [...this.decisions];
    for (let last = decisions.pop(); last !== undefined; last = decisions.pop()) {
      if (last.taken && last.threshold < 2 ** 31)
        return new Branch([...decisions, { taken: false, threshold: last.threshold }]);
    }
    return undefined;
  }
}

/** The outcomes of sending `packet` from `from` now, in the order of the rules; nothing changes. */
export function outcomes(from: Host, packet: Packet, at: Moment): readonly Outcome[] {
  const found = new Map<string, Outcome>();
  let branch: Branch | undefined = new Branch([]);
  for (let ways = 0; branch !== undefined; ways++) {
    if (ways >= WAYS_MAX) throw new Error(`more than ${WAYS_MAX} ways for one packet`);
    const walked = follow(from, packet, at, branch, new Recorder(familyOf(packet.destination)));
    const { verdict, seen, trace } = walked;
    const { masqueraded } = walked.flight;
    const key = `${keyOf(verdict, seen)} ${masqueraded}`;
    const { probability } = branch;
    const same = found.get(key);
    if (same !== undefined) found.set(key, { ...same, probability: same.probability + probability });
    else found.set(key, { verdict, seen, masqueraded, probability, trace: trace! });
    branch = branch.next();
  }
  return [...found.values()];
}

function keyOf(verdict: Verdict, seen: Packet): string {
  const { source, destination, sourcePort, destinationPort } = seen;
  const tuple = `${formatAddress(source)} ${sourcePort} ${formatAddress(destination)} ${destinationPort}`;
  return `${verdict.verdict} ${verdict.host} ${verdict.reason} ${tuple}`;
}
