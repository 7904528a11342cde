/**
 * netfilter's rules as data: tables of chains of rules, each rule some matches and a target.
 * Who makes them (kube-proxy's writer, a parser of iptables-save) and who walks them (packet/) share only this.
 *
 * Names and meanings: iptables-extensions(8).
 */
import type { Address, Cidr, Family, ProtocolNumber, TableName } from '../model/index.ts';
import type { IpvsMatch, PhysicalDeviceMatch, SetMatch } from './ipvs/index.ts';
import type { NftTable } from './nftables/index.ts';

/** Connection states as bits, so that a rule's list is one test. DNAT and SNAT are the states of a translated connection. */
export const STATE_NEW = 1;
export const STATE_ESTABLISHED = 2;
export const STATE_RELATED = 4;
export const STATE_INVALID = 8;
export const STATE_UNTRACKED = 16;
export const STATE_DNAT = 32;
export const STATE_SNAT = 64;

export type AddressType = 'LOCAL' | 'UNICAST' | 'BROADCAST' | 'MULTICAST' | 'UNSPEC';

export type Match =
  | { readonly match: 'source' | 'destination'; readonly cidr: Cidr; readonly inverted: boolean }
  | { readonly match: 'protocol'; readonly protocol: ProtocolNumber; readonly inverted: boolean }
  | { readonly match: 'in-interface' | 'out-interface'; readonly name: string; readonly inverted: boolean }
  /** `-m tcp`, `-m udp`, `-m sctp` with ports; both ends inclusive; undefined ports mean any */
  | {
      readonly match: 'ports';
      readonly protocol: ProtocolNumber;
      readonly source?: readonly [number, number];
      readonly sourceInverted?: boolean;
      readonly destination?: readonly [number, number];
      readonly destinationInverted?: boolean;
    }
  | { readonly match: 'comment'; readonly text: string }
  | { readonly match: 'conntrack'; readonly states: number; readonly inverted: boolean }
  | { readonly match: 'mark'; readonly value: number; readonly mask: number; readonly inverted: boolean }
  | {
      readonly match: 'address-type';
      readonly side: 'source' | 'destination';
      readonly type: AddressType;
      readonly inverted: boolean;
    }
  /** true with this probability, independently for each packet */
  | { readonly match: 'statistic'; readonly probability: number }
  /** `-m recent` by source address: `set` remembers and matches; `rcheck` matches what was remembered at most `seconds` ago */
  | {
      readonly match: 'recent';
      readonly name: string;
      readonly action: 'set' | 'rcheck';
      readonly seconds?: number;
      readonly reap?: boolean;
    }
  /** counts and always matches */
  | { readonly match: 'nfacct'; readonly name: string }
  | SetMatch
  | IpvsMatch
  | PhysicalDeviceMatch;

export type RejectWith =
  | 'icmp-port-unreachable'
  | 'icmp-host-unreachable'
  | 'icmp-net-unreachable'
  | 'icmp-admin-prohibited'
  | 'icmp6-port-unreachable'
  | 'tcp-reset';

export type Target =
  | { readonly target: 'none' }
  | { readonly target: 'ACCEPT' | 'DROP' | 'RETURN' }
  /** chains are linked, not named: a jump costs no look-up */
  | { readonly target: 'jump'; readonly chain: Chain }
  | { readonly target: 'REJECT'; readonly with: RejectWith }
  /** mark = (mark & ~mask) ^ value: iptables' `--set-xmark value/mask` */
  | { readonly target: 'MARK'; readonly value: number; readonly mask: number }
  | { readonly target: 'DNAT'; readonly address: Address; readonly port?: number }
  | { readonly target: 'SNAT'; readonly address: Address; readonly randomFully: boolean }
  | { readonly target: 'MASQUERADE'; readonly randomFully: boolean };

export interface Rule {
  /** in the order written; all must match */
  readonly matches: readonly Match[];
  readonly target: Target;
}

export interface Chain {
  readonly name: string;
  /** base chains only: what happens at their end */
  readonly policy?: 'ACCEPT' | 'DROP';
  /** every rule, in order. May be made when asked for: prefer `index` on the way of a packet */
  readonly rules: readonly Rule[];
  /**
   * The same rules for one reading, where the chain would keep what `rules` gives: whoever goes through the rules of many chains
   * once, and needs none of them afterwards, leaves memory as it was.
   */
  readRules?(): readonly Rule[];
  readonly index?: ChainIndex;
}

/** A chain's rules, for one reading. */
export function readRules(chain: Chain): readonly Rule[] {
  return chain.readRules?.() ?? chain.rules;
}

/**
 * Which of a long chain's rules can match a packet, by its destination. An accelerator, never a meaning: walking candidates and
 * then `rest` gives what walking `rules` gives.
 */
export interface ChainIndex {
  /** what the candidates depend on; ports go with the protocol */
  readonly by: 'address' | 'port' | 'address and port';
  /** a superset of those that match, in their order, but for those of `rest` */
  candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[];
  /** what follows for all packets */
  readonly rest: readonly Rule[];
  readonly idle?: IdleAddresses;
  /** where several nodes' chains of this name have most candidates in common: the same object in each */
  readonly shared?: SharedCandidates;
}

/** Where a chain has no candidates, whatever the port, and whichever of the nodes that share candidates. */
export interface IdleAddresses {
  isAt(destination: Address): boolean;
  /** the same object in all chains that are idle at the same addresses */
  readonly sameIn: object;
}

export interface SharedCandidates {
  /** undefined where nodes differ: each has its own */
  candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] | undefined;
}

export interface Table {
  readonly name: TableName;
  /** base chains first (in the kernel's order of hooks), then the others by name */
  chains(): readonly Chain[];
  chain(name: string): Chain | undefined;
}

/** One host's rules of one family. A missing table has no chains. */
export interface Ruleset {
  /** 4 where it is not said */
  readonly family?: Family;
  /** the same object in rulesets that have most of their chains in common, as those of nodes that know the same Services */
  readonly kin?: object;
  /** nft's tables of this family, where the rules are nft's: `table` then gives none */
  readonly nftables?: readonly NftTable[];
  table(name: TableName): Table | undefined;
}
