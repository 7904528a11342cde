/** Kubernetes manifests as files hold them: several documents, Lists, each with its place for the errors about it. */
import { isKind, KIND_INFO, KINDS } from '../model/index.ts';
import { parseDocuments, problemAt, type SourceDocument } from './document.ts';
import type { Path, Problem } from './problem.ts';
import { suggestion } from './spelling.ts';

export interface Manifest {
  /** as written, not yet checked by the apiserver */
  readonly object: Readonly<Record<string, unknown>>;
  /** `Service my-api`, for sentences about it */
  readonly title: string;
  /** a problem at a path within the manifest */
  problem(path: Path, message: string): Problem;
}

export interface Manifests {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** The manifests of one file. */
export function readManifestFile(file: string, text: string): Manifests {
  const parsed = parseDocuments(file, text);
  if (!parsed.ok) return { manifests: [], problems: parsed.problems };
  if (parsed.documents.length === 0)
    return { manifests: [], problems: [{ file, path: '', message: 'holds no manifest' }] };
  return merged(parsed.documents.map((document) => readManifest(document, [])));
}

/** The manifest at `base` of a document, or those of the List there. */
export function readManifest(document: SourceDocument, base: Path): Manifests {
  const object = base.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], document.value);
  const problem = (path: Path, message: string) => problemAt(document, [...base, ...path], message);
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    return { manifests: [], problems: [problem([], 'is not a manifest: a map with apiVersion, kind and metadata')] };
  const fields = object as Record<string, unknown>;
  if (fields['kind'] === 'List' && Array.isArray(fields['items']))
    return merged(fields['items'].map((_, i) => readManifest(document, [...base, 'items', i])));
  const problems = checkManifest(fields).map(([path, message]) => problem(path, message));
  if (problems.length > 0) return { manifests: [], problems };
  const { name, generateName } = fields['metadata'] as { name?: string; generateName?: string };
  return {
    manifests: [{ object: fields, title: `${String(fields['kind'])} ${name ?? generateName}`, problem }],
    problems: [],
  };
}

/** What must be right before the apiserver can be asked: which kind it is, of which group, and its name. */
function checkManifest({ apiVersion, kind, metadata }: Record<string, unknown>): readonly [Path, string][] {
  if (typeof kind !== 'string') return [[['kind'], kind === undefined ? 'is required' : 'is not a text']];
  if (!isKind(kind)) return [[['kind'], `no kind is named ${JSON.stringify(kind)}${suggestion(kind, KINDS)}`]];
  const expected = KIND_INFO[kind].apiVersion;
  if (apiVersion === undefined) return [[['apiVersion'], 'is required']];
  if (apiVersion !== expected)
    return [[['apiVersion'], `${JSON.stringify(apiVersion)} has no ${kind}, ${expected} has`]];
  if (typeof metadata !== 'object' || metadata === null) return [[['metadata'], 'is required']];
  const { name, generateName } = metadata as Record<string, unknown>;
  if (typeof name !== 'string' && typeof generateName !== 'string') return [[['metadata', 'name'], 'is required']];
  return [];
}

export function merged(parts: readonly Manifests[]): Manifests {
  return {
    manifests: parts.flatMap(({ manifests }) => manifests),
    problems: parts.flatMap(({ problems }) => problems),
  };
}
