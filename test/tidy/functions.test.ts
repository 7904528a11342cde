import { expect, test } from 'vitest';
import { functionsOf } from './functions.ts';
import { scan } from './scanner.ts';

/** `name first-line+lines`, with a star where it has a block. */
const measured = (source: string) =>
  functionsOf(scan(source)).map((each) => `${each.name} ${each.line}+${each.lineCount}${each.block ? '*' : ''}`);

test.each([
  ['a declaration', 'export async function run<T>(\n  a: T,\n): Promise<{ a: T }> {\n  await a;\n}', ['run 1+5*']],
  ['an overload has no body', 'function run(a: string): void;\nfunction run(a: unknown) {}', ['run 2+1*']],
  ['a generator', 'function* each() {\n}', ['each 1+2*']],
  ['an expression', 'const run = function () {\n};', ['(function) 1+2*']],
  ['a method and a field', 'class A {\n  #n = f(1);\n  static get(a = {}): () => void {\n  }\n}', ['get 3+2*']],
  ['a constructor', 'class A extends B {\n  constructor() {\n    super();\n  }\n}', ['constructor 2+3*']],
  [
    'private, computed and generic',
    'class A {\n #a() {}\n [Symbol.iterator]() {}\n b<T>() {}\n}',
    ['#a', '[computed]', 'b'],
  ],
  ['shorthand in an object', 'const o = { a: 1, async run() {\n} };', ['run 1+2*']],
  ['control flow', 'if (a) {\n} else if (b) {\n}\nfor (const c of d) {\n}\nswitch (e) {\n}', []],
  ['a call before a block', 'run(a);\n{\n}\nlabel: {\n}', []],
  ['an arrow with a block', 'const run = (\n  a: number,\n): void => {\n  return;\n};', ['(arrow) 1+5*']],
  ['an arrow with an expression', 'const run = (a) =>\n  a.map(\n    b,\n  );', ['(arrow) 1+4']],
  ['one bare parameter', 'list.map(a => {\n});', ['(arrow) 1+2*']],
  ['nested', 'f(() => {\n  g((x) => x);\n});', ['(arrow) 1+3*', '(arrow) 2+1']],
  ['a type is none', 'type F = (a: string) => { b: number };\ninterface G {\n  run(a: { b: 1 }): { c: 1 };\n}', []],
  ['braces in texts', `function a() {\n  return '}' + \`}\${\`{\${b}\`}\` + /[}/]}/.source; // }\n}`, ['a 1+3*']],
  ['division is no regular expression', 'function a() {\n  return (b) / c! / d[0] / 2;\n}', ['a 1+3*']],
  ['a conditional', 'const a = b ? c(1) : { d: 1 };', []],
])('%s', (_, source, expected) => {
  const found = measured(source);
  expect(found.length).toBe(expected.length);
  expected.forEach((text, index) => {
    expect(found[index]).toContain(text);
  });
});

test('an argument knows the call that it is passed to', () => {
  const source =
    "describe('a', () => {});\ndescribe.each([1])('b', async (x) => {});\nrun(() => {});\nconst c = () => 1;";
  expect(functionsOf(scan(source)).map((each) => each.argumentOf)).toEqual(['describe', 'describe', 'run', undefined]);
});

test('lines are counted through comments, texts and templates', () => {
  const words = scan(`/* a\n b */ one // c\n\`x\n\${two}\ny\` three`).filter((token) => token.kind === 'word');
  expect(words.map((token) => `${token.text} ${token.line}`)).toEqual(['one 2', 'two 4', 'three 5']);
});
