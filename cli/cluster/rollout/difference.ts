type Fields = { [name: string]: unknown };

/**
 * The JSON merge patch (RFC 7396) that makes `before` equal to `after`, including the fields that `after` lacks.
 *
 * ```ts
 * difference({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 4 } }); // { a: null, b: { c: 4, d: null } }
 * ```
 */
export function difference(before: Fields, after: Fields): Fields {
  const patch: Fields = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (isFields(old) && isFields(value)) {
      const inner = difference(old, value);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(value)) {
      patch[name] = value;
    }
  }
  return patch;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
