/** rules: what the project's files must keep to. A rule is named in its violations as it is here. */
import type { SourceFile } from '../source-tree.ts';
import type { Rule, Violation } from '../violation.ts';
import { extensions, indexes, knownRooms, nodeImports, packages, roomImports } from './architecture.ts';
import { clockAndChance, rxjsTime, seededTests } from './determinism.ts';
import { allTestsRun, machinePaths, names, typeEscapes } from './hygiene.ts';
import { fileLength, functionLength, medians } from './sizes.ts';

export const RULES: Readonly<Record<string, Rule>> = {
  'room-imports': roomImports,
  'known-rooms': knownRooms,
  'node-imports': nodeImports,
  packages,
  extensions,
  indexes,
  'clock-and-chance': clockAndChance,
  'rxjs-time': rxjsTime,
  'seeded-tests': seededTests,
  'file-length': fileLength,
  'function-length': functionLength,
  medians,
  names,
  'all-tests-run': allTestsRun,
  'machine-paths': machinePaths,
  'type-escapes': typeEscapes,
};

export function violationsOf(files: readonly SourceFile[]): readonly Violation[] {
  return Object.values(RULES).flatMap((rule) => rule(files));
}
