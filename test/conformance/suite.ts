/** What a conformance suite is: it takes a recording from a real program and says, case by case, whether we do the same. */

/** One file of a folder of recordings. */
export interface RecordingFile {
  readonly name: string;
  readonly json: unknown;
}

/** The first place where what we did is not what was recorded. Values are JSON; `undefined` means absent. */
export interface Difference {
  /** from the file's top: `observed.EndpointSlice.web-*.ports[0].port` */
  readonly path: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export type CaseResult = {
  readonly case: string;
  /** what was left out of the comparison, said once a run */
  readonly notes?: readonly string[];
} & (
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly difference: Difference }
  /** the program says that it does not do this yet */
  | { readonly outcome: 'skipped'; readonly reason: string }
);

export interface Suite {
  /** as the command names it: `cluster` */
  readonly name: string;
  /** Lazily: a case is replayed when its result is asked for. May throw: the runner makes that a failure. */
  run(file: RecordingFile): Iterable<CaseResult>;
}
