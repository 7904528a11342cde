/**
 * What kube-proxy's chains come to for one Service address, worked out beforehand: which sources are marked to be masqueraded,
 * and then the endpoints. The packet finds it by destination, port and protocol and need not fetch the rules, which with
 * 10,000 Services lie all over the memory. It does what walking the rules does; where the rules are of another shape there is
 * no shortcut, and a recorded packet takes none.
 *
 * ```text
 *   KUBE-SERVICES  -d IP -p P --dport N -j KUBE-SVC     implied by the key
 *   KUBE-SVC       ! -s CIDR … -j KUBE-MARK-MASQ        marks: sources, and the mark
 *                  --probability … -j KUBE-SEP          endpoints: a Choice
 * ```
 */
import type { Choice } from './choice.ts';
import type { LinkedChain } from './link.ts';
import {
  ACT_CHOOSE,
  ACT_JUMP,
  ACT_MARK,
  DESTINATION,
  type LinkedRule,
  PORTS,
  PROTOCOL,
  SOURCE,
} from './linked-rule.ts';

/** words of the head: how many marks and how many endpoints follow */
const HEAD = 2;
/** network, mask, whether inverted, mark's mask, mark's value */
const MARK_WORDS = 5;
/** as in Choice: threshold, source, address, and port << 8 | protocol */
export const ENDPOINT_WORDS = 4;
/** more endpoints than these are walked rule by rule */
const ENDPOINTS_MAX = 64;
const HEADER = DESTINATION | PROTOCOL | PORTS;

export interface Key {
  readonly destination: number;
  readonly port: number;
  readonly protocol: number;
}

export class Shortcut {
  /** where its endpoints begin */
  readonly endpoints: number;
  readonly words: Int32Array;
  /** the endpoints' rules, for packets that an endpoint sends to itself */
  readonly choice: Choice;

  constructor(marks: readonly number[], choice: Choice) {
    const endpoints = choice.rules.flatMap((_, i) => choice.endpoint(i));
    this.words = Int32Array.from([marks.length / MARK_WORDS, choice.rules.length, ...marks, ...endpoints]);
    this.endpoints = HEAD + marks.length;
    this.choice = choice;
  }

  /** The packet's mark after the rules that mark some sources. */
  marked(mark: number, source: number): number {
    const { words, endpoints } = this;
    let marked = mark;
    for (let at = HEAD; at < endpoints; at += MARK_WORDS) {
      const inside = (source & words[at + 1]!) === words[at]!;
      if (inside === (words[at + 2]! !== 0)) continue;
      marked = (marked & ~words[at + 3]!) ^ words[at + 4]!;
    }
    return marked;
  }
}

/** The shortcut for packets with this key through the rule that they meet first; undefined where there is none. */
export function shortcutOf(rule: LinkedRule, key: Key): Shortcut | undefined {
  if (rule.action !== ACT_JUMP || !isImplied(rule, key) || rule.chain!.indexed) return undefined;
  const rules = [...rule.chain!.rules];
  const last = rules.pop();
  if (last?.choice === undefined || last.action !== ACT_CHOOSE || last.choice.rules.length > ENDPOINTS_MAX)
    return undefined;
  const marks: number[] = [];
  for (const before of rules) {
    const words = marksOf(before, key);
    if (words === undefined) return undefined;
    marks.push(...words);
  }
  return new Shortcut(marks, last.choice);
}

/** Whether every packet with this key matches the rule. Inverted matches, source ports and all else are not implied. */
function isImplied({ checks, inverted, more, protocol, addresses, ports }: LinkedRule, key: Key): boolean {
  if ((checks & ~HEADER) !== 0 || inverted !== 0 || more !== undefined) return false;
  return matchesKey(checks, protocol, addresses, ports, key);
}

function matchesKey(
  checks: number,
  protocol: number,
  addresses: LinkedRule['addresses'],
  ports: LinkedRule['ports'],
  key: Key,
): boolean {
  if ((checks & PROTOCOL) !== 0 && protocol !== key.protocol) return false;
  if ((checks & DESTINATION) !== 0) {
    if (addresses!.destinationPrefix !== undefined) return false;
    if ((key.destination & addresses!.destinationMask) !== addresses!.destinationNetwork) return false;
  }
  if ((checks & PORTS) === 0) return true;
  const { destinationFrom, destinationTo, destinationInverted, sourceFrom, sourceTo, sourceInverted } = ports!;
  if (destinationInverted || sourceInverted || sourceFrom !== 0 || sourceTo !== 65535) return false;
  return ports!.protocol === key.protocol && key.port >= destinationFrom && key.port <= destinationTo;
}

