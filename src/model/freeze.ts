/**
 * A plain value and all that it holds, frozen. Parts that are frozen already are left alone: they are shared. So are those
 * of `known`, a frozen value in whose place this one comes: they are not even looked at.
 *
 * Lists are frozen where they are, and records are written anew, field by field. V8 gives a record that was made by a spread
 * a layout of its own once it is frozen: thousands of objects with as many layouts made every reader of them slow.
 */
export function deepFreeze<T>(value: T, known?: unknown): T {
  if (typeof value !== 'object' || value === null || value === known || Object.isFrozen(value)) return value;
  if (!Array.isArray(value)) return Object.freeze(copyWithFrozenParts(value, known));
  const before = Array.isArray(known) ? known : NOTHING_KNOWN;
  for (let i = 0; i < value.length; i++) if (value[i] !== before[i]) value[i] = deepFreeze(value[i], before[i]);
  return Object.freeze(value);
}

const NOTHING_KNOWN: readonly unknown[] = [];

/** Freezes what a record holds, and leaves the record itself as it is. */
export function freezeParts<T extends object>(value: T, known?: Partial<T>): void {
  for (const key in value) {
    const part = value[key];
    if (typeof part === 'object' && part !== null && part !== known?.[key]) value[key] = deepFreeze(part, known?.[key]);
  }
}

/** A record's copy that can be changed, with a layout that all copies of its shape share; see `deepFreeze`. */
export function copyOf<T extends object>(value: T): T {
  const copy = {} as T;
  for (const key in value) copy[key] = value[key];
  return copy;
}

function copyWithFrozenParts<T extends object>(value: T, known: unknown): T {
  const before = typeof known === 'object' && known !== null ? (known as Partial<T>) : undefined;
  const copy = {} as T;
  // Every object that is written passes here: no list of its values is made.
  for (const key in value) {
    const part = value[key];
    const isLeft = typeof part !== 'object' || part === null || part === before?.[key];
    copy[key] = isLeft ? part : deepFreeze(part, before?.[key]);
  }
  return copy;
}
