/** What is wrong with an object's fields, in the words of k8s.io/apimachinery/pkg/util/validation/field/errors.go. */
import type { StatusCause } from './contract.ts';

/** Collects refusals in the order in which they are found. */
export class FieldErrors {
  readonly causes: StatusCause[] = [];

  get found(): boolean {
    return this.causes.length > 0;
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${shown(value)}: ${detail}`);
  }

  /** One `invalid` for each of the details. */
  invalidEach(field: string, value: unknown, details: readonly string[]): void {
    for (const detail of details) this.invalid(field, value, detail);
  }

  required(field: string, detail = ''): void {
    this.#add('FieldValueRequired', field, withDetail('Required value', detail));
  }

  forbidden(field: string, detail: string): void {
    this.#add('FieldValueForbidden', field, withDetail('Forbidden', detail));
  }

  duplicate(field: string, value: unknown, detail = ''): void {
    this.#add('FieldValueDuplicate', field, withDetail(`Duplicate value: ${shown(value)}`, detail));
  }

  notFound(field: string, value: unknown): void {
    this.#add('FieldValueNotFound', field, `Not found: ${shown(value)}`);
  }

  tooMany(field: string, count: number, most: number): void {
    this.#add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${most} items`);
  }

  tooLong(field: string, mostBytes: number): void {
    this.#add('FieldValueTooLong', field, `Too long: may not be more than ${mostBytes} bytes`);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const values = supported.map((text) => JSON.stringify(text)).join(', ');
    this.#add('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}: supported values: ${values}`);
  }

  #add(reason: string, field: string, message: string): void {
    this.causes.push({ reason, message, field });
  }
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value ?? null);
}
