/** Events. Source: kubernetes pkg/apis/core/validation/events.go. */
import type { Event } from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { subdomainName } from './names.ts';
import type { Strategy } from './strategy.ts';

export const EVENT_STRATEGY: Strategy<'Event'> = {
  nameRule: subdomainName,
  validate,
  validateUpdate: (event, _before, errors) => validate(event, errors),
};

/** An event lies in its object's namespace; one about an object that has none lies in default. */
function validate({ involvedObject, metadata }: Event, errors: FieldErrors): void {
  const expected = involvedObject.namespace ?? 'default';
  if (metadata.namespace !== expected)
    errors.invalid('involvedObject.namespace', involvedObject.namespace ?? '', 'does not match event.namespace');
}
