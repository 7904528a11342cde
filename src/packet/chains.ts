/** A table's walk at a hook: chain by chain, rule by rule, until a target decides. */
import { DESTINATION_NAT_DONE, numberOfAddress, SOURCE_NAT_DONE } from '../dataplane/index.ts';
import type { TableName } from '../model/index.ts';
import { ALWAYS, type Choice } from './choice.ts';
import type { Flight } from './flight.ts';
import { HOOKS, type LinkedChain, linkRule, TABLES } from './link.ts';
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
  type LinkedRule,
} from './linked-rule.ts';
import { matches } from './matching.ts';
import { applyDnat, applyMasquerade, applySnat } from './nat.ts';
import { runHookChains } from './nftables/run.ts';
import { END_WORDS, HEAD_WORDS, MARK_WORDS, shortcutStore } from './shortcut-store.ts';
import { ACCEPT, CONTINUE, DROP, REJECT } from './stops.ts';

export { ACCEPT, CONTINUE, DROP, REJECT };

/** within a chain only: back to the one that jumped here */
const RETURN = 4;

export const RAW = 0;
export const MANGLE = 1;
export const NAT = 2;
export const FILTER = 3;

export const PREROUTING = 0;
export const INPUT = 1;
export const FORWARD = 2;
export const OUTPUT = 3;
export const POSTROUTING = 4;

/** The kernel refuses rulesets with loops; a chain of jumps deeper than this is one. */
const JUMP_DEPTH_MAX = 512;

/** Walks a table at a hook. DROP or REJECT end the packet's way; the rule to blame is left in the flight. */
export function runTable(flight: Flight, hook: number, table: number): number {
  const rules = flight.rules!;
  const chain = rules.chains[hook * 4 + table];
  if (rules.nftables !== undefined) {
    const decision = runHookChains(flight, rules.nftables, hook, table);
    if (decision === DROP || decision === REJECT || chain === undefined || isTranslated(flight, hook, table))
      return decision;
  }
  if (chain === undefined) return ACCEPT;
  const { recorder } = flight;
  const name = TABLES[table]!;
  recorder?.hook(flight.host, flight.packet(), HOOKS[hook]!, name);
  const decision = runChain(flight, chain, name, 0);
  if (decision !== CONTINUE) return decision;
  recorder?.policy(flight.host, flight.packet(), name, chain);
  if (chain.policy !== 'DROP') return ACCEPT;
  flight.blamedChain = chain.chain.name;
  return DROP;
}

/** NAT of a connection's side is decided once: a later chain of the hook is not asked (nf_nat_core.c, nf_nat_inet_fn). */
function isTranslated({ connection }: Flight, hook: number, table: number): boolean {
  if (table !== NAT || connection === undefined) return false;
  const done = hook === POSTROUTING || hook === INPUT ? SOURCE_NAT_DONE : DESTINATION_NAT_DONE;
  return (connection.status & done) !== 0;
}

function runChain(flight: Flight, chain: LinkedChain, table: TableName, depth: number): number {
  if (depth > JUMP_DEPTH_MAX) throw new Error(`chains jump in a circle: ${chain.chain.name}`);
  if (chain.indexed) return runCandidates(flight, chain, table, depth);
  const rules = chain.rulesFor(flight.destination, flight.destinationPort);
  for (let i = 0; i < rules.length; i++) {
    const decision = runRule(flight, chain, rules[i]!, table, depth);
    if (decision !== CONTINUE) return decision === RETURN ? CONTINUE : decision;
  }
  return CONTINUE;
}

/** As runChain, over the rules that the chain's own index leaves. */
function runCandidates(flight: Flight, chain: LinkedChain, table: TableName, depth: number): number {
  const { destination, destinationPort, protocol } = flight;
  let decided = 0;
  if (flight.recorder === undefined) {
    const place = chain.shortcuts.find(destination, (destinationPort << 8) | protocol);
    if (place >= 0) {
      const decision = takeShortcut(flight, place, table, depth);
      if (decision !== CONTINUE) return decision;
      // The shortcut was the first rule.
      decided = 1;
    }
  }
  const rules = chain.chain.candidates!(flight.destinationAddress, destinationPort, protocol);
  if (decided === 0 && rules.length > 0) chain.seek(linkRule(rules[0]!), destination, destinationPort, protocol);
  for (let i = decided; i < rules.length; i++) {
    const decision = runRule(flight, chain, linkRule(rules[i]!), table, depth);
    if (decision !== CONTINUE) return decision === RETURN ? CONTINUE : decision;
  }
  return CONTINUE;
}

