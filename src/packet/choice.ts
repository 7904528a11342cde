/**
 * A run of rules that jump by chance, as kube-proxy writes one for the endpoints of a Service, the last of them for certain.
 * The dice are asked as the rules would ask them; what an endpoint's chain then does is kept beside, so that a packet that is
 * not recorded need not fetch that chain. It does nothing that walking the rules would not do.
 */
import { numberOfAddress } from '../dataplane/index.ts';
import type { LinkedChain } from './link.ts';
import { ACT_DNAT, ACT_JUMP, type LinkedRule, PROTOCOL, SOURCE, STATISTIC } from './linked-rule.ts';

/** words per rule: its threshold, and what its chain comes to */
const STRIDE = 4;
const SOURCE_AT = 1;
const ADDRESS_AT = 2;
const END_AT = 3;
/** a threshold that asks no dice */
export const ALWAYS = -1;
const UNKNOWN = 0;
const OTHERWISE = -1;

export class Choice {
  readonly rules: readonly LinkedRule[];
  readonly #words: Int32Array;

  constructor(rules: readonly LinkedRule[]) {
    this.rules = rules;
    this.#words = new Int32Array(rules.length * STRIDE);
    rules.forEach((rule, i) => {
      this.#words[i * STRIDE] = (rule.checks & STATISTIC) === 0 ? ALWAYS : rule.threshold;
    });
  }

  threshold(i: number): number {
    return this.#words[i * STRIDE]!;
  }

  /**
   * Whether the rule's chain sends a packet of this source and protocol on to an address and port, and does nothing else:
   * those are then `address(i)` and `port(i)`.
   */
  leadsOn(i: number, source: number, protocol: number): boolean {
    const words = this.#words;
    const at = i * STRIDE;
    if (words[at + END_AT] === UNKNOWN) this.#look(at, this.rules[i]!.chain!);
    // The endpoint itself is masqueraded first: that is left to its chain.
    return (
      (words[at + END_AT]! & 0xff) === protocol && words[at + END_AT] !== OTHERWISE && words[at + SOURCE_AT] !== source
    );
  }

  address(i: number): number {
    return this.#words[i * STRIDE + ADDRESS_AT]!;
  }

  port(i: number): number {
    return this.#words[i * STRIDE + END_AT]! >>> 8;
  }

  /** The words of one rule, its chain looked at: threshold, source, address, and port << 8 | protocol or -1. */
  endpoint(i: number): readonly number[] {
    const at = i * STRIDE;
    if (this.#words[at + END_AT] === UNKNOWN) this.#look(at, this.rules[i]!.chain!);
    return [...this.#words.subarray(at, at + STRIDE)];
  }

  /** Looks for the two rules of a KUBE-SEP chain: the endpoint's own source goes elsewhere, all others are translated. */
  #look(at: number, chain: LinkedChain): void {
    const words = this.#words;
    words[at + END_AT] = OTHERWISE;
    const [own, onward, ...more] = chain.indexed ? [] : chain.rules;
    if (own === undefined || onward === undefined || more.length > 0) return;
    const target = onward.rule.target;
    if (!isOneSource(own) || onward.checks !== PROTOCOL || onward.inverted !== 0 || onward.action !== ACT_DNAT) return;
    if (target.target !== 'DNAT' || target.port === undefined) return;
    words[at + SOURCE_AT] = own.addresses!.sourceNetwork;
    words[at + ADDRESS_AT] = numberOfAddress(target.address);
    words[at + END_AT] = (target.port << 8) | onward.protocol;
  }
}

function isOneSource({ checks, inverted, action, more, addresses }: LinkedRule): boolean {
  if (checks !== SOURCE || inverted !== 0 || action !== ACT_JUMP || more !== undefined) return false;
  const { sourcePrefix, sourceMask } = addresses!;
  return sourcePrefix === undefined ? sourceMask === -1 : sourcePrefix.length === 128;
}
