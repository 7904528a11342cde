/**
 * What `kubectl apply` leaves of an object: what the new manifest says, less what the last one said and this one does not,
 * and all else as it is. Source: k8s.io/apimachinery/pkg/util/strategicpatch `CreateThreeWayMergePatch`.
 */
import type { Struct, Type } from '../schema/index.ts';
import { orderElements } from './element-order.ts';
import { isFields } from './merge.ts';
import { identityBy } from './strategic.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `last` is the manifest applied before, `manifest` the new one, `live` the object as it is. */
export function threeWayMerge(last: unknown, manifest: Fields, live: Fields, struct: Struct | undefined): Fields {
  const before = isFields(last) ? last : {};
  const merged: Record<string, unknown> = { ...live };
  for (const name of Object.keys(before)) if (!(name in manifest)) delete merged[name];
  for (const name of Object.keys(manifest)) {
    const value = manifest[name];
    const field = struct?.byName.get(name);
    if (value === null || value === undefined) delete merged[name];
    else merged[name] = mergeValue(before[name], value, live[name], field?.type, field?.mergeKey);
  }
  return merged;
}

function mergeValue(
  last: unknown,
  value: unknown,
  live: unknown,
  type: Type | undefined,
  mergeKey: string | undefined,
): unknown {
  if (isFields(value)) {
    return threeWayMerge(last, value, isFields(live) ? live : {}, type?.is === 'struct' ? type.struct : undefined);
  }
  if (Array.isArray(value) && mergeKey !== undefined && type?.is === 'list') {
    return mergeList(Array.isArray(last) ? last : [], value, Array.isArray(live) ? live : [], type.of, mergeKey);
  }
  return value;
}

function mergeList(
  last: readonly unknown[],
  manifest: readonly unknown[],
  live: readonly unknown[],
  of: Type,
  mergeKey: string,
): readonly unknown[] {
  const identity = identityBy(mergeKey);
  const named = new Map(manifest.map((element) => [identity(element), element]));
  const previous = new Map(last.map((element) => [identity(element), element]));
  const current = new Map(live.map((element) => [identity(element), element]));
  const merged = manifest.map((element) => {
    const key = identity(element);
    return mergeValue(previous.get(key), element, current.get(key), of, undefined);
  });
  const others = live.filter((element) => !named.has(identity(element)) && !previous.has(identity(element)));
  return orderElements([...merged, ...others], manifest, live, identity);
}
