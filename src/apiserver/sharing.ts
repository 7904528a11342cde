/** Deep equality that keeps what is equal: an unchanged part of a new value becomes the old value's own part. */

type Fields = Record<string, unknown>;

/** `after`, with every part that equals `before`'s replaced by it; `before` itself where nothing differs. */
export function share<T>(after: T, before: unknown): T {
  if (Object.is(after, before)) return after;
  if (typeof after !== 'object' || after === null || typeof before !== 'object' || before === null) return after;
  if (Array.isArray(after) !== Array.isArray(before)) return after;
  const parts = Array.isArray(after)
    ? shareList(after, before as unknown[])
    : shareFields(after as Fields, before as Fields);
  return parts as T;
}

export function deepEqual(a: unknown, b: unknown): boolean {
  return share(a, b) === b;
}

function shareList(after: readonly unknown[], before: readonly unknown[]): readonly unknown[] {
  let list: unknown[] | undefined;
  let same = after.length === before.length;
  for (let i = 0; i < after.length; i++) {
    const part = i < before.length ? share(after[i], before[i]) : after[i];
    if (i >= before.length || !Object.is(part, before[i])) same = false;
    if (list === undefined && !Object.is(part, after[i])) list = after.slice();
    if (list !== undefined) list[i] = part;
  }
  return same ? before : (list ?? after);
}

function shareFields(after: Fields, before: Fields): Fields {
  let fields: Fields | undefined;
  let same = true;
  let extra = 0;
  for (const name in after) {
    const value = after[name];
    const was = before[name];
    extra--;
    if (value === was && value !== undefined) continue;
    const part = typeof value === 'object' ? share(value, was) : value;
    if (same && (!Object.is(part, was) || !(name in before))) same = false;
    if (fields === undefined && part !== value) fields = { ...after };
    if (fields !== undefined) fields[name] = part;
  }
  if (same) for (const _ in before) extra++;
  return same && extra === 0 ? before : (fields ?? after);
}
