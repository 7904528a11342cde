/**
 * Links rulesets for the walk. Each rule and chain is linked once and kept as long as it lives, so that nodes which share
 * rules share these too.
 */
import {
  type Chain,
  type Match,
  numberOfAddress,
  type Rule,
  type Ruleset,
  type Target,
  wordsOfIpv6,
} from '../dataplane/index.ts';
import type { Cidr, HookName, TableName } from '../model/index.ts';
import { type ChainIndex, indexOf } from './chain-index.ts';
import { Choice } from './choice.ts';
import { questionOf } from './ipvs/questions.ts';
import {
  ACT_ACCEPT,
  ACT_CHOOSE,
  ACT_DNAT,
  ACT_DROP,
  ACT_JUMP,
  ACT_MARK,
  ACT_MASQUERADE,
  ACT_NONE,
  ACT_REJECT,
  ACT_RETURN,
  ACT_SNAT,
  AddressConditions,
  ASKED,
  DESTINATION,
  DESTINATION_TYPE,
  EFFECTS,
  IN_INTERFACE,
  LinkedRule,
  MARK,
  OtherConditions,
  OUT_INTERFACE,
  PORTS,
  PortConditions,
  PROTOCOL,
  RECENT,
  SOURCE,
  SOURCE_TYPE,
  STATES,
  STATISTIC,
} from './linked-rule.ts';
import { HookChains } from './nftables/hook-chains.ts';
import { placeOf } from './shortcut.ts';
import { Shortcuts } from './shortcut-store.ts';
import { HOOKS, TABLES } from './stops.ts';

export { HOOKS, TABLES };

export class LinkedChain {
  readonly chain: Chain;
  readonly policy: 'ACCEPT' | 'DROP' | undefined;
  /** whether the chain brings an index of its own: then `candidates` is to be asked, and its rules linked one by one */
  readonly indexed: boolean;
  readonly shortcuts = new Shortcuts();
  #rules: readonly LinkedRule[] | undefined = undefined;
  #index: ChainIndex | undefined = undefined;

  constructor(chain: Chain) {
    this.chain = chain;
    this.policy = chain.policy;
    this.indexed = chain.candidates !== undefined;
  }

  /** The chain's rules for such a packet, in order: all of them, or those that an index leaves. */
  rulesFor(destination: number, port: number): readonly LinkedRule[] {
    const rules = this.#rules ?? this.#link();
    return this.#index === undefined ? rules : this.#index.rulesFor(destination, port);
  }

  /** Looks for a shortcut through the first rule that packets of this destination meet, and keeps it. */
  seek(first: LinkedRule, destination: number, port: number, protocol: number): void {
    const place = placeOf(first, { destination, port, protocol });
    const key = (port << 8) | protocol;
    if (place >= 0 && this.shortcuts.find(destination, key) < 0) this.shortcuts.add(destination, key, place);
  }

  /** every rule, the index aside */
  get rules(): readonly LinkedRule[] {
    return this.#rules ?? this.#link();
  }

  #link(): readonly LinkedRule[] {
    const rules = gatherChoices(this.chain.rules.map(linkRule));
    this.#rules = rules;
    this.#index = indexOf(rules);
    return rules;
  }
}

/** Puts one rule in the place of each run of rules that jump by chance, and of the one that jumps when none of them did. */
function gatherChoices(rules: readonly LinkedRule[]): readonly LinkedRule[] {
  const gathered: LinkedRule[] = [];
  for (let i = 0; i < rules.length; ) {
    let end = i;
    while (end < rules.length && isByChance(rules[end]!)) end++;
    if (end === i) gathered.push(rules[i++]!);
    else {
      if (end < rules.length && isForCertain(rules[end]!)) end++;
      gathered.push(choiceOf(rules.slice(i, end)));
      i = end;
    }
  }
  return gathered;
}

function isByChance({ checks, threshold, action, more }: LinkedRule): boolean {
  return checks === STATISTIC && threshold < 2 ** 31 && action === ACT_JUMP && more === undefined;
}

function isForCertain({ checks, action }: LinkedRule): boolean {
  return checks === 0 && action === ACT_JUMP;
}

