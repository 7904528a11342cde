/**
 * Freezes a plain value and all that it holds. Parts that are frozen already are left alone: they are shared. So are those
 * of `known`, a frozen value in whose place this one comes: they are not even looked at.
 */
export function deepFreeze<T>(value: T, known?: unknown): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  const before = typeof known === 'object' && known !== null ? (known as Partial<T>) : undefined;
  // Every object that is written passes here: no list of its values is made.
  for (const key in value) {
    const part = value[key];
    if (typeof part === 'object' && part !== null && part !== before?.[key]) deepFreeze(part, before?.[key]);
  }
  return value;
}
