/** Whether two plain values (numbers, texts, lists, objects) hold the same, whatever the order of their fields. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  let fields = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !isEqual(a[key as never], b[key as never])) return false;
    fields++;
  }
  for (const _ in b) fields--;
  return fields === 0;
}