/** A rule that sends some sources by a chain which only marks, as words; undefined for a rule of another shape. */
function marksOf(rule: LinkedRule, key: Key): readonly number[] | undefined {
  const { checks, inverted, more, protocol, addresses, ports, action, chain } = rule;
  if ((checks & ~(HEADER | SOURCE)) !== 0 || (inverted & HEADER) !== 0 || more !== undefined || action !== ACT_JUMP)
    return undefined;
  if (!matchesKey(checks, protocol, addresses, ports, key) || addresses?.sourcePrefix !== undefined) return undefined;
  const mark = onlyMark(chain!);
  if (mark === undefined) return undefined;
  if ((checks & SOURCE) === 0) return [0, 0, 0, ...mark];
  return [addresses!.sourceNetwork, addresses!.sourceMask, (inverted & SOURCE) === 0 ? 0 : 1, ...mark];
}

/** Mask and value of the mark that the chain sets, if it does nothing else. */
function onlyMark(chain: LinkedChain): readonly [number, number] | undefined {
  const [rule, ...more] = chain.indexed ? [] : chain.rules;
  if (rule === undefined || more.length > 0 || rule.checks !== 0 || rule.action !== ACT_MARK) return undefined;
  const { target } = rule.rule;
  return target.target === 'MARK' ? [target.mask | 0, target.value | 0] : undefined;
}

/** Slots of a table before it is begun anew: a node that talks to more Services at once than this is slower, not wrong. */
const SLOTS_MAX = 1 << 16;
const KEY_WORDS = 2;

/** The shortcuts of one chain, by key: open addressing. */
export class Shortcuts {
  #keys = new Int32Array(64 * KEY_WORDS);
  #found: (Shortcut | undefined)[] = new Array(64).fill(undefined);
  #size = 0;

  find(destination: number, portAndProtocol: number): Shortcut | undefined {
    const keys = this.#keys;
    const mask = this.#found.length - 1;
    for (let slot = hashOf(destination, portAndProtocol) & mask; ; slot = (slot + 1) & mask) {
      // A port and protocol are never 0 together, so 0 is an empty slot.
      if (keys[slot * KEY_WORDS + 1] === 0) return undefined;
      if (keys[slot * KEY_WORDS] === destination && keys[slot * KEY_WORDS + 1] === portAndProtocol)
        return this.#found[slot];
    }
  }

  add(destination: number, portAndProtocol: number, shortcut: Shortcut): void {
    if (this.#size * 2 >= this.#found.length) this.#grow();
    this.#put(destination, portAndProtocol, shortcut);
    this.#size++;
  }

  #put(destination: number, portAndProtocol: number, shortcut: Shortcut): void {
    const mask = this.#found.length - 1;
    let slot = hashOf(destination, portAndProtocol) & mask;
    while (this.#keys[slot * KEY_WORDS + 1] !== 0) slot = (slot + 1) & mask;
    this.#keys[slot * KEY_WORDS] = destination;
    this.#keys[slot * KEY_WORDS + 1] = portAndProtocol;
    this.#found[slot] = shortcut;
  }

  #grow(): void {
    const keys = this.#keys;
    const found = this.#found;
    const slots = found.length < SLOTS_MAX ? found.length * 2 : found.length;
    this.#keys = new Int32Array(slots * KEY_WORDS);
    this.#found = new Array(slots).fill(undefined);
    if (slots === found.length) {
      this.#size = 0;
      return;
    }
    found.forEach((shortcut, slot) => {
      if (shortcut !== undefined) this.#put(keys[slot * KEY_WORDS]!, keys[slot * KEY_WORDS + 1]!, shortcut);
    });
  }
}

function hashOf(destination: number, portAndProtocol: number): number {
  const hash = Math.imul(destination ^ Math.imul(portAndProtocol, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
