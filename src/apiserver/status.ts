/** Refusals, as k8s.io/apimachinery/pkg/api/errors builds them. */
import { KIND_INFO, type Kind } from '../model/index.ts';
import type { Outcome, StatusError } from './contract.ts';
import type { FieldErrors } from './field-errors.ts';

export type Refused = Extract<Outcome<never>, { readonly ok: false }>;

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function refused(status: StatusError): Refused {
  return { ok: false, status };
}

/** `deployments.apps "w"`; the group is left out where it is empty */
function resourceName(kind: Kind, name: string): string {
  return `${qualified(KIND_INFO[kind].plural, KIND_INFO[kind].group)} ${JSON.stringify(name)}`;
}

function qualified(name: string, group: string): string {
  return group === '' ? name : `${name}.${group}`;
}

function resourceDetails(kind: Kind, name: string): { name: string; group?: string; kind: string } {
  const { group, plural } = KIND_INFO[kind];
  return group === '' ? { name, kind: plural } : { name, group, kind: plural };
}

export function notFound(kind: Kind, name: string): Refused {
  const message = `${resourceName(kind, name)} not found`;
  return refused({ code: 404, reason: 'NotFound', message, details: resourceDetails(kind, name) });
}

export function alreadyExists(kind: Kind, name: string, prefix = ''): Refused {
  const message = `${prefix}${resourceName(kind, name)} already exists`;
  return refused({ code: 409, reason: 'AlreadyExists', message, details: resourceDetails(kind, name) });
}

export function conflict(kind: Kind, name: string, why = MODIFIED): Refused {
  const message = `Operation cannot be fulfilled on ${resourceName(kind, name)}: ${why}`;
  return refused({ code: 409, reason: 'Conflict', message, details: resourceDetails(kind, name) });
}

/** A conflict that names the kind in place of the resource: preconditions of a delete (apiserver/pkg/registry/rest/delete.go). */
export function deleteConflict(kind: Kind, name: string, why: string): Refused {
  const { group } = KIND_INFO[kind];
  const message = `Operation cannot be fulfilled on ${qualified(kind, group)} ${JSON.stringify(name)}: ${why}`;
  const details = group === '' ? { name, kind } : { name, group, kind };
  return refused({ code: 409, reason: 'Conflict', message, details });
}

export function forbidden(kind: Kind, name: string, why: string, causes?: StatusError['details']): Refused {
  const message = `${resourceName(kind, name)} is forbidden: ${why}`;
  const details = { ...resourceDetails(kind, name), ...causes };
  return refused({ code: 403, reason: 'Forbidden', message, details });
}

export function badRequest(message: string): Refused {
  return refused({ code: 400, reason: 'BadRequest', message });
}

export function internalError(why: string): Refused {
  const causes = [{ reason: '', message: why, field: '' }];
  return refused({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${why}`,
    details: { causes },
  });
}

/** 422 with every cause. The message names each text once, a single one bare and several in brackets. */
export function invalid(kind: Kind, name: string, errors: FieldErrors): Refused {
  return invalidObject(kind, KIND_INFO[kind].group, name, errors);
}

/** As `invalid`, for what is no kind of the store: `Scale.autoscaling`. */
export function invalidObject(kind: string, group: string, name: string, errors: FieldErrors): Refused {
  const texts = [...new Set(errors.causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  const message = `${qualified(kind, group)} ${JSON.stringify(name)} is invalid: ${list}`;
  const named = { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind };
  return refused({ code: 422, reason: 'Invalid', message, details: { ...named, causes: errors.causes } });
}
