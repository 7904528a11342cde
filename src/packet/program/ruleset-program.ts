/** A ruleset as code: what is run at each of the walk's stops. */
import { type Chain, DESTINATION_NAT_DONE, type Ruleset, SOURCE_NAT_DONE } from '../../dataplane/index.ts';
import type { HookName, TableName } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { HookChains } from '../nftables/hook-chains.ts';
import { runHookChains } from '../nftables/run.ts';
import type { Recorder } from '../recorder.ts';
import { ACCEPT, CONTINUE, DROP, HOOKS, INPUT, NAT, POSTROUTING, REJECT, TABLES } from '../stops.ts';
import { type Codes, codesOf, type Routine } from './code.ts';
import { chainRoutine } from './iptables-assembly.ts';
import { run } from './run.ts';

/** A host's rules as a walk meets them. */
export interface HostRules {
  /** whether connections are translated at all: the kernel's NAT sleeps until a nat table is loaded */
  readonly translates: boolean;
  /** Runs a table at a hook. DROP or REJECT end the packet's way; the rule to blame is left in the flight. */
  run(flight: Flight, hook: number, table: number): number;
}

class RulesetProgram implements HostRules {
  readonly translates: boolean;
  /** base chains at hook * 4 + table; those that can do nothing to a packet are left out */
  readonly #chains: readonly (BaseChain | undefined)[];
  readonly #nftables: HookChains | undefined;

  constructor(ruleset: Ruleset) {
    const codes = codesOf(ruleset.kin ?? ruleset);
    this.#nftables = ruleset.nftables === undefined ? undefined : new HookChains(ruleset.nftables);
    this.translates = this.#nftables?.translates === true || ruleset.table('nat') !== undefined;
    this.#chains = HOOKS.flatMap((hook) => TABLES.map((table) => baseChain(ruleset, table, hook, codes)));
  }

  run(flight: Flight, hook: number, table: number): number {
    const chain = this.#chains[hook * TABLES.length + table];
    if (this.#nftables !== undefined) {
      const decision = runHookChains(flight, this.#nftables, hook, table);
      if (decision === DROP || decision === REJECT || chain === undefined || isTranslated(flight, hook, table))
        return decision;
    }
    return chain === undefined ? ACCEPT : chain.run(flight, HOOKS[hook]!);
  }
}

/** NAT of a connection's side is decided once: a later chain of the hook is not asked (nf_nat_core.c, nf_nat_inet_fn). */
function isTranslated({ connection }: Flight, hook: number, table: number): boolean {
  if (table !== NAT || connection === undefined) return false;
  const done = hook === POSTROUTING || hook === INPUT ? SOURCE_NAT_DONE : DESTINATION_NAT_DONE;
  return (connection.status & done) !== 0;
}

function baseChain(ruleset: Ruleset, table: TableName, hook: HookName, codes: Codes): BaseChain | undefined {
  const chain = ruleset.table(table)?.chain(hook);
  if (chain === undefined) return undefined;
  const isIdle = chain.policy !== 'DROP' && chain.index === undefined && chain.rules.length === 0;
  return isIdle ? undefined : new BaseChain(table, chain, codes);
}

class BaseChain {
  readonly #table: TableName;
  readonly #chain: Chain;
  readonly #codes: Codes;
  #plain: Routine | undefined = undefined;

  constructor(table: TableName, chain: Chain, codes: Codes) {
    this.#table = table;
    this.#chain = chain;
    this.#codes = codes;
  }

  run(flight: Flight, hook: HookName): number {
    if (flight.recorder !== undefined) return this.#runNoted(flight, flight.recorder, hook);
    this.#plain ??= chainRoutine(this.#codes.plain, this.#chain);
    return this.#end(flight, run(flight, this.#codes.plain, this.#plain.place, 0));
  }

  #runNoted(flight: Flight, recorder: Recorder, hook: HookName): number {
    const { noted } = this.#codes;
    flight.tableName = this.#table;
    recorder.hook(flight.host, flight.packet(), hook, this.#table);
    const decision = run(flight, noted, chainRoutine(noted, this.#chain).place, 0);
    if (decision === CONTINUE) recorder.policy(flight.host, flight.packet(), this.#table, this.#chain);
    return this.#end(flight, decision);
  }

  #end(flight: Flight, decision: number): number {
    if (decision !== CONTINUE) return decision;
    if (this.#chain.policy !== 'DROP') return ACCEPT;
    flight.blamedChain = this.#chain.name;
    return DROP;
  }
}

const programs = new WeakMap<Ruleset, HostRules>();

/** A ruleset's rules for walks: compiled bit by bit, as packets meet them. */
export function rulesOf(ruleset: Ruleset): HostRules {
  let rules = programs.get(ruleset);
  if (rules === undefined) programs.set(ruleset, (rules = new RulesetProgram(ruleset)));
  return rules;
}

/** Has a ruleset walked by other means: for tests that hold the code against what it stands for. */
export function walkBy(ruleset: Ruleset, rules: HostRules): void {
  programs.set(ruleset, rules);
}