function choiceOf(rules: readonly LinkedRule[]): LinkedRule {
  const linked = new LinkedRule(rules[0]!.rule);
  linked.action = ACT_CHOOSE;
  linked.choice = new Choice(rules);
  return linked;
}

/** A ruleset's base chains. Those that can do nothing to a packet are left out. */
export class LinkedRuleset {
  /** whether connections are translated at all: the kernel's NAT sleeps until a nat table is loaded */
  readonly translates: boolean;
  readonly chains: readonly (LinkedChain | undefined)[];
  /** where the rules are nft's: then `chains` are none */
  readonly nftables: HookChains | undefined;

  constructor(ruleset: Ruleset) {
    this.nftables = ruleset.nftables === undefined ? undefined : new HookChains(ruleset.nftables);
    this.translates = this.nftables?.translates === true || ruleset.table('nat') !== undefined;
    this.chains = HOOKS.flatMap((hook) => TABLES.map((table) => baseChain(ruleset, table, hook)));
  }
}

function baseChain(ruleset: Ruleset, table: TableName, hook: HookName): LinkedChain | undefined {
  const chain = ruleset.table(table)?.chain(hook);
  if (chain === undefined) return undefined;
  const idle = chain.policy !== 'DROP' && chain.candidates === undefined && chain.rules.length === 0;
  return idle ? undefined : linkChain(chain);
}

const linkedRulesets = new WeakMap<Ruleset, LinkedRuleset>();

export function linkRuleset(ruleset: Ruleset): LinkedRuleset {
  let linked = linkedRulesets.get(ruleset);
  if (linked === undefined) linkedRulesets.set(ruleset, (linked = new LinkedRuleset(ruleset)));
  return linked;
}

/** matches on the IP header and the interfaces */
const HEADER = SOURCE | DESTINATION | PROTOCOL | IN_INTERFACE | OUT_INTERFACE;

const linkedRules = new WeakMap<Rule, LinkedRule>();
const linkedChains = new WeakMap<Chain, LinkedChain>();

export function linkChain(chain: Chain): LinkedChain {
  let linked = linkedChains.get(chain);
  if (linked === undefined) linkedChains.set(chain, (linked = new LinkedChain(chain)));
  return linked;
}

/** The linked form of a rule. */
export function linkRule(rule: Rule): LinkedRule {
  const known = linkedRules.get(rule);
  if (known !== undefined) return known;
  const linked = new LinkedRule(rule);
  linkedRules.set(rule, linked);
  let last = linked;
  // As the kernel: what the IP header says comes first, wherever it is written, then the extensions in their order.
  for (const match of rule.matches) if ((bitOf(match) & HEADER) !== 0) last = addMatch(last, match);
  for (const match of rule.matches) if ((bitOf(match) & HEADER) === 0) last = addMatch(last, match);
  linkTarget(linked, rule.target);
  return linked;
}

/** Adds a match to the rule's last part, or to a new part where it must not be looked at sooner. Returns the last part. */
function addMatch(last: LinkedRule, match: Match): LinkedRule {
  const bit = bitOf(match);
  const isInverted = 'inverted' in match && match.inverted;
  if (bit === 0 || (bit === PROTOCOL && !isInverted && isProtocol(last, match))) return last;
  const part = (last.checks & (bit | EFFECTS)) === 0 ? last : new LinkedRule(last.rule);
  if (part !== last) last.more = part;
  part.checks |= bit;
  if (isInverted) part.inverted |= bit;
  setCondition(part, match);
  return part;
}

/** `-p tcp -m tcp` asks the same twice. */
function isProtocol({ checks, inverted, protocol }: LinkedRule, match: Match): boolean {
  return (checks & PROTOCOL) !== 0 && (inverted & PROTOCOL) === 0 && 'protocol' in match && match.protocol === protocol;
}

