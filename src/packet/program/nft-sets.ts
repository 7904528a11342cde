/** Sets and maps that are asked for a packet's destination: what each destination finds there is worked out once. */
import type { NftElement, NftSelector, NftSet } from '../../dataplane/index.ts';
import type { Flight } from '../flight.ts';
import { keyOf } from '../nftables/matching.ts';
import type { Code, Routine } from './code.ts';
import { type Destinations, Dispatch } from './dispatch.ts';
import { NOWHERE } from './instructions.ts';
import { type Known, type KnownBy, knownOf } from './known.ts';

/** The routine of what an element leads to, for packets of which this is known. */
export type RoutineOf = (element: NftElement, known: Known) => Routine;

/** Whether the fields that a set is asked for make up a packet's destination. */
function keyedBy(selectors: readonly NftSelector[]): KnownBy {
  switch (selectors.join(' ')) {
    case 'daddr':
      return 'address';
    case 'l4proto dport':
      return 'port';
    case 'daddr l4proto dport':
      return 'address and port';
    default:
      return 'anything';
  }
}

export function isByDestination(selectors: readonly NftSelector[]): boolean {
  return keyedBy(selectors) !== 'anything';
}

/** Sends packets to the code of the element that they find. `key`: who asks, where what is found depends on it. */
export function elementDispatch(
  code: Code,
  key: object,
  set: NftSet,
  selectors: readonly NftSelector[],
  routineOf: RoutineOf,
): Dispatch {
  return code.dispatch(key, () => {
    const elements = new Elements(set, selectors, routineOf);
    return new Dispatch(elements, code.idleAddresses(set.idle?.sameIn ?? set));
  });
}

class Elements implements Destinations {
  readonly by: KnownBy;
  readonly #set: NftSet;
  readonly #selectors: readonly NftSelector[];
  readonly #routineOf: RoutineOf;

  constructor(set: NftSet, selectors: readonly NftSelector[], routineOf: RoutineOf) {
    this.#set = set;
    this.#selectors = selectors;
    this.#routineOf = routineOf;
    this.by = keyedBy(selectors);
  }

  isIdleAt(flight: Flight): boolean {
    return this.by !== 'port' && this.#set.idle?.isAt(flight.destinationAddress) === true;
  }

  shared(flight: Flight): number {
    return this.own(flight);
  }

  own(flight: Flight): number {
    const element = this.#set.find(keyOf(flight, this.#selectors));
    return element === undefined ? NOWHERE : this.#routineOf(element, knownOf(flight, this.by)).place;
  }
}
