/**
 * Where the compiled chains of rulesets are kept that have most of their chains in common: all in one array, close together, so
 * that a packet finds what it needs in a few cache lines. Walks that are recorded run code of their own, which names each rule
 * that matches; the others' is shorter.
 */
import type { Rule } from '../../dataplane/index.ts';
import type { Flight } from '../flight.ts';
import type { RuleNote } from '../recorder.ts';
import { type Assembled, Assembler } from './assembler.ts';
import type { Dispatch } from './dispatch.ts';
import { IdleAddresses } from './idle-addresses.ts';
import { isSame, type Known, NOTHING_KNOWN } from './known.ts';
import { Slots } from './slots.ts';

/** What a test asks that has no operation of its own. */
export type Question = (flight: Flight) => boolean;

/** What an action does that has no operation of its own; returns one of the decisions of stops.ts. */
export type Act = (flight: Flight) => number;

/** Who ends a packet's way, and how. */
export interface Blame {
  readonly decision: number;
  readonly rule: Rule;
  readonly chain: { readonly name: string };
}

/** What stands beside the words, for them to name by number. */
export type Thing = Question | Act | Blame | RuleNote | Routine | Dispatch;

export class Code {
  /** whether rules that match are noted */
  readonly noted: boolean;
  words = new Int32Array(256);
  readonly things: Thing[] = [];
  readonly #routines = new Map<object, Routine>();
  readonly #dispatches = new Map<object, Dispatch>();
  readonly #slots = new Map<object, Slots>();
  readonly #idle = new Map<object, IdleAddresses>();
  #used = 0;

  constructor(noted: boolean) {
    this.noted = noted;
  }

  /** Keeps what was assembled and returns its place. */
  add({ words, references }: Assembled): number {
    const place = this.#used;
    this.#used += words.length;
    if (this.#used > this.words.length) {
      const grown = new Int32Array(Math.max(this.words.length * 2, this.#used));
      grown.set(this.words);
      this.words = grown;
    }
    this.words.set(words, place);
    for (const { at, thing } of references) this.words[place + at] = this.things.push(thing) - 1;
    return place;
  }

  /**
   * The routine of a chain or of some of its rules, for packets of which this is known: made once, and once more with nothing
   * known where it is asked for with other knowledge. `name` is what a circle of jumps is reported of.
   */
  routine(key: object, known: Known, name: () => string, assemble: Assemble): Routine {
    let routine = this.#routines.get(key);
    if (routine === undefined) this.#routines.set(key, (routine = new Routine(this, known, name, assemble)));
    if (isSame(routine.known, known)) return routine;
    routine.general ??= new Routine(this, NOTHING_KNOWN, name, assemble);
    return routine.general;
  }

  dispatch(key: object, make: () => Dispatch): Dispatch {
    let dispatch = this.#dispatches.get(key);
    if (dispatch === undefined) this.#dispatches.set(key, (dispatch = make()));
    return dispatch;
  }

  /** where dispatches with this key send packets */
  slots(key: object): Slots {
    let slots = this.#slots.get(key);
    if (slots === undefined) this.#slots.set(key, (slots = new Slots()));
    return slots;
  }

  /** where dispatches with this key have nothing */
  idleAddresses(key: object): IdleAddresses {
    let idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, (idle = new IdleAddresses()));
    return idle;
  }
}

type Assemble = (assembler: Assembler, known: Known) => void;

/** A piece of code that is assembled when it is first run. */
export class Routine {
  readonly known: Known;
  readonly name: () => string;
  general: Routine | undefined = undefined;
  readonly #code: Code;
  readonly #assemble: Assemble;
  #place = -1;

  constructor(code: Code, known: Known, name: () => string, assemble: Assemble) {
    this.known = known;
    this.name = name;
    this.#code = code;
    this.#assemble = assemble;
  }

  get place(): number {
    if (this.#place < 0) {
      const assembler = new Assembler(this.#code);
      this.#assemble(assembler, this.known);
      this.#place = this.#code.add(assembler.finish());
    }
    return this.#place;
  }
}

export interface Codes {
  readonly plain: Code;
  readonly noted: Code;
}

const codes = new WeakMap<object, Codes>();

/** The code that all rulesets of this kin share. */
export function codesOf(kin: object): Codes {
  let found = codes.get(kin);
  if (found === undefined) codes.set(kin, (found = { plain: new Code(false), noted: new Code(true) }));
  return found;
}
