/** Compares JSON values exactly and names the first place where they differ. */
import type { Difference } from './suite.ts';

const IDENTIFIER = /^[A-Za-z_$][\w$-]*$/;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function within(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!IDENTIFIER.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** The order of an object's members does not matter, that of a list's items does. An absent member equals undefined only. */
export function firstDifference(expected: unknown, got: unknown, path = ''): Difference | undefined {
  if (Array.isArray(expected) && Array.isArray(got)) {
    for (let i = 0; i < Math.max(expected.length, got.length); i++) {
      const difference = firstDifference(expected[i], got[i], within(path, i));
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (isObject(expected) && isObject(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      const difference = firstDifference(expected[key], got[key], within(path, key));
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return Object.is(expected, got) ? undefined : { path, expected, got };
}
