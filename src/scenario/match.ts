/** Partial matches, as Chainsaw's `assert` decides them: what is written must be there, what is not written may be anything. */
import { formatPath, type Path } from './problem.ts';

/** Undefined where `actual` holds all of `expected`; else the first difference, as a sentence. */
export function difference(expected: unknown, actual: unknown, path: Path = []): string | undefined {
  if (Array.isArray(expected)) return differenceOfLists(expected, actual, path);
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return mismatch(expected, actual, path);
    for (const [key, value] of Object.entries(expected)) {
      const found = difference(value, (actual as Record<string, unknown>)[key], [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return expected === actual ? undefined : mismatch(expected, actual, path);
}

function differenceOfLists(expected: readonly unknown[], actual: unknown, path: Path): string | undefined {
  if (!Array.isArray(actual)) return mismatch(expected, actual, path);
  if (expected.length !== actual.length)
    return `${formatPath(path)} has ${actual.length} items, not ${expected.length}`;
  for (const [i, value] of expected.entries()) {
    const found = difference(value, actual[i], [...path, i]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mismatch(expected: unknown, actual: unknown, path: Path): string {
  const found = actual === undefined ? 'absent' : JSON.stringify(actual);
  return `${formatPath(path)} is ${found}, not ${JSON.stringify(expected)}`;
}
