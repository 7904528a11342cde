/** Rules on how long files and functions are. */
import { functionsOf } from '../functions.ts';
import { isCode, isProduction } from '../rooms.ts';
import type { SourceFile } from '../source-tree.ts';
import { medianOf, type Rule, type Violation } from '../violation.ts';

export const FILE_LINES_MAX = 400;
export const FILE_LINES_MEDIAN_MAX = 120;
export const FUNCTION_LINES_MAX = 70;
export const FUNCTION_LINES_MEDIAN_MAX = 10;

const linesOf = (file: SourceFile) => file.text.replace(/\n$/, '').split('\n').length;

export const fileLength: Rule = (files) =>
  files
    .filter((file) => isCode(file.path) && linesOf(file) > FILE_LINES_MAX)
    .map((file) => ({
      path: file.path,
      line: FILE_LINES_MAX + 1,
      rule: 'file-length',
      advice: `${linesOf(file)} lines, at most ${FILE_LINES_MAX}; give each subject a file of its own`,
    }));

/** `describe` is the table of contents of a test file, not a function to be read at once. */
export const functionLength: Rule = (files) =>
  files
    .filter((file) => isCode(file.path))
    .flatMap((file) =>
      functionsOf(file.tokens)
        .filter((each) => each.lineCount > FUNCTION_LINES_MAX && each.argumentOf !== 'describe')
        .map(({ name, line, lineCount }) => ({
          path: file.path,
          line,
          rule: 'function-length',
          advice: `${name} has ${lineCount} lines, at most ${FUNCTION_LINES_MAX}; name its parts and move them out`,
        })),
    );

/** The medians of what ships: a few long files are fine as long as most are short. */
export const medians: Rule = (files) => {
  const production = files.filter((file) => isProduction(file.path));
  const functions = production.flatMap((file) => functionsOf(file.tokens).filter((each) => each.block));
  return [
    ...medianAbove('a file', production.map(linesOf), FILE_LINES_MEDIAN_MAX),
    ...medianAbove(
      'a function',
      functions.map((each) => each.lineCount),
      FUNCTION_LINES_MEDIAN_MAX,
    ),
  ];
};

function medianAbove(subject: string, lengths: readonly number[], max: number): readonly Violation[] {
  const median = medianOf(lengths);
  if (median <= max) return [];
  const advice = `the median length of ${subject} is ${median} lines, at most ${max}; split the longest`;
  return [{ path: 'src', line: 1, rule: 'medians', advice }];
}
