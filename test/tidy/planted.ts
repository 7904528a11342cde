/** Files that are only in memory: one clean project, and for each rule what breaks it. */
import { FILE_LINES_MAX, FUNCTION_LINES_MAX } from './rules/sizes.ts';
import { type SourceFile, sourceFile } from './source-tree.ts';

export interface Planted {
  readonly rule: string;
  readonly files: readonly SourceFile[];
  /** `path:line` where it must be found, and nothing else anywhere */
  readonly at: string;
}

const CLEAN_STORE = `
import { Subject } from 'rxjs';
import type { Key } from '../model/index.ts';
// Date.now() and setTimeout() in a comment, and "Math.random()" in a text, are harmless.
const text = 'Math.random()' + \`new Date() \${'as any'} /\`;
const pattern = /setTimeout('|")/;
/** half of x! / 2 / 3 is no regular expression */
export const half = (x: number | undefined) => x! / 2 / 3;
function one() {}
function two() {}
export const at = (moment: number) => new Date(moment).toISOString();
// @ts-expect-error: the declaration of the package lacks the second parameter
export const key = (a: Key): Key => subject(a, text, pattern, new Subject());
`;

/** Also what the rules must not object to. */
export const PLANTED_CLEAN: readonly SourceFile[] = [
  sourceFile('src/model/index.ts', '/** model: nouns. Knows no time. */\nexport type Key = string;\n'),
  sourceFile('src/store/index.ts', "/** store: revisions. */\nexport * from './store.ts';\n"),
  sourceFile('src/store/store.ts', CLEAN_STORE),
  sourceFile('src/cli/index.ts', '/** cli: the commands. */\n'),
  sourceFile('src/cli/main.ts', "import { argv } from 'node:process';\nconsole.log(argv, performance.now());\n"),
  sourceFile('controllers/index.ts', "/** controllers: the list. */\nexport * from './ipam/index.ts';\n"),
  sourceFile('controllers/ipam/index.ts', "/** ipam: addresses. */\nexport * from './range.ts';\n"),
  sourceFile('controllers/ipam/range.ts', "import { type Controller } from '../../src/reconcile/index.ts';\n"),
  sourceFile('src/store/store.test.ts', "import { test } from 'vitest';\nimport { rmSync } from 'node:fs';\n"),
  sourceFile('test/support/seed.ts', 'const chance = Math.random();\nfc.check(property, { seed: chance });\n'),
  sourceFile('test/a.test.ts', 'const [one] = fc.sample(fc.nat(), { seed: 1 });\n'),
  sourceFile('package-lock.json', '{ "node_modules/rxjs": { "version": "7.8.2" } }\n'),
];

/** Plants one file with one line of code at line 2. */
function plant(rule: string, path: string, line: string): Planted {
  return { rule, files: [sourceFile(path, `/** planted: one mistake. */\n${line}\n`)], at: `${path}:2` };
}

/** A file without content: its name or its place is the mistake. */
const misplaced = (rule: string, path: string): Planted => ({ rule, files: [sourceFile(path, '')], at: `${path}:1` });

const path = (...parts: readonly string[]) => ['', ...parts].join('/');
const lines = (count: number) => Array.from({ length: count }, (_, index) => `export const a${index} = ${index};\n`);
const calls = (count: number) => Array.from({ length: count }, (_, index) => `  call(${index});\n`).join('');
const functionOf = (count: number) => `function long() {\n${calls(count - 2)}}`;

