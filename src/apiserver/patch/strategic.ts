/**
 * Strategic merge patches: lists merge by the key that the API's types name, and directives say more.
 *
 * ```text
 *   $patch: delete | replace      $setElementOrder/ports: [...]     $deleteFromPrimitiveList/finalizers: [...]
 *   $retainKeys: [...]
 * ```
 *
 * Source: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go.
 */
import type { Field, Struct, Type } from '../schema/index.ts';
import { orderElements } from './element-order.ts';
import { isFields, mergePatch } from './merge.ts';

type Fields = Readonly<Record<string, unknown>>;

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_SCALARS = '$deleteFromPrimitiveList/';

export function strategicPatch(target: unknown, patch: unknown, struct: Struct): unknown {
  if (!isFields(patch)) return patch;
  const directive = patch[PATCH];
  if (directive === 'delete') return {};
  if (directive === 'replace') return withoutDirectives(patch);
  const merged: Record<string, unknown> = isFields(target) ? { ...target } : {};
  const retained = patch[RETAIN_KEYS];
  if (Array.isArray(retained))
    for (const name of Object.keys(merged)) if (!retained.includes(name)) delete merged[name];
  for (const name of Object.keys(patch)) {
    if (name.startsWith('$')) applyListDirective(merged, patch, name, struct);
    else if (patch[name] === null) delete merged[name];
    else if (patch[name] !== undefined) merged[name] = patchField(merged[name], patch, name, struct.byName.get(name));
  }
  return merged;
}

function patchField(target: unknown, patch: Fields, name: string, field: Field | undefined): unknown {
  const value = patch[name];
  if (field === undefined) return mergePatch(target, value);
  const { type, mergeKey } = field;
  if (type.is === 'struct') return strategicPatch(target, value, type.struct);
  if (type.is === 'list' && mergeKey !== undefined && Array.isArray(value)) {
    const order = patch[`${ORDER}${name}`];
    return patchList(target, value, type.of, mergeKey, Array.isArray(order) ? order : undefined);
  }
  return type.is === 'map' ? patchMap(target, value) : value;
}

function patchMap(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  if (patch[PATCH] === 'delete') return {};
  return patch[PATCH] === 'replace' ? withoutDirectives(patch) : mergePatch(target, patch);
}

function patchList(
  target: unknown,
  patch: readonly unknown[],
  of: Type,
  mergeKey: string,
  order: readonly unknown[] | undefined,
): readonly unknown[] {
  const server = Array.isArray(target) ? target : [];
  const identity = identityBy(mergeKey);
  if (patch.some((element) => isFields(element) && element[PATCH] === 'replace')) {
    return patch.filter((element) => !isFields(element) || element[PATCH] !== 'replace');
  }
  const deleted = new Set(patch.filter(isDeletion).map(identity));
  const elements = server.filter((element) => !deleted.has(identity(element)));
  const kept = patch.filter((element) => !isDeletion(element));
  for (const element of kept) {
    const i = elements.findIndex((each) => identity(each) === identity(element));
    const merged = of.is === 'struct' ? strategicPatch(elements[i], element, of.struct) : element;
    if (i < 0) elements.push(merged);
    else elements[i] = merged;
  }
  return orderElements(elements, order ?? kept, server, identity);
}

function isDeletion(element: unknown): boolean {
  return isFields(element) && element[PATCH] === 'delete';
}

/** Directives that change a list which the patch itself need not name. */
function applyListDirective(merged: Record<string, unknown>, patch: Fields, directive: string, struct: Struct): void {
  const slash = directive.indexOf('/');
  const name = directive.slice(slash + 1);
  const list = merged[name];
  const values = patch[directive];
  if (slash < 0 || !Array.isArray(list) || !Array.isArray(values)) return;
  if (directive.startsWith(DELETE_SCALARS)) {
    merged[name] = list.filter((element) => !values.includes(element));
  } else if (directive.startsWith(ORDER) && !(name in patch)) {
    merged[name] = orderElements(list, values, list, identityBy(struct.byName.get(name)?.mergeKey ?? ''));
  }
}

/** Elements are the same where their merge key is; scalars where they are equal. */
export function identityBy(mergeKey: string): (element: unknown) => unknown {
  return (element) => (mergeKey !== '' && isFields(element) ? element[mergeKey] : element);
}

function withoutDirectives(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));
}
