/** A ruleset as code: what is run at each of the walk's stops. */
import { DESTINATION_NAT_DONE, type Ruleset, SOURCE_NAT_DONE } from '../../dataplane/index.ts';
import type { HookName, TableName } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { HookChains } from '../nftables/hook-chains.ts';
import type { Recorder } from '../recorder.ts';
import { ACCEPT, CONTINUE, DROP, HOOKS, hookAt, INPUT_NAT, POSTROUTING_NAT, TABLES, tableAt } from '../stops.ts';
import { type Code, type Codes, codesOf, type Routine } from './code.ts';
import { chainRoutine } from './iptables-assembly.ts';
import { nftChainRoutine } from './nft-assembly.ts';
import { run } from './run.ts';

/** A host's rules as a walk meets them. */
export interface HostRules {
  /** whether connections are translated at all: the kernel's NAT sleeps until a nat table is loaded */
  readonly translates: boolean;
  /** the stops where there is anything to run, as bits: hook * 4 + table. Nowhere else need `run` be called */
  readonly stops: number;
  /** Runs what is at a stop. DROP or REJECT end the packet's way; the rule to blame is left in the flight. */
  run(flight: Flight, stop: number): number;
}

class RulesetProgram implements HostRules {
  readonly translates: boolean;
  readonly stops: number;
  /** base chains at hook * 4 + table; iptables' that can do nothing to a packet are left out */
  readonly #iptables: readonly (BaseChain | undefined)[];
  /** nft's in their order; undefined where the rules are not nft's */
  readonly #nftables: readonly (readonly BaseChain[])[] | undefined;

  constructor(ruleset: Ruleset) {
    const codes = codesOf(ruleset.kin ?? ruleset);
    const hooks = ruleset.nftables && new HookChains(ruleset.nftables);
    this.translates = hooks?.translates === true || ruleset.table('nat') !== undefined;
    this.#iptables = HOOKS.flatMap((hook) => TABLES.map((table) => iptablesChain(ruleset, table, hook, codes)));
    this.#nftables = hooks?.chains.map((chains, stop) =>
      chains.map(({ chain }) => {
        const policy = chain.hook!.policy === 'drop' ? 'DROP' : 'ACCEPT';
        const end = { name: chain.name, policy } as const;
        return new BaseChain(TABLES[stop % TABLES.length]!, end, codes, (code) => nftChainRoutine(code, chain));
      }),
    );
    this.stops = this.#iptables.reduce(
      (bits, chain, stop) => (this.#isIdleAt(chain, stop) ? bits : bits | (1 << stop)),
      0,
    );
  }

  #isIdleAt(chain: BaseChain | undefined, stop: number): boolean {
    return chain === undefined && (this.#nftables === undefined || this.#nftables[stop]!.length === 0);
  }

  run(flight: Flight, stop: number): number {
    const chain = this.#iptables[stop];
    if (this.#nftables !== undefined) {
      const chains = this.#nftables[stop]!;
      for (let i = 0; i < chains.length; i++) {
        // Accepted by one base chain, a packet still meets the next.
        const decision = chains[i]!.run(flight, stop);
        if (decision !== ACCEPT) return decision;
      }
      if (chain === undefined || isTranslated(flight, stop)) return ACCEPT;
    }
    return chain === undefined ? ACCEPT : chain.run(flight, stop);
  }
}

/** NAT of a connection's side is decided once: a later chain of the hook is not asked (nf_nat_core.c, nf_nat_inet_fn). */
function isTranslated({ connection }: Flight, stop: number): boolean {
  if (tableAt(stop) !== 'nat' || connection === undefined) return false;
  const done = stop === POSTROUTING_NAT || stop === INPUT_NAT ? SOURCE_NAT_DONE : DESTINATION_NAT_DONE;
  return (connection.status & done) !== 0;
}

function iptablesChain(ruleset: Ruleset, table: TableName, hook: HookName, codes: Codes): BaseChain | undefined {
  const chain = ruleset.table(table)?.chain(hook);
  if (chain === undefined) return undefined;
  const isIdle = chain.policy !== 'DROP' && chain.index === undefined && chain.rules.length === 0;
  return isIdle ? undefined : new BaseChain(table, chain, codes, (code) => chainRoutine(code, chain));
}

/** What happens at a base chain's end. */
interface ChainEnd {
  readonly name: string;
  readonly policy?: 'ACCEPT' | 'DROP';
}

class BaseChain {
  readonly #table: TableName;
  readonly #end: ChainEnd;
  /** what becomes of a packet at its end */
  readonly #policy: number;
  readonly #codes: Codes;
  readonly #plain: Code;
  readonly #routineIn: (code: Code) => Routine;
  /** where its code begins; -1 before the first packet */
  #plainPlace = -1;
  #notedPlace = -1;

  constructor(table: TableName, end: ChainEnd, codes: Codes, routineIn: (code: Code) => Routine) {
    this.#table = table;
    this.#end = end;
    this.#policy = end.policy === 'DROP' ? DROP : ACCEPT;
    this.#codes = codes;
    this.#plain = codes.plain;
    this.#routineIn = routineIn;
  }

  run(flight: Flight, stop: number): number {
    if (flight.recorder !== undefined) return this.#runNoted(flight, flight.recorder, hookAt(stop));
    if (this.#plainPlace < 0) this.#plainPlace = this.#routineIn(this.#plain).place;
    return this.#decide(flight, run(flight, this.#plain, this.#plainPlace, 0));
  }

  #runNoted(flight: Flight, recorder: Recorder, hook: HookName): number {
    const { noted } = this.#codes;
    if (this.#notedPlace < 0) this.#notedPlace = this.#routineIn(noted).place;
    flight.tableName = this.#table;
    recorder.hook(flight.host, flight.packet(), hook, this.#table);
    const decision = run(flight, noted, this.#notedPlace, 0);
    if (decision === CONTINUE) recorder.policy(flight.host, flight.packet(), this.#table, this.#end);
    return this.#decide(flight, decision);
  }

  #decide(flight: Flight, decision: number): number {
    if (decision !== CONTINUE) return decision;
    if (this.#policy === DROP) flight.blamedChain = this.#end.name;
    return this.#policy;
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
