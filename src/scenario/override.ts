/** `--set path=value`: a script's document with some values replaced before it is read. */
import { parseDocuments, type SourceDocument } from './document.ts';
import { type Path, type Problem, parsePath } from './problem.ts';

interface Override {
  readonly text: string;
  readonly path: Path;
  readonly value: unknown;
}

const ROOT_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'spec']);

/** The overrides that these texts spell. A path may leave out `spec.`, and a value is YAML: `seed=7`, `cluster.podCidr=10.0.0.0/9`. */
export function parseOverrides(texts: readonly string[]): {
  overrides: readonly Override[];
  problems: readonly Problem[];
} {
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const text of texts) {
    const equals = text.indexOf('=');
    const path = equals < 0 ? undefined : parsePath(text.slice(0, equals));
    if (path === undefined)
      problems.push({
        file: `--set ${text}`,
        path: '',
        message: 'is not path=value, such as cluster.agentPoolProfiles[0].count=5',
      });
    else
      overrides.push({
        text: `--set ${text}`,
        path: ROOT_FIELDS.has(String(path[0])) ? path : ['spec', ...path],
        value: yamlOf(text.slice(equals + 1)),
      });
  }
  return { overrides, problems };
}

/** What is no YAML is a text. */
function yamlOf(text: string): unknown {
  const parsed = parseDocuments('--set', text);
  return parsed.ok && parsed.documents.length < 2 ? (parsed.documents[0]?.value ?? null) : text;
}

export function overridden(document: SourceDocument, overrides: readonly Override[]): SourceDocument {
  if (overrides.length === 0) return document;
  return {
    ...document,
    value: overrides.reduce<unknown>((value, { path, value: next }) => replaced(value, path, next), document.value),
    originOf: (path) => overrides.findLast((override) => override.path.every((part, i) => path[i] === part))?.text,
  };
}

/** A copy of `value` in which `path` leads to `next`; what is not there on the way is made. */
function replaced(value: unknown, [part, ...rest]: Path, next: unknown): unknown {
  if (part === undefined) return next;
  if (typeof part === 'number') {
    const list = Array.isArray(value) ? [...value] : [];
    list[part] = replaced(list[part], rest, next);
    return list;
  }
  const map = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  return { ...map, [part]: replaced((map as Record<string, unknown>)[part], rest, next) };
}
