/** Checks a document against a schema, and says what is wrong with it in sentences. */
import type * as z from 'zod';
import { problemAt, type SourceDocument } from './document.ts';
import type { Path, Problem } from './problem.ts';
import { suggestion } from './spelling.ts';

type Issue = z.core.$ZodIssue;

export type Shaped<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function readShape<S extends z.ZodType>(schema: S, document: SourceDocument): Shaped<z.output<S>> {
  const result = schema.safeParse(document.value);
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.flatMap((issue) => problemsOf(schema, document, issue, []));
  return { ok: false, problems };
}

/** What has gone elsewhere in documents that have names. */
const MOVED: ReadonlyMap<string, string> = new Map([
  [
    'spec.cluster.publicNames',
    'names outside of the cluster are in spec.names: publicZones: [{ name: google.com, records: [{ type: A, data: 142.250.74.110 }] }]',
  ],
]);

function problemsOf(schema: z.ZodType, document: SourceDocument, issue: Issue, base: Path): Problem[] {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, path);
    const hasNames = fieldsAt(schema, ['spec']).includes('names');
    return issue.keys.map((key) => {
      const moved = hasNames ? MOVED.get([...path, key].join('.')) : undefined;
      const complaint = moved ?? `unknown field${suggestion(key, known)}`;
      return problemAt(document, [...path, key], complaint);
    });
  }
  if (issue.code === 'invalid_union') {
    // The alternative that got furthest is the one that was meant.
    const furthest = issue.errors
      .filter((issues) => issues.some(({ path: inner, code }) => inner.length > 0 || code === 'custom'))
      .at(0);
    if (furthest !== undefined) return furthest.flatMap((inner) => problemsOf(schema, document, inner, path));
  }
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => [problemAt(document, path, inner.message)]);
  return [problemAt(document, path, sentenceOf(issue, valueAt(document.value, path)))];
}

function sentenceOf(issue: Issue, value: unknown): string {
  if (value === undefined) return 'is required';
  const found = summaryOf(value);
  switch (issue.code) {
    case 'invalid_type':
      return `${found} is not ${article(issue.expected)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `${found} is not ${String(issue.values[0])}`
        : `${found} is not one of ${issue.values.map(String).join(', ')}${near(value, issue.values)}`;
    case 'too_small':
      return typeof value === 'number' ? `${found} is less than ${issue.minimum}` : 'is empty';
    case 'too_big':
      return `${found} is more than ${issue.maximum}`;
    case 'invalid_union':
      return `${found} is not of a shape that is known here`;
    default:
      return issue.message;
  }
}

const ARTICLES: { readonly [type: string]: string } = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of fields',
};

const article = (type: string) => ARTICLES[type] ?? type;

function near(value: unknown, values: readonly unknown[]): string {
  const text = suggestion(String(value), values.map(String));
  return text.includes('did you mean') ? text : '';
}

function summaryOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map of fields';
  return JSON.stringify(value);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<string | number, unknown> | null | undefined)?.[key],
    value,
  );
}

/** The fields that a schema knows at a path: for suggestions. */
function fieldsAt(schema: z.ZodType, path: Path): readonly string[] {
  let parts: z.ZodType[] = [schema];
  for (const key of path) parts = parts.flatMap((part) => into(part, key));
  return parts
    .flatMap(alternatives)
    .flatMap((part) => Object.keys((definitionOf(part).shape as object | undefined) ?? {}));
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

const definitionOf = (schema: z.ZodType): Definition => (schema as unknown as { def: Definition }).def;

/** A schema without its wrappers: one, or each option of a union. */
function alternatives(schema: z.ZodType): readonly z.ZodType[] {
  const { innerType, options } = definitionOf(schema);
  if (innerType !== undefined) return alternatives(innerType);
  return options === undefined ? [schema] : options.flatMap(alternatives);
}

function into(schema: z.ZodType, key: string | number): readonly z.ZodType[] {
  return alternatives(schema).flatMap((part) => {
    const { shape, element, valueType } = definitionOf(part);
    const next = shape === undefined ? (element ?? valueType) : shape[key];
    return next === undefined ? [] : [next];
  });
}
