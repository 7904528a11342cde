import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { formatPath, formatProblem, parsePath } from './problem.ts';

test('a path reads back as it was written', () => {
  const part = fc.oneof(fc.nat(), fc.string({ minLength: 1 }), fc.constantFrom('spec', 'pod/a', 'x-y', 'a.b'));
  holds(
    fc.property(fc.array(part, { minLength: 1 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

test.each(['', '.a', 'a..b', 'a.', 'a[', 'a b', 'a[0]b'])('%j is no path', (text) => {
  expect(parsePath(text)).toBeUndefined();
});

test('a problem is told on one line, whatever the value holds', () => {
  const problem = { file: 'a.yaml', position: { line: 3, column: 5 }, path: 'spec.seed', message: '\n is no number' };
  expect(formatProblem(problem)).toBe('a.yaml:3:5 spec.seed: \\n is no number');
});
