/** JSON merge patch (RFC 7386). Parts that the patch does not name are shared with the target. */
import { copyOf } from '../../model/index.ts';

type Fields = Readonly<Record<string, unknown>>;

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = isFields(target) ? copyOf(target) : {};
  for (const name in patch) {
    const value = patch[name];
    if (value === undefined) continue;
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
