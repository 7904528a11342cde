/** Finds what a file imports, by whichever form: `import type`, `export … from`, `import(…)` and `require(…)` too. */
import { posix } from 'node:path';
import type { Token } from './scanner.ts';

export interface FoundImport {
  readonly specifier: string;
  readonly line: number;
}

export function importsOf(tokens: readonly Token[]): readonly FoundImport[] {
  const code = tokens.filter((token) => token.kind !== 'comment');
  const found: FoundImport[] = [];
  code.forEach((token, index) => {
    if (token.kind !== 'word' || code[index - 1]?.text === '.') return;
    const from = sourceOf(code, index);
    if (from !== undefined) found.push({ specifier: from.text, line: token.line });
  });
  return found;
}

/** The text token that names what the word at `index` imports, if it imports. */
function sourceOf(code: readonly Token[], index: number): Token | undefined {
  const { text } = code[index]!;
  const next = code[index + 1];
  if ((text === 'import' || text === 'require') && next?.text === '(') return textAt(code, index + 2);
  if (text === 'import' && next?.kind === 'text') return next;
  if (text !== 'import' && text !== 'export') return undefined;
  if (text === 'import' && next?.text === '.') return undefined;
  return textAt(code, afterFrom(code, index));
}

function textAt(code: readonly Token[], index: number): Token | undefined {
  return code[index]?.kind === 'text' ? code[index] : undefined;
}

/** Only names, braces, commas and a star stand between `import` or `export` and its `from`. */
function afterFrom(code: readonly Token[], index: number): number {
  for (let at = index + 1; at < code.length; at++) {
    const token = code[at]!;
    if (token.text === 'from' && code[at + 1]?.kind === 'text') return at + 1;
    if (token.kind !== 'word' && !['{', '}', ',', '*'].includes(token.text)) return -1;
  }
  return -1;
}

/** The repository path that a relative specifier names. */
export function targetOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier);
}

/** `@scope/name` or `name` of a specifier such as `name/part`. */
export function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
