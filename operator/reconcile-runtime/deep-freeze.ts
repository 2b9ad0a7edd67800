/**
 * Freezes a JSON value and everything in it: whoever tries to change a cached object fails at once instead of
 * surprising all other readers.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
