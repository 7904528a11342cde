/**
 * Reads an object as the API's types say: wrong types are refused in the words of Go's decoder, unknown fields are
 * dropped and told of, nulls and zero values are left out or printed as the apiserver prints them.
 *
 * What equals `before` comes back as `before` itself, part by part: an unchanged object is the same object, a changed one
 * shares all that did not change. A part that already is `before`'s is not read at all. All but the object itself comes back
 * frozen.
 */
import { canonicalQuantity, deepFreeze } from '../model/index.ts';
import { type Field, goTypeName, type Scalar, type Struct, type Type } from './schema/index.ts';

/** What the apiserver says of a text that is no quantity. */
const QUANTITY_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** What was found on the way. */
export interface Findings {
  /** the first wrong type, as Go's decoder words it */
  error: string | undefined;
  /** `spec.ports[0].targetport`, in the order of the document */
  readonly unknownFields: string[];
}

/**
 * Frozen objects and parts that were read before, and what was made of them: a template's pods are sent as one object, a
 * node's addresses come with every status. Only what nothing was found in is kept: a finding must be told of again.
 */
const readParts = new WeakMap<object, { readonly type: Type | Struct; readonly part: unknown }>();

/** Where in the document: the innermost step first. */
interface Place {
  readonly within: Place | undefined;
  readonly step: string | number;
}

type Fields = Record<string, unknown>;

export function decode(struct: Struct, value: unknown, before: object | undefined, findings: Findings): object {
  const canKeep = before === undefined && typeof value === 'object' && value !== null && Object.isFrozen(value);
  const read = canKeep ? readParts.get(value) : undefined;
  if (read?.type === struct) return read.part as object;
  const object = decodeStruct(struct, value, before, undefined, struct, findings) as object;
  const isFine = findings.error === undefined && findings.unknownFields.length === 0;
  if (canKeep && isFine) readParts.set(value, { type: struct, part: Object.freeze(object) });
  return object;
}

function decodeStruct(
  struct: Struct,
  value: unknown,
  before: unknown,
  place: Place | undefined,
  holder: Struct,
  findings: Findings,
): unknown {
  if (value === before && value !== undefined) return value;
  if (!isFields(value)) {
    mismatch(value, { is: 'struct', struct }, place, holder, findings);
    return zeroOf(struct);
  }
  const known = isFields(before) ? before : undefined;
  const fields: Fields = {};
  let latest = -1;
  let isOrdered = true;
  let required = 0;
  let isKnown = known !== undefined;
  for (const name in value) {
    const next = struct.fields[latest + 1];
    const field = next?.name === name ? next : struct.byName.get(name);
    const part = value[name];
    if (field === undefined) {
      findings.unknownFields.push(pathOf({ within: place, step: name }));
      continue;
    }
    if (part === null || part === undefined) continue;
    const was = known?.[name];
    const isDone = part === was || isPlainly(part, field.type);
    const read = isDone ? part : decodeField(field, part, was, { within: place, step: name }, struct, findings);
    const printed = read === undefined ? undefined : printedValue(field, read);
    if (printed === undefined) continue;
    fields[name] = printed;
    if (printed !== was) isKnown = false;
    if (field.index < latest) isOrdered = false;
    latest = field.index;
    if (!field.isOptional) required++;
  }
  // Most clients send a type's fields in their order, and all that must be there.
  const whole = isOrdered && required === struct.required ? fields : emit(struct, fields);
  const shared = isKnown ? sharedMap(whole, known!) : whole;
  return place === undefined ? shared : Object.freeze(shared);
}

/** Whether it is a value of the type with nothing to look into: most fields are texts. */
function isPlainly(value: unknown, type: Type): boolean {
  if (type.is !== 'scalar') return false;
  if (type.scalar === 'string' || type.scalar === 'time') return typeof value === 'string';
  return type.scalar === 'bool' && typeof value === 'boolean';
}

