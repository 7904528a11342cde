/** What texts of records are made of, as zone files write them. Source: RFC 1035, 5.1. */

/** The words of a record's data: strings in quotes are one each, without them, escapes as they are. */
export function wordsOf(data: string): readonly string[] {
  return [...data.matchAll(/"((?:[^"\\]|\\.)*)"|(?:[^\s\\]|\\.)+/gs)].map(([word, quoted]) => quoted ?? word);
}

/** A text with its escapes resolved, a character a byte: `\.` is a dot, `\009` a tab. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(\d{3}|.)/gs, (_, what: string) =>
    what.length === 3 ? String.fromCharCode(Number(what) & 255) : what,
  );
}

/** A name's labels, escapes as they are; none for the root. */
export function labelsOf(name: string): readonly string[] {
  if (name === '.' || name === '') return [];
  if (!name.includes('\\')) return name.replace(/\.$/, '').split('.');
  return name.match(/(?:[^.\\]|\\\d{3}|\\.)+/gs) ?? [];
}
