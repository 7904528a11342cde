/** From what a client sent to an object of the API: its kind, its fields, its defaults. */
import { isKind, KIND_INFO, type Kind, type ObjectOf } from '../model/index.ts';
import type { RequestContext } from './contract.ts';
import { decode, type Findings } from './decode.ts';
import { isFields } from './patch/merge.ts';
import { structOf } from './schema/index.ts';
import { badRequest, type Refused, refused } from './status.ts';

export type Read<T> = { readonly ok: true; readonly value: T; readonly warnings: readonly string[] } | Refused;

/** A client's object whose kind is known, and nothing else yet. */
export interface Draft {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly [field: string]: unknown;
}

export type ReadDraft = { readonly ok: true; readonly draft: Draft } | Refused;

export function readDraft(draft: unknown): ReadDraft {
  if (!isFields(draft)) return badRequest('the object provided is unrecognized: it is not an object');
  const { kind, apiVersion } = draft as { kind?: unknown; apiVersion?: unknown };
  if (typeof kind !== 'string' || kind === '') return badRequest(`Object 'Kind' is missing in '${preview(draft)}'`);
  if (typeof apiVersion !== 'string' || apiVersion === '')
    return badRequest(`Object 'apiVersion' is missing in '${preview(draft)}'`);
  if (isKind(kind) && KIND_INFO[kind].apiVersion === apiVersion) return { ok: true, draft: draft as Draft };
  const message = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`;
  return refused({ code: 404, reason: 'NotFound', message });
}

const NO_WARNINGS: readonly string[] = [];

function preview(draft: object): string {
  return JSON.stringify(draft).slice(0, 200);
}

/**
 * Decodes `value` as an object of `kind`. Parts that are `before`'s come back as they are.
 * `asPatch`: a wrong type in a patched object is 422, in an object sent whole it is 400.
 */
export function readObject<K extends Kind>(
  kind: K,
  value: unknown,
  before: object | undefined,
  context: RequestContext,
  asPatch = false,
): Read<ObjectOf<K>> {
  const mistaken = asPatch ? checkKind(kind, value) : undefined;
  if (mistaken !== undefined) return unreadablePatch(value, mistaken);
  const findings: Findings = { error: undefined, unknownFields: [] };
  const object = decode(structOf(kind), value, before, findings) as ObjectOf<K>;
  if (findings.error === undefined && findings.unknownFields.length === 0)
    return { ok: true, value: object, warnings: NO_WARNINGS };
  // A patched object is written out in the order of its members' names before it is read.
  const fields = asPatch ? findings.unknownFields.toSorted() : findings.unknownFields;
  const unknown = fields.map((field) => `unknown field "${field}"`);
  const strict = context.fieldValidation === 'Strict' && unknown.length > 0;
  const error = findings.error ?? (strict ? `strict decoding error: ${unknown.join(', ')}` : undefined);
  if (error !== undefined) return asPatch ? unreadablePatch(value, error) : unreadable(kind, error);
  return { ok: true, value: object, warnings: context.fieldValidation === 'Ignore' ? [] : unknown };
}

function unreadable(kind: Kind, error: string): Refused {
  const version = KIND_INFO[kind].apiVersion.split('/').at(-1);
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${error}`);
}

/** A patch may not make another kind of its object. The scheme is named by the line that makes it. */
function checkKind(kind: Kind, value: unknown): string | undefined {
  const { kind: patched, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  if (patched === kind && apiVersion === KIND_INFO[kind].apiVersion) return undefined;
  const scheme = 'in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"';
  return `no kind ${JSON.stringify(patched)} is registered for version ${JSON.stringify(apiVersion)} ${scheme}`;
}

/** The text shows the patched object as JSON within JSON (apiserver/pkg/endpoints/handlers/patch.go). */
function unreadablePatch(patched: unknown, error: string): Refused {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${error}`;
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'patch' }];
  return refused({ code: 422, reason: 'Invalid', message: ` "" is invalid: patch: ${message}`, details: { causes } });
}
