/** Writes a parsed Corefile back, its imports in place: what the server has loaded, as one text. */
import type { Directive, ServerBlock } from './parse.ts';
import type { Token } from './tokens.ts';

function word({ text }: Token): string {
  return text === '' || /[\s"#]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}

function words(first: Token, rest: readonly Token[]): string {
  return [first, ...rest].map(word).join(' ');
}

function directiveLines({ name, arguments: found, block }: Directive): readonly string[] {
  const head = `    ${words(name, found)}`;
  if (block === undefined) return [head];
  const lines = block.map((line) => `        ${words(line.option, line.arguments)}`);
  return [`${head} {`, ...lines, '    }'];
}

export function printCorefile(blocks: readonly ServerBlock[]): string {
  return blocks
    .map(({ keys, directives }) =>
      [`${keys.map(word).join(' ')} {`, ...directives.flatMap(directiveLines), '}', ''].join('\n'),
    )
    .join('');
}
