/**
 * An index over a long chain that came without one, such as a parsed KUBE-SERVICES: by destination address, or by destination
 * port, whichever more of its rules name. It leaves out only rules that cannot match, so the walk stays the same.
 */
import { DESTINATION, type LinkedRule } from './linked-rule.ts';

/** shorter chains are walked as they are */
const INDEXED_RULES_MIN = 16;
/** rules without the key stand in every list; with more of them the lists would be copies of the chain */
const UNKEYED_RULES_MAX = 8;

export class ChainIndex {
  readonly #byPort: boolean;
  readonly #lists: ReadonlyMap<number, readonly LinkedRule[]>;
  readonly #unkeyed: readonly LinkedRule[];

  constructor(byPort: boolean, lists: ReadonlyMap<number, readonly LinkedRule[]>, unkeyed: readonly LinkedRule[]) {
    this.#byPort = byPort;
    this.#lists = lists;
    this.#unkeyed = unkeyed;
  }

  rulesFor(destination: number, port: number): readonly LinkedRule[] {
    return this.#lists.get(this.#byPort ? port : destination) ?? this.#unkeyed;
  }
}

/** The index that suits these rules, or undefined where none pays. */
export function indexOf(rules: readonly LinkedRule[]): ChainIndex | undefined {
  if (rules.length < INDEXED_RULES_MIN) return undefined;
  return indexBy(rules, destinationOf, false) ?? indexBy(rules, portOf, true);
}

/** The one destination that a rule asks for, before any of its matches has an effect. */
function destinationOf({ checks, inverted, addresses }: LinkedRule): number | undefined {
  if ((checks & DESTINATION) === 0 || (inverted & DESTINATION) !== 0 || addresses === undefined) return undefined;
  const { destinationMask, destinationPrefix, destinationNetwork } = addresses;
  const isWhole = destinationPrefix === undefined ? destinationMask === -1 : destinationPrefix.length === 128;
  return isWhole ? destinationNetwork : undefined;
}

function portOf({ ports }: LinkedRule): number | undefined {
  if (ports === undefined || ports.destinationInverted) return undefined;
  return ports.destinationFrom === ports.destinationTo ? ports.destinationFrom : undefined;
}

function indexBy(
  rules: readonly LinkedRule[],
  keyOf: (rule: LinkedRule) => number | undefined,
  byPort: boolean,
): ChainIndex | undefined {
  const unkeyed = rules.filter((rule) => keyOf(rule) === undefined);
  if (unkeyed.length > UNKEYED_RULES_MAX) return undefined;
  const lists = new Map<number, LinkedRule[]>();
  for (const rule of rules) {
    const key = keyOf(rule);
    if (key !== undefined && !lists.has(key)) lists.set(key, []);
  }
  // One pass in the chain's order: a rule without the key joins every list at its own place.
  for (const rule of rules) {
    const key = keyOf(rule);
    if (key !== undefined) lists.get(key)!.push(rule);
    else for (const list of lists.values()) list.push(rule);
  }
  return new ChainIndex(byPort, lists, unkeyed);
}
