/** Checks of an object's metadata. Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go. */
import type { Labels, ObjectMeta, OwnerReference } from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { labelName, labelValue, qualifiedName } from './names.ts';
import { deepEqual } from './sharing.ts';

export type NameRule = (name: string) => readonly string[];

const ANNOTATIONS_BYTES_MAX = 256 * 1024;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

// Labels come from templates again and again: those once found right, and frozen, need no second look.
const rightLabels = new WeakSet<Labels>();

export function validateLabels(labels: Labels | undefined, field: string, errors: FieldErrors): void {
  if (labels === undefined || rightLabels.has(labels)) return;
  if (areRight(labels)) {
    if (Object.isFrozen(labels)) rightLabels.add(labels);
    return;
  }
  for (const key of Object.keys(labels).sort()) {
    errors.invalidEach(field, key, qualifiedName(key));
    errors.invalidEach(field, labels[key], labelValue(labels[key]!));
  }
}

function areRight(labels: Labels): boolean {
  for (const key in labels) {
    if (qualifiedName(key).length > 0 || labelValue(labels[key]!).length > 0) return false;
  }
  return true;
}

function validateAnnotations(annotations: Labels | undefined, errors: FieldErrors): void {
  if (annotations === undefined) return;
  let units = 0;
  for (const key of Object.keys(annotations).sort()) {
    errors.invalidEach('metadata.annotations', key, qualifiedName(key.toLowerCase()));
    units += key.length + annotations[key]!.length;
  }
  // A unit of UTF-16 is three bytes at most: nearly always there is no need to count.
  if (units * 3 > ANNOTATIONS_BYTES_MAX && bytesOf(annotations) > ANNOTATIONS_BYTES_MAX)
    errors.tooLong('metadata.annotations', ANNOTATIONS_BYTES_MAX);
}

function bytesOf(annotations: Labels): number {
  let bytes = 0;
  for (const key in annotations) bytes += byteLength(key) + byteLength(annotations[key]!);
  return bytes;
}

/** The bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

// So do owners: the pods of a template have the same ones.
const rightOwners = new WeakSet<readonly OwnerReference[]>();

function validateOwners(owners: readonly OwnerReference[] | undefined, errors: FieldErrors): void {
  if (owners === undefined || rightOwners.has(owners)) return;
  const before = errors.causes.length;
  validateEachOwner(owners, errors);
  if (errors.causes.length === before && Object.isFrozen(owners)) rightOwners.add(owners);
}

function validateEachOwner(owners: readonly OwnerReference[], errors: FieldErrors): void {
  const field = 'metadata.ownerReferences';
  let controller: string | undefined;
  for (const owner of owners) {
    if (owner.apiVersion === '') errors.invalid(`${field}.apiVersion`, '', 'version must not be empty');
    if (owner.kind === '') errors.invalid(`${field}.kind`, '', 'must not be empty');
    if (owner.name === '') errors.invalid(`${field}.name`, '', 'must not be empty');
    if (owner.uid === '') errors.invalid(`${field}.uid`, '', 'must not be empty');
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      errors.invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner');
    if (owner.controller !== true) continue;
    const current = `${owner.kind}/${owner.name}`;
    const both = `Found "true" in references for ${controller} and ${current}`;
    if (controller !== undefined)
      errors.invalid(field, owners, `Only one reference can have Controller set to true. ${both}`);
    else controller = current;
  }
}

function validateFinalizers(finalizers: readonly string[] | undefined, errors: FieldErrors): void {
  const field = 'metadata.finalizers';
  if (finalizers === undefined) return;
  for (const finalizer of finalizers) errors.invalidEach(field, finalizer, qualifiedName(finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  validateStandardFinalizers(finalizers, errors);
}

function validateStandardFinalizers(finalizers: readonly string[] | undefined, errors: FieldErrors): void {
  for (const [i, finalizer] of (finalizers ?? []).entries()) {
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer))
      errors.invalid(
        `metadata.finalizers[${i}]`,
        finalizer,
        'name is neither a standard finalizer name nor is it fully qualified',
      );
  }
}

// A template's pods follow each other, and their names begin alike.
let lastBeginning: { readonly text: string; readonly rule: NameRule; readonly findings: readonly string[] } | undefined;

function beginningFindings(text: string, rule: NameRule): readonly string[] {
  if (lastBeginning === undefined || lastBeginning.text !== text || lastBeginning.rule !== rule) {
    const sample = text.endsWith('-') ? `${text.slice(0, -1)}a` : text;
    lastBeginning = { text, rule, findings: rule(sample) };
  }
  return lastBeginning.findings;
}

/** Checks the metadata of a new object; its name has been generated by now. */
export function validateMetadata(meta: ObjectMeta, namespaced: boolean, nameRule: NameRule, errors: FieldErrors): void {
  const { generateName } = meta;
  if (generateName !== undefined)
    errors.invalidEach('metadata.generateName', generateName, beginningFindings(generateName, nameRule));
  if ((meta.name ?? '') === '') errors.required('metadata.name', 'name or generateName is required');
  else errors.invalidEach('metadata.name', meta.name, nameRule(meta.name));
  if (namespaced) errors.invalidEach('metadata.namespace', meta.namespace, labelName(meta.namespace ?? ''));
  else if (meta.namespace !== undefined) errors.forbidden('metadata.namespace', 'not allowed on this type');
  validateLabels(meta.labels, 'metadata.labels', errors);
  validateAnnotations(meta.annotations, errors);
  validateOwners(meta.ownerReferences, errors);
  validateFinalizers(meta.finalizers, errors);
}

const IMMUTABLE_FIELDS = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Checks what a write changed of the metadata. */
export function validateMetadataUpdate(meta: ObjectMeta, before: ObjectMeta, errors: FieldErrors): void {
  if (meta === before) return;
  if (before.deletionTimestamp !== undefined) refuseNewFinalizers(meta, before, errors);
  for (const name of IMMUTABLE_FIELDS) validateImmutable(`metadata.${name}`, meta[name], before[name], errors);
  validateLabels(meta.labels, 'metadata.labels', errors);
  validateAnnotations(meta.annotations, errors);
  validateOwners(meta.ownerReferences, errors);
  validateStandardFinalizers(meta.finalizers, errors);
}

function refuseNewFinalizers(meta: ObjectMeta, before: ObjectMeta, errors: FieldErrors): void {
  const added = (meta.finalizers ?? []).filter((finalizer) => !before.finalizers?.includes(finalizer)).sort();
  if (added.length === 0) return;
  const listed = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`;
  errors.forbidden(
    'metadata.finalizers',
    `no new finalizers can be added if the object is being deleted, found new finalizers ${listed}`,
  );
}

export function validateImmutable(field: string, value: unknown, before: unknown, errors: FieldErrors): void {
  if (!deepEqual(value, before)) errors.invalid(field, value, 'field is immutable');
}

export function validateNonNegative(field: string, value: number | undefined, errors: FieldErrors): void {
  if (value !== undefined && value < 0) errors.invalid(field, value, 'must be greater than or equal to 0');
}
