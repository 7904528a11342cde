/** What a replayer of one file of the azure recordings is given, and what it answers. */
import { firstDifference } from '../../difference.ts';
import type { CaseResult } from '../../suite.ts';
import type { CloudAnswers } from './cloud-answers.ts';

type WithoutName<Result> = Result extends unknown ? Omit<Result, 'case'> : never;
export type Outcome = WithoutName<CaseResult>;

/** `given` and `expect` are JSON as the file's description says: a replayer parses them, and throws where it cannot. */
export interface RecordedCase {
  readonly name: string;
  /** `azure_test.go:TestServiceRespectsNoSessionAffinity` */
  readonly source: string;
  readonly given: unknown;
  readonly expect: unknown;
  readonly answers: CloudAnswers;
}

/** Replays one case through the emulator's own functions. What it throws is a failure of that case alone. */
export type Replay = (recorded: RecordedCase) => Outcome;

/** Passed where both are the same JSON; otherwise the first place where they differ. */
export function compared(expected: unknown, got: unknown): Outcome {
  const difference = firstDifference(expected, got, 'expect');
  return difference === undefined ? { outcome: 'passed' } : { outcome: 'failed', difference };
}
