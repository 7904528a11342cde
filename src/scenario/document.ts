/** YAML with its positions: values as plain data, and where in the text each of them stands. */
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml';
import { formatPath, type Path, type Position, type Problem } from './problem.ts';

/** One document of a file. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** where the value at this path stands: its key in a map, itself in a list; the nearest thing around it where it is missing */
  positionOf(path: Path): Position;
  /** the `--set path=value` that a value came from instead of the text */
  originOf?(path: Path): string | undefined;
}

export type Parsed =
  | { readonly ok: true; readonly documents: readonly SourceDocument[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Every document of a YAML or JSON text; empty ones are left out, as kubectl does. */
export function parseDocuments(file: string, text: string): Parsed {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const documents = 'empty' in parsed ? [] : parsed;
  const problems = documents.flatMap((document) => {
    const errors = document.errors.map(({ pos: [offset], message }) => ({ offset, message: sentence(message) }));
    return (errors.length > 0 ? errors : knotsIn(document)).map(
      ({ offset, message }): Problem => ({
        file,
        position: positionAt(lines, offset),
        path: '',
        message,
      }),
    );
  });
  if (problems.length > 0) return { ok: false, problems };
  const present = documents.filter(
    ({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null),
  );
  try {
    return { ok: true, documents: present.map((document) => sourceDocument(file, document, lines)) };
  } catch (error) {
    // Aliases that multiply without end show only when the values are made.
    return { ok: false, problems: [{ file, path: '', message: sentence((error as Error).message) }] };
  }
}

interface Knot {
  readonly offset: number;
  readonly message: string;
}

/** What the parser takes and no plain data can be: aliases that lead nowhere or into themselves, keys that are no text. */
function knotsIn(document: Document): readonly Knot[] {
  const knots: Knot[] = [];
  visit(document, {
    Alias(_, alias, ancestors) {
      const offset = alias.range?.[0] ?? 0;
      const target = alias.resolve(document);
      if (target === undefined) knots.push({ offset, message: `*${alias.source} names nothing that comes before it` });
      else if (ancestors.includes(target))
        knots.push({ offset, message: `*${alias.source} stands inside of what it names` });
    },
    Pair(_, { key }) {
      if (isCollection(key)) knots.push({ offset: key.range?.[0] ?? 0, message: 'a list or a map is no key' });
    },
  });
  return knots;
}

function sourceDocument(file: string, document: Document, lines: LineCounter): SourceDocument {
  return {
    file,
    value: document.toJS(),
    positionOf: (path) => positionAt(lines, offsetOf(document, path)),
  };
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(document: Document, path: Path): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    const next = step(node, part);
    if (next === undefined) return offset;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return offset;
}

function step(node: Node | null, part: string | number): { node: Node | null; offset: number | undefined } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)] as Node | undefined;
    return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  if (pair === undefined) return undefined;
  return { node: pair.value as Node | null, offset: (pair.key as Node).range?.[0] };
}

/** The YAML parser's complaint as one line. */
function sentence(message: string): string {
  return `not YAML: ${message.split('\n')[0]!.replace(/[:.]$/, '')}`;
}

/** A problem with the value at `path` of a document. */
export function problemAt(document: SourceDocument, path: Path, message: string): Problem {
  const origin = document.originOf?.(path);
  if (origin !== undefined) return { file: origin, path: formatPath(path), message };
  return { file: document.file, position: document.positionOf(path), path: formatPath(path), message };
}
