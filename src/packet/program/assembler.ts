/** Writes instructions, with labels for places that are not known yet. */
import type { RuleNote } from '../recorder.ts';
import type { Act, Blame, Code, Question, Routine, Thing } from './code.ts';
import type { Dispatch } from './dispatch.ts';
import { ACCEPTED, ACT, ASK, CALL, DISPATCH, INVERTED, NOTE, SKIP, STOP } from './instructions.ts';

/** What was written; `references`: at which words the numbers of things are to be put. */
export interface Assembled {
  readonly words: readonly number[];
  readonly references: readonly { readonly at: number; readonly thing: Thing }[];
}

interface TestBase {
  readonly inverted: boolean;
  /** whether it asks the dice or remembers something: then it is asked even where the rule cannot match */
  readonly hasEffect?: boolean;
}

/** One question to a packet: an operation with its operands, or a function where there is none for it. */
export type Test =
  | (TestBase & { readonly operation: number; readonly a: number; readonly b: number })
  | (TestBase & { readonly ask: Question });

/** A test, or its answer where that is known. */
export type Answered = Test | boolean;

/** A place in the code that skips lead to. */
export class Label {
  place = -1;
  /** where skips to it stand, and from where each counts */
  readonly skips: { readonly at: number; readonly from: number }[] = [];
}

export class Assembler {
  readonly code: Code;
  readonly #words: number[] = [];
  readonly #references: { readonly at: number; readonly thing: Thing }[] = [];
  readonly #labels: Label[] = [];

  constructor(code: Code) {
    this.code = code;
  }

  /** words written so far */
  get length(): number {
    return this.#words.length;
  }

  /** The label of what is written next, or, not placed yet, of what comes later. */
  label(): Label {
    const label = new Label();
    this.#labels.push(label);
    return label;
  }

  place(label: Label): void {
    label.place = this.length;
  }

  test(test: Test, otherwise: Label): void {
    const inverted = test.inverted ? INVERTED : 0;
    const from = this.length;
    if ('ask' in test) {
      this.write(ASK | inverted, 0, 0, 0);
      this.#refer(from + 2, test.ask);
    } else this.write(test.operation | inverted, 0, test.a, test.b);
    otherwise.skips.push({ at: from + 1, from });
  }

  /** Tests that all must hold. False where one cannot: then nothing that follows them is reached. */
  tests(answers: readonly Answered[], otherwise: Label): boolean {
    const impossible = answers.indexOf(false);
    const asked = impossible < 0 ? answers : answers.slice(0, impossible);
    // Tests before one that cannot hold matter only where they do something.
    const hasEffect = asked.some((answer) => typeof answer !== 'boolean' && answer.hasEffect);
    if (impossible < 0 || hasEffect)
      for (const answer of asked) if (typeof answer !== 'boolean') this.test(answer, otherwise);
    return impossible < 0;
  }

  skip(to: Label): void {
    to.skips.push({ at: this.length + 1, from: this.length });
    this.write(SKIP, 0);
  }

  note(note: RuleNote): void {
    if (this.code.noted) this.#writeWith(NOTE, note);
  }

  act(act: Act): void {
    this.#writeWith(ACT, act);
  }

  stop(blame: Blame): void {
    this.#writeWith(STOP, blame);
  }

  accept(): void {
    this.write(ACCEPTED);
  }

  call(routine: Routine): void {
    this.#writeWith(CALL, routine);
  }

  dispatch(dispatch: Dispatch, miss: Label, leave: Label): void {
    const from = this.length;
    this.#writeWith(DISPATCH, dispatch);
    miss.skips.push({ at: this.length, from });
    leave.skips.push({ at: this.length + 1, from });
    this.write(0, 0);
  }

  write(...words: readonly number[]): void {
    for (const word of words) this.#words.push(word);
  }

  finish(): Assembled {
    for (const { place, skips } of this.#labels) for (const { at, from } of skips) this.#words[at] = place - from;
    return { words: this.#words, references: this.#references };
  }

  #writeWith(operation: number, thing: Thing): void {
    this.write(operation, 0);
    this.#refer(this.length - 1, thing);
  }

  #refer(at: number, thing: Thing): void {
    this.#references.push({ at, thing });
  }
}
