/**
 * An index over a long chain that came without one, such as a parsed KUBE-SERVICES: by destination address, or by destination
 * port, whichever more of its rules name. It leaves out only rules that cannot match, so the walk stays the same.
 */
import { type Chain, type ChainIndex, numberOfAddress, type Rule } from '../../dataplane/index.ts';

/** shorter chains are walked as they are */
const INDEXED_RULES_MIN = 16;
/** rules without the key stand in every list; with more of them the lists would be copies of the chain */
const UNKEYED_RULES_MAX = 8;

type KeyOf = (rule: Rule) => number | undefined;

const indexes = new WeakMap<Chain, ChainIndex | undefined>();

/** The chain's own index, or one that suits its rules, where it has none; undefined where none pays. */
export function indexOf(chain: Chain, rules: readonly Rule[]): ChainIndex | undefined {
  if (chain.index !== undefined) return chain.index;
  if (rules.length < INDEXED_RULES_MIN) return undefined;
  if (!indexes.has(chain)) indexes.set(chain, makeIndex(rules));
  return indexes.get(chain);
}

function makeIndex(rules: readonly Rule[]): ChainIndex | undefined {
  return indexBy('address', rules, destinationOf) ?? indexBy('port', rules, portOf);
}

/** The one destination that a rule asks for, before any of its matches has an effect. */
function destinationOf({ matches }: Rule): number | undefined {
  for (const match of matches) {
    if (match.match !== 'destination' || match.inverted) continue;
    const { family, network, prefixLength } = match.cidr;
    if (prefixLength === (family === 4 ? 32 : 128)) return numberOfAddress(network);
  }
  return undefined;
}

/** Its port, with the protocol, in the same way: not where dice or a list are asked first. */
function portOf({ matches }: Rule): number | undefined {
  for (const match of matches) {
    if (match.match === 'statistic' || match.match === 'recent') return undefined;
    if (match.match !== 'ports' || match.destination === undefined || match.destinationInverted === true) continue;
    const [first, last] = match.destination;
    if (first === last) return portKey(first, match.protocol);
  }
  return undefined;
}

function portKey(port: number, protocol: number): number {
  return port * 256 + protocol;
}

function indexBy(by: 'address' | 'port', rules: readonly Rule[], keyOf: KeyOf): ChainIndex | undefined {
  const unkeyed = rules.filter((rule) => keyOf(rule) === undefined);
  if (unkeyed.length > UNKEYED_RULES_MAX) return undefined;
  const lists = new Map<number, Rule[]>();
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
  return {
    by,
    rest: [],
    candidates: (destination, port, protocol) =>
      lists.get(by === 'address' ? numberOfAddress(destination) : portKey(port, protocol)) ?? unkeyed,
  };
}
