/** Words of a line of iptables-save: separated by blanks, in double quotes where they hold any, `\` before a quote. */

/** The words of a line; undefined when a quote is not closed. */
export function wordsOfLine(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    const end = line[at] === '"' ? endOfQuoted(line, at) : endOfPlain(line, at);
    if (end < 0) return undefined;
    words.push(line[at] === '"' ? line.slice(at + 1, end - 1).replace(/\\(.)/g, '$1') : line.slice(at, end));
    at = end;
  }
  return words;
}

function endOfPlain(line: string, from: number): number {
  let at = from;
  while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at++;
  return at;
}

/** The place after the closing quote; -1 when there is none. */
function endOfQuoted(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') return at + 1;
  }
  return -1;
}
