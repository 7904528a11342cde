/** A plain value with the fields of its records in the order of their names: equal values become equal JSON. */
export function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withSortedKeys);
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    const part = withSortedKeys(value[name as never]);
    // The one name that an assignment does not add. A record without a prototype would take it, and be written out slowly.
    if (name === '__proto__') Object.defineProperty(sorted, name, { value: part, enumerable: true });
    else sorted[name] = part;
  }
  return sorted;
}
