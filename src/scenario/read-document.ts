/** From a file's text to a document of one shape: what scripts and plans have in common. */
import type * as z from 'zod';
import { parseDocuments, problemAt, type SourceDocument } from './document.ts';
import { overridden, parseOverrides } from './override.ts';
import type { Problem } from './problem.ts';
import { readShape } from './shape.ts';

export interface DocumentSource {
  /** the file as the user named it: what problems begin with */
  readonly file: string;
  readonly text: string;
  /** `path=value` texts, in order */
  readonly overrides?: readonly string[];
}

export type DocumentRead<T> =
  | { readonly ok: true; readonly document: SourceDocument; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `noun` is what problems call the file: `a script`. */
export function readDocument<S extends z.ZodType>(
  schema: S,
  noun: string,
  { file, text, overrides = [] }: DocumentSource,
): DocumentRead<z.output<S>> {
  const parsed = parseDocuments(file, text);
  if (!parsed.ok) return parsed;
  const [first, second] = parsed.documents;
  if (first === undefined)
    return refused({ file, path: '', message: `is empty; ${noun} begins with apiVersion: orrery/v1` });
  if (second !== undefined)
    return refused(problemAt(second, [], `${noun} is one document; put manifests into files of their own`));
  const { overrides: parsedOverrides, problems } = parseOverrides(overrides);
  if (problems.length > 0) return { ok: false, problems };
  const document = overridden(first, parsedOverrides);
  const shaped = readShape(schema, document);
  if (shaped.ok) return { ok: true, document, value: shaped.value };
  // Of a file of another kind, the rest would only list what the two do not share.
  const otherKind = shaped.problems.find(({ path }) => path === 'kind');
  return otherKind === undefined ? shaped : refused(otherKind);
}

function refused(problem: Problem): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [problem] };
}
