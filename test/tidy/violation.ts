import type { SourceFile } from './source-tree.ts';

/** A rule's objection. Printed as `file:line rule: what to do`. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly advice: string;
}

/** Looks at all files at once: some rules speak of medians, or of files that are not there. */
export type Rule = (files: readonly SourceFile[]) => readonly Violation[];

export function textOf(violation: Violation): string {
  return `${violation.path}:${violation.line} ${violation.rule}: ${violation.advice}`;
}

/** The middle of sorted numbers, the upper one of two; 0 for none. */
export function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
