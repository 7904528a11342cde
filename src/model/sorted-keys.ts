/** A plain value with the fields of its records in the order of their names: equal values become equal JSON. */
export function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withSortedKeys);
  // Without a prototype: `__proto__` is a name like any other.
  const sorted: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value).sort()) sorted[name] = withSortedKeys(value[name as never]);
  return sorted;
}
