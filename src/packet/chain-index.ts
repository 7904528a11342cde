/**
 * An index over a long chain that came without one, such as a parsed KUBE-SERVICES: by destination address, or by destination
 * port, whichever more of its rules name. It leaves out only rules that cannot match, so the walk stays the same.
 */
import { DESTINATION, type LinkedRule, PORTS } from './linked-rule.ts';

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
function destinationOf(rule: LinkedRule): number | undefined {
  const prefix = rule.conditions?.destination;
  if ((rule.checks & DESTINATION) === 0 || (rule.inverted & DESTINATION) !== 0 || prefix === undefined)
    return undefined;
  return prefix.prefixLength === (prefix.words === undefined ? 32 : 128) ? prefix.network : undefined;
}

function portOf(rule: LinkedRule): number | undefined {
  const conditions = rule.conditions;
  if ((rule.checks & PORTS) === 0 || conditions === undefined || conditions.destinationInverted) return undefined;
  return conditions.destinationFrom === conditions.destinationTo ? conditions.destinationFrom : undefined;
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
