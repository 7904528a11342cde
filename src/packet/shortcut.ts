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
import { ACT_JUMP, ACT_MARK, DESTINATION, type LinkedRule, PORTS, PROTOCOL, SOURCE } from './linked-rule.ts';
import { shortcutStore } from './shortcut-store.ts';

/** more endpoints than these are walked rule by rule */
const ENDPOINTS_MAX = 64;
const HEADER = DESTINATION | PROTOCOL | PORTS;

export interface Key {
  readonly destination: number;
  readonly port: number;
  readonly protocol: number;
}

/** Source network and mask, whether inverted, the mark's mask and value: five words a mark. */
type Marks = readonly number[];

/** What a packet with this key, which the rule asks for, comes to; undefined where the chains are of another shape. */
function shortcutOf(rule: LinkedRule, key: Key): { readonly marks: Marks; readonly choice: Choice } | undefined {
  if (rule.chain!.indexed) return undefined;
  const rules = [...rule.chain!.rules];
  const choice = rules.pop()?.choice;
  if (choice === undefined || choice.rules.length > ENDPOINTS_MAX) return undefined;
  const marks: number[] = [];
  for (const before of rules) {
    const words = marksOf(before, key);
    if (words === undefined) return undefined;
    marks.push(...words);
  }
  return { marks, choice };
}

/** Whether the rule asks for this key and for nothing else: then every packet with this key matches it, and no other. */
function isImplied(rule: LinkedRule, key: Key): boolean {
  const { checks, inverted, more, addresses, ports } = rule;
  if ((checks & (DESTINATION | PORTS)) !== (DESTINATION | PORTS)) return false;
  if ((checks & ~HEADER) !== 0 || inverted !== 0 || more !== undefined) return false;
  const isOne = addresses!.destinationMask === -1 && ports!.destinationFrom === ports!.destinationTo;
  return isOne && matchesKey(checks, rule.protocol, addresses, ports, key);
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

/** Where the store has the shortcut through this rule for this key, made now if it was not; -1 where there is none. */
export function placeOf(rule: LinkedRule, key: Key): number {
  if (rule.action !== ACT_JUMP || !isImplied(rule, key)) return -1;
  if (rule.shortcutGeneration === shortcutStore.generation) return rule.shortcutAt;
  const shortcut = shortcutOf(rule, key);
  rule.shortcutAt = shortcut === undefined ? -1 : shortcutStore.add(shortcut.marks, shortcut.choice);
  rule.shortcutGeneration = shortcutStore.generation;
  return rule.shortcutAt;
}
