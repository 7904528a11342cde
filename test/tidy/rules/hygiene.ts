/** Rules on names, tests, types and what must not be in the repository. */
import { posix } from 'node:path';
import { isCode, isTest } from '../rooms.ts';
import type { SourceFile } from '../source-tree.ts';
import type { Rule, Violation } from '../violation.ts';

const EMPTY_NAMES = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'managers', 'misc']);

/** A file is named after its subject. */
export const names: Rule = (files) =>
  files
    .filter(({ path }) => isCode(path))
    .flatMap(({ path }) => {
      const words = path.split('/').flatMap((part) => posix.basename(part).split(/[-_.]/));
      const empty = words.find((word) => EMPTY_NAMES.has(word.toLowerCase()));
      if (empty === undefined) return [];
      return [{ path, line: 1, rule: 'names', advice: `"${empty}" says nothing; name it after its subject` }];
    });

const LEFT_OUT = /^(?:skip|only|todo|skipIf|runIf|fails)$/;
const TEST_WORDS = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const TEST_ALIASES = new Set(['xit', 'xtest', 'xdescribe', 'fit', 'fdescribe']);

/** Every test runs, everywhere. */
export const allTestsRun: Rule = (files) =>
  files
    .filter(({ path }) => isCode(path) && isTest(path))
    .flatMap((file) => {
      const code = file.tokens.filter((token) => token.kind !== 'comment');
      return code.flatMap((token, index): Violation[] => {
        if (token.kind !== 'word') return [];
        const [dot, member] = [code[index + 1]?.text, code[index + 2]?.text ?? ''];
        const left = TEST_WORDS.has(token.text) && dot === '.' && LEFT_OUT.test(member);
        const alias = TEST_ALIASES.has(token.text) && dot === '(';
        if (!left && !alias) return [];
        const written = left ? `${token.text}.${member}` : token.text;
        return [at(file, token.line, 'all-tests-run', `remove ${written}; make the test pass or delete it`)];
      });
    });

/** Not after a name, a dot or a closing bracket: those are parts of relative paths and of URLs. */
const MACHINE_PATH = /(?<![\w.)\]}>*~$-])\/(?:work|home|root|tmp|Users)(?:\/|(?=['"`\s):;,]|$))/;
const REGISTRY = /"resolved":\s*"https?:/;

/** Nothing knows the machine that it was written on. */
export const machinePaths: Rule = (files) =>
  files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index): Violation[] => {
      const path = MACHINE_PATH.exec(line)?.[0];
      if (path !== undefined) {
        const advice = `${path.trim()} is a path of one machine; make it relative, or ask the system (mktemp, tmpdir)`;
        return [at(file, index + 1, 'machine-paths', advice)];
      }
      if (!file.path.endsWith('package-lock.json') || !REGISTRY.test(line)) return [];
      const advice = 'a registry of one machine; run npm install with omit-lockfile-registry-resolved=true';
      return [at(file, index + 1, 'machine-paths', advice)];
    }),
  );

const REASON_LENGTH_MIN = 10;
const SUPPRESSION = /@ts-(?:ignore|expect-error|nocheck)|biome-ignore(?:-all|-start)?/;

/** The type checker and the linter are right unless a sentence says why not. */
export const typeEscapes: Rule = (files) =>
  files
    .filter(({ path }) => isCode(path))
    .flatMap((file) =>
      file.tokens.flatMap((token, index): Violation[] => {
        const next = file.tokens[index + 1];
        if (token.kind === 'word' && token.text === 'as' && next?.kind === 'word' && next.text === 'any') {
          return [at(file, token.line, 'type-escapes', '"as any" hides mistakes; narrow an unknown instead')];
        }
        return token.kind === 'comment' ? suppressions(file, token.text, token.line) : [];
      }),
    );

function suppressions(file: SourceFile, comment: string, firstLine: number): Violation[] {
  return comment.split('\n').flatMap((line, index) => {
    const found = SUPPRESSION.exec(line);
    if (found === null) return [];
    const rest = line.slice(found.index + found[0].length).replace(/\*\/\s*$/, '');
    const reason = found[0].startsWith('biome') ? rest.replace(/^[^:]*:?/, '') : rest;
    if (reason.trim().length >= REASON_LENGTH_MIN) return [];
    return [at(file, firstLine + index, 'type-escapes', `say after ${found[0]} why it is needed`)];
  });
}

function at(file: SourceFile, line: number, rule: string, advice: string): Violation {
  return { path: file.path, line, rule, advice };
}
