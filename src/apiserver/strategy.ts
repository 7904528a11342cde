/**
 * What a kind adds to the way that every object goes (apiserver.ts). In the manner of the strategies of
 * k8s.io/apiserver/pkg/registry/rest. Objects that are passed in are this request's own at the top; their parts may be
 * shared and frozen, so a strategy returns a new object where it changes something.
 */
import { type Kind, type ObjectOf, withFields } from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import type { NameRule } from './metadata.ts';

export interface Strategy<K extends Kind> {
  readonly nameRule: NameRule;
  /** what the API fills in wherever a client's object is read */
  applyDefaults?(object: ObjectOf<K>, before: ObjectOf<K> | undefined): ObjectOf<K>;
  prepareForCreate?(object: ObjectOf<K>): ObjectOf<K>;
  /** takes back what a write of the main resource may not change: the status, and sets the generation */
  prepareForUpdate?(object: ObjectOf<K>, before: ObjectOf<K>): ObjectOf<K>;
  /** takes back what a write of /status may not change; absent where the kind has no /status */
  prepareForStatusUpdate?(object: ObjectOf<K>, before: ObjectOf<K>): ObjectOf<K>;
  /** all but the metadata, of a new object */
  validate(object: ObjectOf<K>, errors: FieldErrors): void;
  /** all but the metadata, of a changed one */
  validateUpdate(object: ObjectOf<K>, before: ObjectOf<K>, errors: FieldErrors): void;
  validateStatusUpdate?(object: ObjectOf<K>, before: ObjectOf<K>, errors: FieldErrors): void;
  warnings?(object: ObjectOf<K>, before: ObjectOf<K> | undefined): readonly string[];
  /** whether a PUT of what does not exist creates it */
  readonly createsOnUpdate?: boolean;
}

/** The object with its generation one higher where `changed`. */
export function withGeneration<T extends { readonly metadata: { readonly generation?: number } }>(
  object: T,
  before: T,
  changed: boolean,
): T {
  if (!changed) return object;
  const generation = (before.metadata.generation ?? 0) + 1;
  return { ...object, metadata: withFields(object.metadata, { generation }) };
}
