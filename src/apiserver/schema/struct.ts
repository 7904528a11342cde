/**
 * The API's types as data: what a decoder, a patch and a printer need to know of them.
 *
 * ```text
 *   ServicePort name protocol appProtocol* port!:int32 nodePort:int32       a type and its fields; the next lines indented
 *
 *   name            a string              f:int32[]   a list            f*   a pointer: its zero value is kept
 *   f:ServiceSpec   another type          f:string{}  a map of strings  f!   printed when zero, f*! printed as null
 *   f:T[]@key       a list that strategic patches merge by `key` (`@` alone: a set)       f?   left out when empty
 *   f:T=            a strategic patch may name the keys to retain ($retainKeys)
 * ```
 */
export type Scalar = 'string' | 'int32' | 'int64' | 'bool' | 'quantity' | 'time' | 'bytes' | 'intOrString' | 'any';

export type Type =
  | { readonly is: 'scalar'; readonly scalar: Scalar }
  | { readonly is: 'list'; readonly of: Type }
  | { readonly is: 'map'; readonly of: Type }
  | { readonly is: 'struct'; readonly struct: Struct };

export interface Field {
  readonly name: string;
  readonly index: number;
  readonly type: Type;
  /** printed even when it is zero */
  readonly always: boolean;
  readonly pointer: boolean;
  /** a struct that is left out when it is empty */
  readonly omitZero: boolean;
  /** not printed at all where nothing is there */
  readonly isOptional: boolean;
  /** how a strategic patch finds an element: a field's name, or '' where elements are scalars */
  readonly mergeKey: string | undefined;
}

export interface Struct {
  /** the Go type's name, as error texts print it */
  readonly name: string;
  readonly fields: readonly Field[];
  /** how many of the fields are printed whatever is in them */
  readonly required: number;
  readonly byName: ReadonlyMap<string, Field>;
}

const SCALARS: ReadonlySet<string> = new Set<Scalar>([
  'string',
  'int32',
  'int64',
  'bool',
  'quantity',
  'time',
  'bytes',
  'intOrString',
  'any',
]);

const FIELD = /^(\w+)(\*?)(!?)(\??)(?::(\w+)([[\]{}]*))?(?:@(\w*))?(=?)$/;

interface GrowingStruct extends Struct {
  readonly fields: Field[];
  required: number;
  readonly byName: Map<string, Field>;
}

/** Reads the notation above. Throws where it names a type that nothing declares: that is a mistake in these files. */
export function parseStructs(notation: string): ReadonlyMap<string, Struct> {
  const declarations = notation
    .replace(/\n +/g, ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(' '));
  const structs = new Map<string, GrowingStruct>();
  for (const [name] of declarations) structs.set(name!, { name: name!, fields: [], required: 0, byName: new Map() });
  for (const [name, ...fields] of declarations) {
    const struct = structs.get(name!)!;
    for (const text of fields) {
      const field = parseField(text, struct.fields.length, structs);
      struct.fields.push(field);
      if (!field.isOptional) struct.required++;
      struct.byName.set(field.name, field);
    }
  }
  return structs;
}

function parseField(text: string, index: number, structs: ReadonlyMap<string, Struct>): Field {
  const match = FIELD.exec(text);
  if (match === null) throw new Error(`not a field: ${text}`);
  const [, name, pointer, always, omitZero, typeName = 'string', shape = '', mergeKey] = match;
  let type = namedType(typeName, structs);
  for (let i = 0; i < shape.length; i += 2) type = { is: shape[i] === '[' ? 'list' : 'map', of: type };
  return {
    name: name!,
    index,
    type,
    always: always === '!',
    pointer: pointer === '*',
    omitZero: omitZero === '?',
    isOptional: always === '' && (type.is !== 'struct' || pointer === '*' || omitZero === '?'),
    mergeKey,
  };
}

function namedType(name: string, structs: ReadonlyMap<string, Struct>): Type {
  if (SCALARS.has(name)) return { is: 'scalar', scalar: name as Scalar };
  const struct = structs.get(name);
  if (struct === undefined) throw new Error(`no such type: ${name}`);
  return { is: 'struct', struct };
}

/** The type as Go's decoder names it: `[]v1.ServicePort`, `map[string]string`, `int32`. */
export function goTypeName(type: Type): string {
  switch (type.is) {
    case 'list':
      return `[]${goTypeName(type.of)}`;
    case 'map':
      return `map[string]${goTypeName(type.of)}`;
    case 'struct':
      return `v1.${type.struct.name}`;
    case 'scalar':
      return GO_SCALARS[type.scalar];
    default:
      return type satisfies never;
  }
}

const GO_SCALARS: { readonly [S in Scalar]: string } = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  bool: 'bool',
  quantity: 'resource.Quantity',
  time: 'string',
  bytes: '[]uint8',
  intOrString: 'int32',
  any: 'interface {}',
};
