/**
 * Compiles iptables chains. What follows a jump is put in its place, as long as that stays small: a packet then meets its
 * Service's chains in one piece, without the tests that its destination has answered already.
 */
import { type Chain, type ChainIndex, numberOfAddress, type Rule, readRules } from '../../dataplane/index.ts';
import type { Flight } from '../flight.ts';
import { applyMasquerade, applySnat, SAME_PORT } from '../nat.ts';
import type { RuleNote } from '../recorder.ts';
import { ACCEPT, DROP, REJECT } from '../stops.ts';
import type { Assembler, Label } from './assembler.ts';
import type { Code, Routine } from './code.ts';
import { type Destinations, Dispatch } from './dispatch.ts';
import { choiceAt, type Endpoint } from './endpoint-choice.ts';
import { CHOOSE, DNAT, END, LEAVE, MARK, NOWHERE } from './instructions.ts';
import { testsOf } from './iptables-tests.ts';
import { type Known, type KnownBy, knownOf, NOTHING_KNOWN } from './known.ts';
import { indexOf } from './rule-index.ts';

/** Chains that are jumped to are put in place down to here, and while the code is no longer than this. */
const INLINE_DEPTH_MAX = 6;
const INLINE_WORDS_MAX = 4096;

/** The routine of a chain, where nothing is known of the packet. */
export function chainRoutine(code: Code, chain: Chain): Routine {
  const name = () => chain.name;
  return code.routine(chain, NOTHING_KNOWN, name, (assembler, known) => {
    const end = assembler.label();
    new RuleAssembly(assembler, known, 0).chain(chain, end);
    assembler.place(end);
    assembler.write(END);
  });
}

/** Rules out of `chain` for packets of which this is known; where one returns, the chain is left. */
function candidatesRoutine(code: Code, chain: Chain, rules: readonly Rule[], known: Known): Routine {
  const name = () => chain.name;
  return code.routine(rules, known, name, (assembler, isKnown) => {
    const leave = assembler.label();
    new RuleAssembly(assembler, isKnown, 0).rules(chain, rules, leave);
    assembler.write(END);
    assembler.place(leave);
    assembler.write(LEAVE);
  });
}

/** A rule by its place: the rules of many chains would fill memory, and few of them are ever printed. */
class RuleAt {
  readonly chain: Chain;
  readonly #place: number;

  constructor(chain: Chain, place: number) {
    this.chain = chain;
    this.#place = place;
  }

  get rule(): Rule {
    return readRules(this.chain)[this.#place]!;
  }
}

class RuleAssembly {
  readonly #assembler: Assembler;
  readonly #known: Known;
  readonly #depth: number;

  constructor(assembler: Assembler, known: Known, depth: number) {
    this.#assembler = assembler;
    this.#known = known;
    this.#depth = depth;
  }

  /** `end`: where a rule that returns goes */
  chain(chain: Chain, end: Label): void {
    const rules = chain.index === undefined ? readRules(chain) : [];
    const index = indexOf(chain, rules);
    if (index === undefined) {
      this.rules(chain, rules, end, true);
      return;
    }
    const rest = this.#assembler.label();
    this.#assembler.dispatch(dispatchOf(this.#assembler.code, chain, index), rest, end);
    this.#assembler.place(rest);
    this.rules(chain, index.rest, end);
  }

  /** `areAll`: the rules are all that the chain has */
  rules(chain: Chain, rules: readonly Rule[], end: Label, areAll = false): void {
    for (let place = 0; place < rules.length; ) {
      // Where a walk is recorded, each rule that matches is named: they stay apart.
      const endpoints = this.#assembler.code.noted ? [] : choiceAt(rules, place, this.#known);
      if (endpoints.length > 0) this.#choice(endpoints);
      else this.#rule(chain, rules[place]!, end, areAll ? new RuleAt(chain, place) : undefined);
      place += endpoints.length || 1;
    }
  }