/** What the first rule and the chains behind it do to a packet. */
function takeShortcut(flight: Flight, place: number, table: TableName, depth: number): number {
  // Taken now: what happens further on may begin the store anew.
  const { words, choices } = shortcutStore;
  const { chance, source } = flight;
  const thresholds = place + HEAD_WORDS + words[place + 1]! * MARK_WORDS;
  const count = words[place + 2]!;
  for (let at = place + HEAD_WORDS; at < thresholds; at += MARK_WORDS) {
    const inside = (source & words[at + 1]!) === words[at]!;
    if (inside !== (words[at + 2] !== 0)) flight.mark = (flight.mark & ~words[at + 3]!) ^ words[at + 4]!;
  }
  for (let i = 0; i < count; i++) {
    const threshold = words[thresholds + i]!;
    if (threshold !== ALWAYS && !chance.happens(threshold)) continue;
    const end = thresholds + count + i * END_WORDS;
    const portAndProtocol = words[end + 2]!;
    if (portAndProtocol >= 0 && (portAndProtocol & 0xff) === flight.protocol && words[end] !== source) {
      applyDnat(flight, words[end + 1]!, portAndProtocol >>> 8);
      return ACCEPT;
    }
    // The endpoint itself asks, or its chain is of another shape.
    const decision = runChain(flight, choices[words[place]!]!.rules[i]!.chain!, table, depth + 2);
    if (decision !== CONTINUE) return decision;
  }
  return CONTINUE;
}

function runRule(flight: Flight, chain: LinkedChain, rule: LinkedRule, table: TableName, depth: number): number {
  if (rule.checks !== 0 && !matches(rule, flight)) return CONTINUE;
  if (rule.action === ACT_CHOOSE) return choose(flight, chain, rule.choice!, table, depth);
  if (flight.recorder !== undefined) flight.recorder.rule(flight.host, flight.packet(), table, chain, rule);
  return rule.action === ACT_JUMP ? runChain(flight, rule.chain!, table, depth + 1) : act(flight, chain, rule);
}

function choose(flight: Flight, chain: LinkedChain, choice: Choice, table: TableName, depth: number): number {
  const { chance, recorder } = flight;
  for (let i = 0; i < choice.rules.length; i++) {
    const threshold = choice.threshold(i);
    if (threshold !== ALWAYS && !chance.happens(threshold)) continue;
    if (recorder === undefined && choice.leadsOn(i, flight.source, flight.protocol)) {
      applyDnat(flight, choice.address(i), choice.port(i));
      return ACCEPT;
    }
    const rule = choice.rules[i]!;
    if (recorder !== undefined) recorder.rule(flight.host, flight.packet(), table, chain, rule);
    const decision = runChain(flight, rule.chain!, table, depth + 1);
    if (decision !== CONTINUE) return decision;
  }
  return CONTINUE;
}

function act(flight: Flight, chain: LinkedChain, rule: LinkedRule): number {
  const { target } = rule.rule;
  switch (rule.action) {
    case ACT_NONE:
      return CONTINUE;
    case ACT_MARK:
      if (target.target === 'MARK') flight.mark = (flight.mark & ~target.mask) ^ target.value;
      return CONTINUE;
    case ACT_RETURN:
      return RETURN;
    case ACT_ACCEPT:
      return ACCEPT;
    case ACT_DROP:
    case ACT_REJECT:
      flight.blamed = rule.rule;
      flight.blamedChain = chain.chain.name;
      return rule.action === ACT_DROP ? DROP : REJECT;
    case ACT_DNAT:
      if (target.target === 'DNAT') applyDnat(flight, numberOfAddress(target.address), target.port);
      return ACCEPT;
    case ACT_SNAT:
      if (target.target === 'SNAT') applySnat(flight, target);
      return ACCEPT;
    case ACT_MASQUERADE:
      if (target.target === 'MASQUERADE') return applyMasquerade(flight, target) ? ACCEPT : DROP;
      return ACCEPT;
    default:
      throw new Error(`unknown action ${rule.action}`);
  }
}