function decodeField(
  field: Field,
  value: unknown,
  before: unknown,
  place: Place,
  holder: Struct,
  findings: Findings,
): unknown {
  if (typeof value !== 'object' || value === null)
    return decodeType(field.type, value, before, place, holder, findings);
  const read = readParts.get(value);
  if (read !== undefined && read.type === field.type) return read.part;
  const { error } = findings;
  const unknown = findings.unknownFields.length;
  const part = decodeType(field.type, value, before, place, holder, findings);
  const isFine = findings.error === error && findings.unknownFields.length === unknown;
  if (isFine && Object.isFrozen(value)) readParts.set(value, { type: field.type, part });
  return part;
}

function decodeType(
  type: Type,
  value: unknown,
  before: unknown,
  place: Place,
  holder: Struct,
  findings: Findings,
): unknown {
  switch (type.is) {
    case 'struct':
      return decodeStruct(type.struct, value ?? {}, before, place, holder, findings);
    case 'list':
      if (!Array.isArray(value)) return mismatch(value, type, place, holder, findings);
      return decodeList(type.of, value, Array.isArray(before) ? before : NOTHING_BEFORE, place, holder, findings);
    case 'map':
      return decodeMap(type.of, value, before, place, holder, findings);
    case 'scalar':
      return decodeScalar(type, value, place, holder, findings);
    default:
      return type satisfies never;
  }
}

const NOTHING_BEFORE: readonly unknown[] = [];

function decodeList(
  of: Type,
  value: readonly unknown[],
  before: readonly unknown[],
  place: Place,
  holder: Struct,
  findings: Findings,
): readonly unknown[] {
  // A copy has room for what it holds; a list that grows has more, and keeps it.
  const list = value.slice();
  let isShared = value.length === before.length;
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    const was = before[i];
    const isDone = (item === was && item !== undefined) || isPlainly(item, of);
    const part = isDone ? item : decodeType(of, item, was, { within: place, step: i }, holder, findings);
    if (part !== was) isShared = false;
    if (part !== item) list[i] = part;
  }
  return isShared && before !== NOTHING_BEFORE ? before : Object.freeze(list);
}

function decodeMap(
  of: Type,
  value: unknown,
  before: unknown,
  place: Place,
  holder: Struct,
  findings: Findings,
): unknown {
  if (!isFields(value)) return mismatch(value, { is: 'map', of }, place, holder, findings);
  const map: Fields = {};
  for (const key in value) {
    const part = value[key] ?? ZERO[of.is === 'scalar' ? of.scalar : 'any'];
    map[key] = decodeType(of, part, undefined, place, holder, findings);
  }
  return Object.freeze(isFields(before) ? sharedMap(map, before) : map);
}

function decodeScalar(
  type: Type & { readonly is: 'scalar' },
  value: unknown,
  place: Place,
  holder: Struct,
  findings: Findings,
): unknown {
  switch (type.scalar) {
    case 'any':
      return deepFreeze(value);
    case 'string':
    case 'time':
      return typeof value === 'string' ? value : mismatch(value, type, place, holder, findings);
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(value, type, place, holder, findings);
    case 'intOrString':
      if (typeof value === 'string') return value;
      return isInteger(value, 'int32') ? value : mismatch(value, type, place, holder, findings);
    case 'int32':
    case 'int64':
      return isInteger(value, type.scalar) ? value : mismatch(value, type, place, holder, findings);
    case 'quantity':
      return decodeQuantity(value, findings);
    case 'bytes':
      return decodeBytes(value, type, place, holder, findings);
    default:
      return type.scalar satisfies never;
  }
}

function isInteger(value: unknown, scalar: 'int32' | 'int64'): boolean {
  if (!Number.isInteger(value)) return false;
  return scalar === 'int64' || (value as number) === ((value as number) | 0);
}

