/** A rule made ready to be walked: its matches as a few integers, its jump as a link. Its meaning stays with the rule itself. */
import type { Match, Rule } from '../dataplane/index.ts';
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
/** those that ask the dice or remember something: nothing of the same rule may be moved past them */
export const EFFECTS = STATISTIC | RECENT;

/** A CIDR: IPv4 by mask, IPv6 by words. */
export interface Prefix {
  readonly network: number;
  readonly mask: number;
  readonly words: Int32Array | undefined;
  readonly prefixLength: number;
}

/** The values that a rule's matches compare with. One shape for all, so that reading them is quick. */
export class Conditions {
  source: Prefix | undefined = undefined;
  destination: Prefix | undefined = undefined;
  protocol = 0;
  portsProtocol = 0;
  sourceFrom = 0;
  sourceTo = 65535;
  sourceInverted = false;
  destinationFrom = 0;
  destinationTo = 65535;
  destinationInverted = false;
  states = 0;
  mark = 0;
  markMask = 0;
  sourceType = '';
  destinationType = '';
  inInterface = '';
  outInterface = '';
  recent: Extract<Match, { match: 'recent' }> | undefined = undefined;
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

export class LinkedRule {
  readonly rule: Rule;
  /** bits of the matches, 0 where everything matches */
  checks = 0;
  inverted = 0;
  /** chance in 2^31sts, as the kernel keeps it; only with STATISTIC */
  threshold = 0;
  conditions: Conditions | undefined = undefined;
  /** matches that come after one with an effect, or a second of one kind */
  more: LinkedRule | undefined = undefined;
  action = ACT_NONE;
  chain: LinkedChain | undefined = undefined;

  constructor(rule: Rule) {
    this.rule = rule;
  }
}