  #choice(endpoints: readonly Endpoint[]): void {
    const { mask, value } = endpoints[0]!.mark;
    this.#assembler.write(CHOOSE, endpoints.length, mask, value);
    for (const { threshold, source, address, port } of endpoints)
      this.#assembler.write(threshold, source, address, port);
  }

  #rule(chain: Chain, rule: Rule, end: Label, note: RuleNote = { chain, rule }): void {
    const next = this.#assembler.label();
    if (this.#assembler.tests(testsOf(rule, this.#known), next)) {
      this.#assembler.note(note);
      this.#target(chain, rule, end);
    }
    this.#assembler.place(next);
  }

  #target(chain: Chain, rule: Rule, end: Label): void {
    const { target } = rule;
    const assembler = this.#assembler;
    switch (target.target) {
      case 'none':
        break;
      case 'ACCEPT':
        assembler.accept();
        break;
      case 'RETURN':
        assembler.skip(end);
        break;
      case 'DROP':
      case 'REJECT':
        assembler.stop({ decision: target.target === 'DROP' ? DROP : REJECT, rule, chain });
        break;
      case 'jump':
        this.#jump(target.chain);
        break;
      case 'MARK':
        assembler.write(MARK, target.mask | 0, target.value | 0);
        break;
      case 'DNAT':
        assembler.write(DNAT, numberOfAddress(target.address), target.port ?? SAME_PORT);
        break;
      case 'SNAT':
        assembler.act((flight) => {
          applySnat(flight, target);
          return ACCEPT;
        });
        break;
      case 'MASQUERADE':
        assembler.act((flight) => (applyMasquerade(flight, target) ? ACCEPT : DROP));
        break;
      default:
        target satisfies never;
    }
  }

  #jump(chain: Chain): void {
    const assembler = this.#assembler;
    if (this.#depth >= INLINE_DEPTH_MAX || assembler.length >= INLINE_WORDS_MAX) {
      assembler.call(chainRoutine(assembler.code, chain));
      return;
    }
    const end = assembler.label();
    new RuleAssembly(assembler, this.#known, this.#depth + 1).chain(chain, end);
    assembler.place(end);
  }
}

/** Where packets of a chain with an index are sent. */
function dispatchOf(code: Code, chain: Chain, index: ChainIndex): Dispatch {
  return code.dispatch(index, () => {
    const destinations = new RuleDestinations(code, chain, index);
    const idle = code.idleAddresses(index.idle?.sameIn ?? index);
    return new Dispatch(destinations, idle, code.slots(index.shared ?? index));
  });
}

/** The rules that an index leaves of its chain, compiled for the destination that they were found by. */
class RuleDestinations implements Destinations {
  readonly #code: Code;
  readonly #chain: Chain;
  readonly #index: ChainIndex;

  constructor(code: Code, chain: Chain, index: ChainIndex) {
    this.#code = code;
    this.#chain = chain;
    this.#index = index;
  }

  get by(): KnownBy {
    return this.#index.by;
  }

  isIdleAt(flight: Flight): boolean {
    return this.#index.idle?.isAt(flight.destinationAddress) === true;
  }

  shared(flight: Flight): number | undefined {
    const { shared } = this.#index;
    if (shared === undefined) return this.own(flight);
    const rules = shared.candidates(flight.destinationAddress, flight.destinationPort, flight.protocol);
    return rules && this.#placeOf(rules, flight);
  }

  own(flight: Flight): number {
    const { destinationAddress, destinationPort, protocol } = flight;
    return this.#placeOf(this.#index.candidates(destinationAddress, destinationPort, protocol), flight);
  }

  #placeOf(rules: readonly Rule[], flight: Flight): number {
    if (rules.length === 0) return NOWHERE;
    return candidatesRoutine(this.#code, this.#chain, rules, knownOf(flight, this.by)).place;
  }
}
