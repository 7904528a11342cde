/** How one replayed case ends. */
import { firstDifference } from '../../difference.ts';
import type { Difference } from '../../suite.ts';

export type Outcome =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly difference: Difference }
  | { readonly outcome: 'skipped'; readonly reason: string };

export function failed(path: string, expected: unknown, got: unknown): Outcome {
  return { outcome: 'failed', difference: { path, expected, got } };
}

/** Passed where both are equal. */
export function compared(expected: unknown, got: unknown, path: string): Outcome {
  const difference = firstDifference(expected, got, path);
  return difference === undefined ? { outcome: 'passed' } : { outcome: 'failed', difference };
}

/** Compares only what the recording names; a name that is not known here comes out absent, which is a failure. */
export function namedCompared(
  expected: Readonly<Record<string, unknown>>,
  got: Readonly<Record<string, unknown>>,
  path: string,
): Outcome {
  return compared(expected, Object.fromEntries(Object.keys(expected).map((name) => [name, got[name]])), path);
}