export const PLANTED_VIOLATIONS: readonly Planted[] = [
  plant('room-imports', 'src/model/a.ts', "import { Store } from '../store/index.ts';"),
  plant('room-imports', 'src/model/a.ts', "import type { Store } from '../store/index.ts';"),
  plant('room-imports', 'src/model/a.ts', "export type { Store } from '../store/index.ts';"),
  plant('room-imports', 'src/model/a.ts', "export * as store from '../store/index.ts';"),
  plant('room-imports', 'src/model/a.ts', "type Store = import('../store/index.ts').Store;"),
  plant('room-imports', 'src/cli/a.ts', "const store = await import('../store/index.ts');"),
  plant('room-imports', 'src/emulator/index.ts', "import '../store/store.ts';"),
  plant('room-imports', 'src/store/a.ts', "import { aPod } from '../../test/support/pod.ts';"),
  plant('room-imports', 'src/store/a.test.ts', "import { Address } from '../model/address.ts';"),
  plant('room-imports', 'controllers/ipam/a.ts', "import { Store } from '../../src/store/index.ts';"),
  plant('room-imports', 'controllers/kubelet/index.ts', "import { range } from '../ipam/index.ts';"),
  plant('room-imports', 'controllers/index.ts', "export * from './ipam/range.ts';"),
  misplaced('known-rooms', 'src/stray.ts'),
  plant('node-imports', 'src/packet/index.ts', "import { readFileSync } from 'node:fs';"),
  plant('node-imports', 'src/packet/index.ts', "import { readFile } from 'fs/promises';"),
  plant('node-imports', 'controllers/ipam/a.ts', "const { cpus } = require('os');"),
  plant('packages', 'src/packet/index.ts', "import { produce } from 'immer';"),
  plant('packages', 'src/store/a.ts', "import { tap } from '@rxjs/operators';"),
  plant('extensions', 'src/store/a.ts', "import { Store } from './store';"),
  misplaced('indexes', 'src/server/index.ts'),
  { rule: 'indexes', files: [sourceFile('src/server/dns.ts', '')], at: 'src/server/index.ts:1' },
  { rule: 'indexes', files: [sourceFile('controllers/coredns/zone.ts', '')], at: 'controllers/coredns/index.ts:1' },
  plant('clock-and-chance', 'src/store/a.ts', 'const now = Date.now();'),
  plant('clock-and-chance', 'src/store/a.ts', 'const now = new Date();'),
  plant('clock-and-chance', 'src/store/a.ts', `const text = \`it is \${new Date()} now\`;`),
  plant('clock-and-chance', 'src/emulator/index.ts', 'setTimeout(run, 5);'),
  plant('clock-and-chance', 'src/store/a.ts', 'globalThis.queueMicrotask(run);'),
  plant('clock-and-chance', 'src/store/a.ts', 'const took = performance.now() - start;'),
  plant('clock-and-chance', 'controllers/ipam/a.ts', 'const roll = Math.random();'),
  plant('clock-and-chance', 'src/cli/a.ts', 'const roll = Math.random();'),
  plant('clock-and-chance', 'src/store/a.ts', 'const id = crypto.subtle;'),
  plant('clock-and-chance', 'src/store/a.ts', 'const took = process.hrtime();'),
  plant('clock-and-chance', 'src/store/a.ts', 'names.sort((a, b) => a.localeCompare(b));'),
  {
    ...plant('rxjs-time', 'src/store/a.ts', "import { delay } from 'rxjs';\nwatch.pipe(delay(5));"),
    at: 'src/store/a.ts:3',
  },
  plant('seeded-tests', 'src/store/a.test.ts', 'fc.assert(fc.property(fc.nat(), () => {}));'),
  plant('seeded-tests', 'test/properties/a.ts', 'fc.assert(property, { seed: 1 });'),
  plant('seeded-tests', 'controllers/ipam/a.test.ts', 'const { failed } = fc.check(property, { numRuns: 9 });'),
  plant('seeded-tests', 'src/store/a.test.ts', 'const [one] = fc.sample(fc.nat(), 1);'),
  plant('seeded-tests', 'test/a.test.ts', 'const roll = Math.random();'),
  {
    rule: 'file-length',
    files: [sourceFile('src/store/a.ts', lines(FILE_LINES_MAX + 1).join(''))],
    at: `src/store/a.ts:${FILE_LINES_MAX + 1}`,
  },
  plant('function-length', 'src/store/a.ts', functionOf(FUNCTION_LINES_MAX + 1)),
  plant('function-length', 'src/store/a.ts', `test('x', () => {\n${calls(FUNCTION_LINES_MAX)}});`),
  plant('function-length', 'src/store/a.ts', `const object = { long(): void {\n${calls(FUNCTION_LINES_MAX)}} };`),
  {
    rule: 'medians',
    files: Array.from({ length: 20 }, (_, index) => sourceFile(`src/store/a${index}.ts`, lines(130).join(''))),
    at: 'src:1',
  },
  {
    rule: 'medians',
    files: Array.from({ length: 20 }, (_, index) => sourceFile(`src/store/a${index}.ts`, functionOf(11))),
    at: 'src:1',
  },
  misplaced('names', 'src/store/string-utils.ts'),
  misplaced('names', 'src/store/helpers/sort.ts'),
  misplaced('names', 'test/support/Common.ts'),
  plant('all-tests-run', 'src/store/a.test.ts', "test.skip('later', () => {});"),
  plant('all-tests-run', 'test/a.test.ts', "describe.only('one', () => {});"),
  plant('all-tests-run', 'test/a.test.ts', "it.todo('some day');"),
  plant('all-tests-run', 'test/a.test.ts', "xit('later', () => {});"),
  plant('machine-paths', 'README.md', `Run it in ${path('home', 'me')}.`),
  plant('machine-paths', 'src/store/a.ts', `const file = '${path('tmp', 'log.txt')}';`),
  plant('machine-paths', '.ci/run', `cd ${path('work')}`),
  plant('machine-paths', 'package-lock.json', '"resolved": "https://registry.example/rxjs.tgz"'),
  plant('type-escapes', 'src/store/a.ts', 'const value = text as any;'),
  plant('type-escapes', 'src/store/a.ts', '// @ts-ignore'),
  plant('type-escapes', 'src/store/a.ts', '/* @ts-expect-error: yes */'),
  plant('type-escapes', 'src/store/a.ts', '// biome-ignore lint/style/useConst: no'),
];
