/**
 * A rule made ready to be walked: its matches as a few integers, its jump as a link. Its meaning stays with the rule itself.
 * Small on purpose: with 10,000 Services the time goes into fetching rules from memory, not into comparing.
 */
import type { Match, Rule } from '../dataplane/index.ts';
import type { Choice } from './choice.ts';
import type { Flight } from './flight.ts';
import type { LinkedChain } from './link.ts';

/** Which matches a rule has, as bits; the same bits tell which of them are inverted. */
export const SOURCE = 1;
export const DESTINATION = 2;
export const PROTOCOL = 4;
export const PORTS = 8;
export const STATES = 16;
export const MARK = 32;
export const SOURCE_TYPE = 64;
export const DESTINATION_TYPE = 128;
export const IN_INTERFACE = 256;
export const OUT_INTERFACE = 512;
export const STATISTIC = 1024;
export const RECENT = 2048;
/** what is asked by a function of its own: IP sets, IPVS */
export const ASKED = 4096;
/** those that ask the dice or remember something: nothing of the same rule may be moved past them */
export const EFFECTS = STATISTIC | RECENT;

/** The first words of an IPv6 address. */
export interface Ipv6Prefix {
  readonly words: Int32Array;
  readonly length: number;
}

/** `-s` and `-d`: IPv4 by network and mask, IPv6 by words. */
export class AddressConditions {
  sourceNetwork = 0;
  sourceMask = 0;
  destinationNetwork = 0;
  destinationMask = 0;
  sourcePrefix: Ipv6Prefix | undefined = undefined;
  destinationPrefix: Ipv6Prefix | undefined = undefined;
}

/** `-m tcp`, `-m udp`, `-m sctp` with ports. */
export class PortConditions {
  protocol = 0;
  destinationFrom = 0;
  destinationTo = 65535;
  destinationInverted = false;
  sourceFrom = 0;
  sourceTo = 65535;
  sourceInverted = false;
}

/** What is asked in few rules only, the same on every node. */
export class OtherConditions {
  states = 0;
  mark = 0;
  markMask = 0;
  sourceType = '';
  destinationType = '';
  inInterface = '';
  outInterface = '';
  recent: Extract<Match, { match: 'recent' }> | undefined = undefined;
  asked: ((flight: Flight) => boolean) | undefined = undefined;
}

export const ACT_NONE = 0;
export const ACT_ACCEPT = 1;
export const ACT_DROP = 2;
export const ACT_RETURN = 3;
export const ACT_JUMP = 4;
export const ACT_REJECT = 5;
export const ACT_MARK = 6;
export const ACT_DNAT = 7;
export const ACT_SNAT = 8;
export const ACT_MASQUERADE = 9;
/** stands for a run of rules: see Choice */
export const ACT_CHOOSE = 10;

export class LinkedRule {
  /** bits of the matches, 0 where everything matches */
  checks = 0;
  inverted = 0;
  action = ACT_NONE;
  protocol = 0;
  addresses: AddressConditions | undefined = undefined;
  chain: LinkedChain | undefined = undefined;
  readonly rule: Rule;
  ports: PortConditions | undefined = undefined;
  other: OtherConditions | undefined = undefined;
  /** chance in 2^31sts, as the kernel keeps it; only with STATISTIC */
  threshold = 0;
  /** matches that come after one with an effect, or a second of one kind */
  more: LinkedRule | undefined = undefined;
  choice: Choice | undefined = undefined;
  /** where the store has the shortcut through the chain it jumps to, and of which generation: see shortcut.ts */
  shortcutAt = -1;
  shortcutGeneration = -1;

  constructor(rule: Rule) {
    this.rule = rule;
  }
}