function bitOf(match: Match): number {
  switch (match.match) {
    case 'source':
      return SOURCE;
    case 'destination':
      return DESTINATION;
    case 'protocol':
      return PROTOCOL;
    case 'ports':
      // Without ports it asks for the protocol only.
      return match.source === undefined && match.destination === undefined ? PROTOCOL : PORTS;
    case 'conntrack':
      return STATES;
    case 'mark':
      return MARK;
    case 'address-type':
      return match.side === 'source' ? SOURCE_TYPE : DESTINATION_TYPE;
    case 'in-interface':
      return IN_INTERFACE;
    case 'out-interface':
      return OUT_INTERFACE;
    case 'statistic':
      return STATISTIC;
    case 'recent':
      return RECENT;
    // These always match.
    case 'comment':
    case 'nfacct':
      return 0;
    case 'set':
    case 'ipvs':
    case 'physdev':
      return ASKED;
    default:
      return match satisfies never;
  }
}

function setCondition(part: LinkedRule, match: Match): void {
  switch (match.match) {
    case 'source':
    case 'destination':
      part.addresses ??= new AddressConditions();
      setAddress(part.addresses, match.match, match.cidr);
      break;
    case 'protocol':
      part.protocol = match.protocol;
      break;
    case 'ports':
      part.protocol = match.protocol;
      if (match.source !== undefined || match.destination !== undefined) part.ports = portConditions(match);
      break;
    case 'statistic':
      part.threshold = Math.round(match.probability * 2 ** 31);
      break;
    case 'comment':
    case 'nfacct':
      break;
    default:
      part.other ??= new OtherConditions();
      setOther(part.other, match);
  }
}

function setAddress(conditions: AddressConditions, side: 'source' | 'destination', cidr: Cidr): void {
  const network = numberOfAddress(cidr.network);
  const prefix = cidr.family === 6 ? { words: wordsOfIpv6(network), length: cidr.prefixLength } : undefined;
  if (side === 'source') {
    conditions.sourceNetwork = network;
    conditions.sourceMask = cidr.mask | 0;
    conditions.sourcePrefix = prefix;
  } else {
    conditions.destinationNetwork = network;
    conditions.destinationMask = cidr.mask | 0;
    conditions.destinationPrefix = prefix;
  }
}

function portConditions(match: Extract<Match, { match: 'ports' }>): PortConditions {
  const conditions = new PortConditions();
  conditions.protocol = match.protocol;
  [conditions.sourceFrom, conditions.sourceTo] = match.source ?? [0, 65535];
  [conditions.destinationFrom, conditions.destinationTo] = match.destination ?? [0, 65535];
  conditions.sourceInverted = match.sourceInverted ?? false;
  conditions.destinationInverted = match.destinationInverted ?? false;
  return conditions;
}

type OtherMatch = Exclude<
  Match,
  { match: 'source' | 'destination' | 'protocol' | 'ports' | 'statistic' | 'comment' | 'nfacct' }
>;

function setOther(conditions: OtherConditions, match: OtherMatch): void {
  switch (match.match) {
    case 'conntrack':
      conditions.states = match.states;
      break;
    case 'mark':
      conditions.mark = match.value | 0;
      conditions.markMask = match.mask | 0;
      break;
    case 'address-type':
      conditions[match.side === 'source' ? 'sourceType' : 'destinationType'] = match.type;
      break;
    case 'in-interface':
      conditions.inInterface = match.name;
      break;
    case 'out-interface':
      conditions.outInterface = match.name;
      break;
    case 'recent':
      conditions.recent = match;
      break;
    case 'set':
    case 'ipvs':
    case 'physdev':
      conditions.asked = questionOf(match);
      break;
    default:
      match satisfies never;
  }
}

const ACTIONS: Readonly<Record<Target['target'], number>> = {
  none: ACT_NONE,
  ACCEPT: ACT_ACCEPT,
  DROP: ACT_DROP,
  RETURN: ACT_RETURN,
  jump: ACT_JUMP,
  REJECT: ACT_REJECT,
  MARK: ACT_MARK,
  DNAT: ACT_DNAT,
  SNAT: ACT_SNAT,
  MASQUERADE: ACT_MASQUERADE,
};

function linkTarget(linked: LinkedRule, target: Target): void {
  linked.action = ACTIONS[target.target];
  if (target.target === 'jump') linked.chain = linkChain(target.chain);
}
