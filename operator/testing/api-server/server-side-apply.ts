type Fields = { [name: string]: unknown };

/**
 * Server-side apply on plain objects, for tests: what a manager applied before and does not apply now is removed, the
 * rest is merged; lists are atomic. The real server merges some lists by key as well.
 *
 * @param before what this manager applied last
 */
export function applyFields(current: Fields, before: Fields, next: Fields): Fields {
  const result = structuredClone(current);
  remove(result, before, next);
  merge(result, next);
  return result;
}

/** Paths where `next` would change what one of `others` has applied. */
export function conflicts(others: Fields[], next: Fields, path = ''): string[] {
  return Object.entries(next).flatMap(([name, value]) => {
    const owners = others.filter((other) => name in other).map((other) => other[name]);
    if (isFields(value)) return conflicts(owners.filter(isFields), value, `${path}.${name}`);
    const differs = owners.some((owned) => JSON.stringify(owned) !== JSON.stringify(value));
    return differs ? [`${path}.${name}`] : [];
  });
}

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function remove(target: Fields, before: Fields, next: Fields): void {
  for (const [name, value] of Object.entries(before)) {
    const inner = target[name];
    if (!(name in next)) {
      if (isFields(value) && isFields(inner)) remove(inner, value, {});
      else delete target[name];
      if (isFields(inner) && Object.keys(inner).length === 0) delete target[name];
    } else if (isFields(value) && isFields(inner) && isFields(next[name])) {
      remove(inner, value, next[name]);
    }
  }
}

function merge(target: Fields, next: Fields): void {
  for (const [name, value] of Object.entries(next)) {
    const inner = target[name];
    if (isFields(value) && isFields(inner)) merge(inner, value);
    else target[name] = structuredClone(value);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