function decodeQuantity(value: unknown, findings: Findings): unknown {
  const text = typeof value === 'number' ? String(value) : value;
  const canonical = typeof text === 'string' ? canonicalQuantity(text) : undefined;
  if (canonical === undefined) findings.error ??= QUANTITY_ERROR;
  return canonical ?? '0';
}

function decodeBytes(value: unknown, type: Type, place: Place, holder: Struct, findings: Findings): unknown {
  if (typeof value !== 'string') return mismatch(value, type, place, holder, findings);
  const valid = /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0;
  const at = value.search(/[^A-Za-z0-9+/]/);
  if (!valid) findings.error ??= `illegal base64 data at input byte ${at < 0 ? value.length : at}`;
  return value;
}

/** Notes a wrong type and gives what Go leaves in the field: nothing. */
function mismatch(value: unknown, type: Type, place: Place | undefined, holder: Struct, findings: Findings): undefined {
  const found = `json: cannot unmarshal ${jsonTypeOf(value, type)}`;
  findings.error ??=
    place === undefined
      ? `${found} into Go value of type ${goTypeName(type)}`
      : `${found} into Go struct field ${holder.name}.${namesOf(place)} of type ${goTypeName(type)}`;
  return undefined;
}

function jsonTypeOf(value: unknown, type: Type): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return typeof value;
  const wantsNumber = type.is === 'scalar' && ['int32', 'int64', 'intOrString'].includes(type.scalar);
  return wantsNumber ? `number ${value}` : 'number';
}

/** What is there in the order of the type's fields, and what is printed of those that are not there. */
function emit(struct: Struct, found: Fields): Fields {
  const fields: Fields = {};
  for (const field of struct.fields) {
    const printed = found[field.name] ?? absent(field);
    if (printed !== undefined) fields[field.name] = printed;
  }
  return fields;
}

/** A field's value as it is printed; undefined where it is zero and left out. */
function printedValue(field: Field, value: unknown): unknown {
  if (field.pointer) return value;
  if (field.type.is === 'struct') return field.omitZero && isEmpty(value) ? undefined : value;
  if (!isZero(value)) return value;
  return field.always ? absent(field) : undefined;
}

function absent(field: Field): unknown {
  if (field.pointer) return field.always ? null : undefined;
  if (field.type.is === 'struct') return field.omitZero ? undefined : zeroOf(field.type.struct);
  if (!field.always) return undefined;
  return field.type.is === 'scalar' ? ZERO[field.type.scalar] : null;
}

const ZERO: { readonly [S in Scalar]: unknown } = {
  string: '',
  int32: 0,
  int64: 0,
  bool: false,
  quantity: '0',
  time: null,
  bytes: null,
  intOrString: 0,
  any: null,
};

const zeros = new WeakMap<Struct, Fields>();

/** A type's zero value, one frozen object for all that need it. */
function zeroOf(struct: Struct): Fields {
  let zero = zeros.get(struct);
  if (zero === undefined) {
    zero = Object.freeze(emit(struct, {}));
    zeros.set(struct, zero);
  }
  return zero;
}

function isZero(value: unknown): boolean {
  if (typeof value === 'string') return value.length === 0;
  if (value === 0 || value === false) return true;
  return Array.isArray(value) ? value.length === 0 : typeof value === 'object' && isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  for (const _ in value as object) return false;
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `before` in place of what is the same. */
function sharedMap(map: Fields, before: Fields): Fields {
  let count = 0;
  for (const key in map) {
    if (map[key] !== before[key]) return map;
    count++;
  }
  for (const _ in before) count--;
  return count === 0 ? before : map;
}

/** `spec.ports[0].port` */
function pathOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const outer = pathOf(place.within);
  if (typeof place.step === 'number') return `${outer}[${place.step}]`;
  return outer === '' ? place.step : `${outer}.${place.step}`;
}

/** `spec.ports.port` */
function namesOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const outer = namesOf(place.within);
  if (typeof place.step === 'number') return outer;
  return outer === '' ? place.step : `${outer}.${place.step}`;
}
