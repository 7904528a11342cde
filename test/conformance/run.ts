/** Replays a folder of recordings through a suite and says how it went, in lines for people and in numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult, Difference, RecordingFile, Suite } from './suite.ts';

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A value longer than this is cut in a report. */
const VALUE_LENGTH_MAX = 400;

/** The names of a folder's recordings, sorted. Throws what `readdirSync` throws. */
export function recordingNames(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort();
}

function valueText(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}...` : text;
}

export function differenceText({ path, expected, got }: Difference): string {
  return `${path}: expected ${valueText(expected)}, got ${valueText(got)}`;
}

function broken(file: string, error: unknown): CaseResult {
  const got = error instanceof Error ? error.message : String(error);
  return { case: file, outcome: 'failed', difference: { path: 'the replay itself', expected: 'no error', got } };
}

/** A file's results. What throws is a failure of the case it happened in, and ends the file. */
function* resultsOf(suite: Suite, directory: string, name: string): Iterable<CaseResult> {
  try {
    const file: RecordingFile = { name, json: JSON.parse(readFileSync(join(directory, name), 'utf8')) };
    let cases = 0;
    for (const result of suite.run(file)) {
      cases++;
      yield result;
    }
    if (cases === 0) throw new Error('the file holds no case');
  } catch (error) {
    yield broken(name, error);
  }
}

/** Prints a line for each failure, each note and each reason to skip, and the sum as the last line. */
export function runSuite(suite: Suite, directory: string, print: (line: string) => void): Summary {
  const summary = { passed: 0, failed: 0, skipped: 0 };
  const notes = new Set<string>();
  const reasons = new Map<string, number>();
  for (const name of recordingNames(directory)) {
    for (const result of resultsOf(suite, directory, name)) {
      for (const note of result.notes ?? []) notes.add(note);
      summary[result.outcome]++;
      if (result.outcome === 'failed') {
        const title = result.case === name ? name : `${name} ${result.case}`;
        print(`${title}: ${differenceText(result.difference)}`);
      }
      if (result.outcome === 'skipped') reasons.set(result.reason, (reasons.get(result.reason) ?? 0) + 1);
    }
  }
  for (const note of notes) print(note);
  for (const [reason, count] of reasons) print(`${count} skipped: ${reason}`);
  print(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
  return summary;
}
