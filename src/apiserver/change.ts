/** What a write may change of an object, by the part of it that is written. */
import type { KubernetesObject } from '../model/index.ts';
import { FieldErrors } from './field-errors.ts';
import { validateMetadataUpdate } from './metadata.ts';
import { refused } from './status.ts';
import { strategyOf } from './strategies.ts';

/** The object itself, or one of its subresources. */
export type Part = 'main' | 'status' | 'finalize';

export const NO_SUCH_RESOURCE = refused({
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
  details: {},
});

/** Takes back what the part of the object that is written may not change; undefined where the kind has no such part. */
export function prepare(part: Part, object: KubernetesObject, before: KubernetesObject): KubernetesObject | undefined {
  const strategy = strategyOf(object.kind);
  switch (part) {
    case 'main':
      return strategy.prepareForUpdate?.(object, before) ?? object;
    case 'status':
      return strategy.prepareForStatusUpdate?.(object, before);
    case 'finalize':
      return object.kind === 'Namespace' && before.kind === 'Namespace'
        ? { ...object, status: before.status }
        : undefined;
    default:
      return part satisfies never;
  }
}

/** Every refusal of the change: of the metadata first, then the kind's own. */
export function validateChange(part: Part, object: KubernetesObject, before: KubernetesObject): FieldErrors {
  const strategy = strategyOf(object.kind);
  const errors = new FieldErrors();
  validateMetadataUpdate(object.metadata, before.metadata, errors);
  // The generic layer asks, and each kind asks again: what is wrong with the metadata is listed twice.
  if (errors.found) validateMetadataUpdate(object.metadata, before.metadata, errors);
  if (part === 'main') strategy.validateUpdate(object, before, errors);
  if (part === 'status') strategy.validateStatusUpdate?.(object, before, errors);
  return errors;
}
