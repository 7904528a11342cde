/** Freezes a plain value and all that it holds. Parts that are frozen already are left alone: they are shared. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  // Every object that is written passes here: no list of its values is made.
  for (const key in value) deepFreeze(value[key]);
  return value;
}
