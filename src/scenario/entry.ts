/** What a transcript is made of: the happenings of a run, and what each step gave. Printers read nothing else. */
import type { Happening, ResolveResult, SendResult, SettleReport } from '../emulator/index.ts';
import type { Moment } from '../model/index.ts';
import type { Problem } from './problem.ts';
import type { Scenario } from './read-scenario.ts';
import type { ResolveStep, SendStep } from './schema.ts';
import type { Step } from './step.ts';

export interface SentSummary {
  readonly request: SendStep;
  /** the first connection, whole; the others are counted */
  readonly first: SendResult;
  readonly count: number;
  /** how many connections ended where (`pod/default/a`, or the outcome of those that were not delivered), by name */
  readonly tally: readonly (readonly [string, number])[];
}

export type Entry =
  | { readonly what: 'scenario'; readonly scenario: Scenario }
  | { readonly what: 'step'; readonly at: Moment; readonly index: number; readonly of: number; readonly step: Step }
  | Happening
  | { readonly what: 'settled' | 'advanced'; readonly at: Moment; readonly report: SettleReport }
  | { readonly what: 'resolved'; readonly at: Moment; readonly request: ResolveStep; readonly result: ResolveResult }
  | { readonly what: 'sent'; readonly at: Moment; readonly sent: SentSummary }
  /** an expectation: `text` says what was expected, and where it was not met, what was found instead */
  | { readonly what: 'expectation'; readonly at: Moment; readonly met: boolean; readonly text: string }
  | { readonly what: 'failure'; readonly at: Moment; readonly problem: Problem }
  | { readonly what: 'end'; readonly at: Moment; readonly failures: number; readonly expectations: number };
