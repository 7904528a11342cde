/**
 * nftables rulesets as data: tables of chains, sets and maps, and rules made of statements.
 * Who makes them (kube-proxy's writer, a parser) and who walks them share only this.
 *
 * ```text
 *   NftTable ─┬─ NftChain ── NftRule ── NftStatement ──► NftSet (looked up), NftChain (jump, goto)
 *             └─ NftSet ──── NftElement ── NftVerdict ──► NftChain
 * ```
 * Chains and sets are linked, not named: following one costs no look-up. Names and meanings: nft(8).
 */
import type { Address, Cidr, Family, ProtocolNumber } from '../../model/index.ts';
import type { IdleAddresses } from '../netfilter.ts';

/** What an element's field is. */
export type NftType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'ifname' | 'mark';

/** A value of one of those types: an address, the number of a protocol, port or mark, or an interface's name. */
export type NftDatum = number | string;

/** What a packet is asked for. `saddr` and `daddr` are of the table's family; ports are those of any transport (`th`). */
export type NftSelector = 'saddr' | 'daddr' | 'l4proto' | 'sport' | 'dport' | 'iifname' | 'oifname' | 'mark';

export type NftVerdict =
  | { readonly verdict: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly verdict: 'jump' | 'goto'; readonly chain: NftChain };

export interface NftElement {
  /** a datum for each field of the set's type */
  readonly key: readonly NftDatum[];
  readonly comment?: string;
  /** in maps */
  readonly verdict?: NftVerdict;
}

/** A named set or verdict map. */
export interface NftSet {
  readonly name: string;
  readonly kind: 'set' | 'map';
  readonly type: readonly NftType[];
  readonly comment?: string;
  readonly flags?: readonly ('dynamic' | 'timeout' | 'interval')[];
  /** after which an element is forgotten unless it is updated */
  readonly timeoutSeconds?: number;
  /** those that the ruleset puts in, in no order of meaning. May be made when asked for: on a packet's way, `find` */
  readonly elements: readonly NftElement[];
  find(key: readonly NftDatum[]): NftElement | undefined;
  /** where a set that is asked for an address first has no elements: an accelerator, never a meaning */
  readonly idle?: IdleAddresses | undefined;
}

/** An interval of addresses, one address, a protocol's or port's number, or an interface's name, perhaps ending in `*`. */
export type NftMember = Cidr | NftDatum;

/** What a packet's field is held against. */
export type NftOperand =
  | { readonly operand: 'value'; readonly value: NftMember }
  /** an anonymous set; `separator` is how its writer parted the members, for `commandText` */
  | { readonly operand: 'members'; readonly members: readonly NftMember[]; readonly separator: ' , ' | ',' }
  | { readonly operand: 'set'; readonly set: NftSet };

export interface NftDestination {
  readonly address: Address;
  readonly port: number;
}

export type NftStatement =
  /** several selectors are concatenated: `ip daddr . meta l4proto . th dport` */
  | {
      readonly statement: 'match';
      readonly selectors: readonly NftSelector[];
      readonly inverted: boolean;
      readonly against: NftOperand;
    }
  /** a port of this protocol, and so the protocol too: `tcp dport 80` */
  | {
      readonly statement: 'port';
      readonly protocol: ProtocolNumber;
      readonly side: 'sport' | 'dport';
      readonly inverted: boolean;
      readonly port: number;
    }
  /** `ct state`, `ct status`: bits STATE_…, any of them */
  | { readonly statement: 'ct'; readonly field: 'state' | 'status'; readonly bits: number; readonly inverted: boolean }
  /** `mark and MASK != VALUE`; without `inverted`, `==` */
  | { readonly statement: 'mark'; readonly mask: number; readonly value: number; readonly inverted: boolean }
  /** `fib daddr type local` */
  | { readonly statement: 'fib'; readonly side: 'saddr' | 'daddr'; readonly type: 'local' }
  | { readonly statement: 'set mark'; readonly operation: 'or' | 'xor' | 'and' | 'set'; readonly value: number }
  /** verdict by a map; without an element for the packet, the rule has no effect */
  | { readonly statement: 'vmap'; readonly selectors: readonly NftSelector[]; readonly map: NftSet }
  /** `numgen random mod N vmap`: one of these, with equal chances */
  | { readonly statement: 'numgen'; readonly verdicts: readonly NftVerdict[] }
  /** remembers the packet's field in a dynamic set, or makes it remembered anew */
  | { readonly statement: 'update'; readonly set: NftSet; readonly selector: NftSelector }
  | { readonly statement: 'dnat'; readonly to: NftDestination }
  /** `dnat ip addr . port to numgen random mod N map`: to one of these, with equal chances */
  | { readonly statement: 'dnat by numgen'; readonly to: readonly NftDestination[] }
  | { readonly statement: 'masquerade'; readonly fullyRandom: boolean }
  /** ICMP port unreachable, to TCP as to others */
  | { readonly statement: 'reject' }
  | { readonly statement: 'counter' }
  | { readonly statement: 'verdict'; readonly verdict: NftVerdict };

export interface NftRule {
  /** carried out in this order, until one does not match */
  readonly statements: readonly NftStatement[];
  readonly comment?: string;
}

export type NftHookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** Where a base chain hangs. A lower priority goes first. */
export interface NftHook {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: NftHookName;
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
}

export interface NftChain {
  readonly name: string;
  /** base chains only */
  readonly hook?: NftHook;
  readonly comment?: string;
  /** may be made when asked for */
  readonly rules: readonly NftRule[];
}

export interface NftTable {
  /** `ip` or `ip6` */
  readonly family: Family;
  readonly name: string;
  readonly comment?: string;
  /** those with a hook: a walk begins with them, and asks for no others by name */
  baseChains(): readonly NftChain[];
  /** in the order created; so are chains */
  sets(): readonly NftSet[];
  chains(): readonly NftChain[];
  set(name: string): NftSet | undefined;
  chain(name: string): NftChain | undefined;
}
